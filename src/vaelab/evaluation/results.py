"""The numbers of one evaluation, and how they are shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from vaelab import notebook
from vaelab.errors import InputError
from vaelab.evaluation.metric import MetricValue
from vaelab.formatting import note_mark, number, numbered_notes, text_table, unit_label
from vaelab.runs import PER_IMAGE, REPLICATES


class Results(dict[str, MetricValue]):
    """Numbers by name; shows itself as a table.

    Attributes:
        left_out: metrics and numbers that are not available, each with the reason.
        failures: the errors of metrics that failed; their reasons are in `left_out`.
    """

    def __init__(
        self,
        values: Mapping[str, MetricValue] | None = None,
        left_out: Mapping[str, str] | None = None,
        failures: Mapping[str, Exception] | None = None,
    ) -> None:
        super().__init__(values or {})
        self.left_out = dict(left_out or {})
        self.failures = dict(failures or {})

    @property
    def details(self) -> dict[str, Any]:
        """Results that are larger than a number, such as confusion matrices."""
        return {name: each for value in self.values() for name, each in value.details.items()}

    @property
    def values_behind(self) -> dict[str, Tensor]:
        """The values of each image or bootstrap draw, by their names in evaluation.safetensors."""
        found = {
            **{f"{PER_IMAGE}{name}": value.per_image for name, value in self.items()},
            **{f"{REPLICATES}{name}": value.replicates for name, value in self.items()},
        }
        return {name: values for name, values in found.items() if values is not None}

    def to_json(self) -> dict[str, Any]:
        """Metrics, details and what was left out, as in evaluation.json."""
        return {
            "metrics": {name: value.to_json() for name, value in self.items()},
            "details": self.details,
            "left_out": self.left_out,
        }

    def to_frame(self) -> Any:
        """A pandas.DataFrame with a row per number and a column per field.

        Raises:
            InputError: if pandas is not installed.
        """
        records = [{"metric": name, **value.to_json()} for name, value in self.items()]
        return data_frame(records, "metric")

    def __repr__(self) -> str:
        table = text_table([("", *row) for row in self._rows()], "llrlrrl")
        notes = [f"  {line}" for line in (self._basis(), *self._notes())]
        return "\n".join([table, *notes])

    def _repr_html_(self) -> str:
        head, *rows = self._rows()
        notes = [notebook.paragraph(line) for line in self._notes()]
        table = notebook.table(head, rows, "lrlrrl")
        return notebook.block("", table, *notes, note=self._basis())

    @property
    def _caveats(self) -> list[str]:
        return list(dict.fromkeys(value.caveat for value in self.values() if value.caveat))

    def _notes(self) -> list[str]:
        """The caveats, and what was left out."""
        omissions = [f"left out: {name}, {reason}" for name, reason in self.left_out.items()]
        return [*numbered_notes(self._caveats), *omissions]

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("", "value", "", "floor", "baseline", "")]
        for name, result in self.items():
            value, error, floor, baseline = (
                number(each, result.unit)
                for each in (result.value, result.standard_error, result.floor, result.baseline)
            )
            spread = f"± {error}" if error else ""
            spread += note_mark(result.caveat, self._caveats)
            rows.append((name, value, spread, floor, baseline, unit_label(result.unit)))
        return rows

    def _basis(self) -> str:
        """The numbers of images and the seed."""
        if not self:
            return "nothing was measured"
        counts = sorted({result.count for result in self.values()})
        seed = next(iter(self.values())).seed
        images = "image" if counts == [1] else "images"
        return f"on {', '.join(map('{:,}'.format, counts))} {images}, seed {seed}"


def data_frame(records: Sequence[Mapping[str, Any]], index: str) -> Any:
    """A pandas.DataFrame with a row per record, named by the field `index`.

    Raises:
        InputError: if pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise InputError("to_frame needs pandas; install it with pip install pandas") from None
    return pd.DataFrame(list(records)).set_index(index)
