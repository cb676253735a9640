"""The rows of comparison tables: runs, samples, and means over seeds."""

from dataclasses import dataclass
from typing import Any

from vaelab.comparison.differences import StoredNumber
from vaelab.comparison.groups import Evaluated
from vaelab.errors import InputError
from vaelab.evaluation.stored_samples import StoredSamples
from vaelab.preset_changes import preset_label
from vaelab.runs import values_fingerprint


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Row:
    """One run, one set of samples, or runs that differ in the seed only.

    Attributes:
        name: of the run.
        preset: that it is made from, see `preset_label`; `samples` for samples without a model.
        data: the name of its data set.
        metrics: by name, as stored in evaluation.json; of several seeds as in `mean_result`.
        folder: of the run or of the samples; None for several seeds.
        values_fingerprint: of the file of values that belongs to `metrics`; empty if there is none.
        members: the rows of the single seeds; empty for one run.
    """

    name: str
    preset: str
    data: str
    metrics: dict[str, dict[str, Any]]
    folder: Evaluated | None = None
    values_fingerprint: str = ""
    members: tuple["Row", ...] = ()

    def value(self, metric: str) -> float | None:
        """The metric's value, or None where the run has none."""
        return self.metrics[metric]["value"] if metric in self.metrics else None

    def stored(self, metric: str) -> StoredNumber:
        """The metric, for differences to those of other rows."""
        return StoredNumber(metric, self.metrics[metric], self.folder, self.values_fingerprint)

    def caveat(self, metric: str) -> str:
        """Why the metric's value says little; empty if it does not, or where there is none."""
        return self.metrics.get(metric, {}).get("caveat") or ""

    @property
    def seeds(self) -> list[int]:
        """The seed of each run; empty for samples."""
        rows = self.members or (self,)
        folders = [row.folder for row in rows]
        return [
            folder.config.seed
            for folder in folders
            if folder is not None and not isinstance(folder, StoredSamples)
        ]


def read_row(run: Evaluated) -> Row:
    """The stored evaluation of a run or of samples.

    Raises:
        InputError: if it was not evaluated yet.
    """
    evaluation = run.read_evaluation()
    if "metrics" not in evaluation:
        raise InputError(f"{run.path} was not evaluated yet; run `vaelab evaluate {run.path}`")
    return Row(
        name=run.name,
        preset="samples" if isinstance(run, StoredSamples) else preset_label(run.config),
        data=run.data.name,
        metrics=evaluation["metrics"],
        folder=run,
        values_fingerprint=values_fingerprint(evaluation),
    )
