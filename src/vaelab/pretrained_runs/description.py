"""What a pretrained run is, from its stored files."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vaelab.documents import read_json
from vaelab.formatting import number, unit_label
from vaelab.pretrained_runs.folders import CONFIG, PREFIX, RECORD, packaged, size_bytes

# The stored numbers that a list of runs shows, with the heads of their columns.
HEADLINES = {
    "negative_elbo": "negative ELBO",
    "negative_log_likelihood": "NLL",
    "exemplar_negative_log_likelihood": "NLL, exemplar protocol",
    "bits_per_dim": "bits per dimension",
    "fid_proxy": "FID proxy",
    "conditional_accuracy": "conditional accuracy",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PretrainedRun:
    """A pretrained run in a list.

    Attributes:
        name: without the prefix.
        preset: that its settings start from.
        parameter_count: trained numbers.
        size_bytes: of its files in the package.
        metrics: the stored numbers of `HEADLINES` that it has, each as in evaluation.json.
    """

    name: str
    preset: str
    parameter_count: int
    size_bytes: int
    metrics: dict[str, dict[str, Any]]

    def row(self) -> dict[str, str]:
        """Its facts and numbers with their units, by column."""
        numbers = {
            HEADLINES[name]: f"{number(each['value'], each['unit'])} {unit_label(each['unit'])}"
            for name, each in self.metrics.items()
        }
        return {
            "name": f"{PREFIX}{self.name}",
            "preset": self.preset,
            "parameters": f"{self.parameter_count:,}",
            "size": f"{self.size_bytes / 1e6:.1f} MB",
            **numbers,
        }


def table_of(runs: Iterable[PretrainedRun]) -> tuple[list[str], list[list[str]]]:
    """Heads of columns, and a row for each run; a run without a number has an empty cell."""
    rows = [run.row() for run in runs]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return columns, [[row.get(column, "") for column in columns] for row in rows]


def describe(name: str) -> PretrainedRun:
    """A pretrained run as its stored files describe it.

    Raises:
        InputError: if there is none of that name.
    """
    folder = packaged(name)
    stored = read_json(folder / "evaluation.json")["metrics"]
    return PretrainedRun(
        name=name,
        preset=read_json(folder / CONFIG)["preset"],
        parameter_count=read_json(folder / RECORD)["parameter_count"],
        size_bytes=size_bytes(folder),
        metrics={each: stored[each] for each in HEADLINES if each in stored},
    )
