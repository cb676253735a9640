"""Comparing evaluated runs and samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vaelab.comparison.formats import FORMATS, as_html, as_records, as_text
from vaelab.comparison.groups import Evaluated, comparable
from vaelab.comparison.rows import read_row
from vaelab.comparison.tables import BEST, Table
from vaelab.errors import InputError, entry, note, unknown_name
from vaelab.evaluation.results import data_frame
from vaelab.loaded_run import LoadedRun


@dataclass(frozen=True, slots=True, repr=False)
class ComparedRuns:
    """A comparison; shows itself as text, and as HTML in a notebook.

    Attributes:
        tables: one, or several where not all runs can be compared.
    """

    tables: list[Table]

    def to_frame(self) -> Any:
        """A pandas.DataFrame with a row per run, or per group of runs that differ in the seed only.

        Raises:
            InputError: if pandas is not installed.
        """
        return data_frame(as_records(self.tables), "run")

    def __repr__(self) -> str:
        return as_text(self.tables)

    def _repr_html_(self) -> str:
        return as_html(self.tables)


def compare(
    runs: Sequence[Evaluated | LoadedRun],
    columns: Sequence[str] = (),
    *,
    group_seeds: bool = False,
    differences_to: str = "",
) -> ComparedRuns:
    """Compare evaluated runs and samples, in several tables where not all can be compared.

    Args:
        runs: runs, loaded or not, and evaluated samples.
        columns: names of numbers; none: those shown by default that any of the runs has.
        group_seeds: whether runs that differ in the seed only are one row, with the mean and the
            standard deviation over seeds.
        differences_to: the name of a row, or `best` for the best value of each column: the
            difference of every row to it is shown with its standard error. Empty: none are shown.

    Runs whose stored numbers are of other weights than they have now are left out, and noted.

    Raises:
        InputError: on no run, an unknown number or row, or a run that was not evaluated.
    """
    if not runs:
        raise InputError("there is no run to compare")
    folders = _current([each.run if isinstance(each, LoadedRun) else each for each in runs])
    rows = {run.path: read_row(run) for run in folders}
    stored = {name: result for row in rows.values() for name, result in row.metrics.items()}
    for name in columns:
        if name not in stored:
            raise unknown_name("metric of these runs", name, stored)
    headlines = [name for name, result in stored.items() if result.get("is_headline")]
    shown = list(columns) or headlines
    tables = [
        Table([rows[run.path] for run in group.runs], shown, group.reason, differences_to)
        for group in comparable(folders, shown)
    ]
    if group_seeds:
        tables = [table.grouped_over_seeds() for table in tables]
    names = [row.name for table in tables for row in table.rows]
    if differences_to not in ("", BEST, *names):
        raise unknown_name("row of the comparison", differences_to, [*names, BEST])
    return ComparedRuns(tables)


def _current(runs: Sequence[Evaluated]) -> list[Evaluated]:
    """The runs whose stored numbers are those of their present weights."""
    reasons = {run.path: reason for run in runs if (reason := run.stale_evaluation())}
    if len(reasons) == len(runs):
        raise InputError("; ".join(reasons.values()))
    for reason in reasons.values():
        note(f"left out: {reason}")
    return [run for run in runs if run.path not in reasons]


def render(
    runs: Sequence[Evaluated],
    form: str,
    columns: Sequence[str] = (),
    *,
    group_seeds: bool = False,
    differences_to: str = "",
) -> str:
    """As `compare`, as text.

    Args:
        runs: runs and evaluated samples.
        form: a key of `FORMATS`.
        columns: see `compare`.
        group_seeds: see `compare`.
        differences_to: see `compare`.

    Raises:
        InputError: on an unknown format, number or row, or a run that was not evaluated.
    """
    write = entry("format", form, FORMATS)
    compared = compare(runs, columns, group_seeds=group_seeds, differences_to=differences_to)
    return write(compared.tables)
