"""Comparison tables as the page shows them, by the rules of `vaelab.comparison`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vaelab.comparison import Row, Table, comparable
from vaelab.report.formatting import number, unit_label
from vaelab.report.glossary import term
from vaelab.report.stored_runs import StoredRun

ARROWS = {"lower": "↓", "higher": "↑"}
ARROW_WORDS = {"lower": "lower is better", "higher": "higher is better"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """The head of a column.

    Attributes:
        label: what it holds.
        unit: of its numbers; empty without one.
        meaning: in a line.
        arrow: where it is better, as a sign.
        arrow_words: the same in words.
        is_text: sorted as text, and aligned to the left.
    """

    label: str
    unit: str = ""
    meaning: str = ""
    arrow: str = ""
    arrow_words: str = ""
    is_text: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One number, or a text.

    Attributes:
        text: as it is read; empty where there is nothing.
        sort: by which its column is sorted; None where there is nothing.
        error: standard error, as it is read.
        is_best: whether it leads.
        run: whose name this is, with its page and settings.
    """

    text: str
    sort: float | str | None = None
    error: str = ""
    is_best: bool = False
    run: StoredRun | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A table that is shown.

    Attributes:
        caption: what it holds.
        columns: the heads.
        rows: a line a run.
        bounds: the lines of perfect and of useless models, each with its name first.
        reason: what keeps its runs apart from the first table.
        notes: below it.
    """

    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    bounds: list[list[Cell]] = field(default_factory=list)
    reason: str = ""
    notes: list[str] = field(default_factory=list)


BOUNDS = {
    "floor": "perfect (floor or real images)",
    "baseline": "useless (learned nothing)",
}


def comparison_tables(runs: Sequence[StoredRun], columns: Sequence[str]) -> list[Table]:
    """Comparable runs in a table each, with the numbers that any of them has."""
    by_folder = {run.run.path: run for run in runs}
    known = {name for run in runs for name in run.metrics}
    shown = [name for name in columns if name in known]
    return [
        Table(
            [as_row(by_folder[run.path]) for run in group.runs],
            shown,
            group.reason,
        )
        for group in comparable([run.run for run in runs], shown)
    ]


def as_row(run: StoredRun) -> Row:
    """A run as `comparison` knows it."""
    return Row(run.name, run.config.preset, run.run.data.name, run.metrics)


def views(
    runs: Sequence[StoredRun],
    columns: Sequence[str],
    caption: str,
    leading: tuple[Column, Mapping[str, Cell]] | None = None,
) -> list[View]:
    """Tables of the named numbers, one for each group of runs that can be compared.

    Args:
        runs: evaluated ones.
        columns: names of numbers, shown where any run has them.
        caption: of the tables.
        leading: a column in the place of the usual settings, and its cells by name of run.
    """
    by_name = {run.name: run for run in runs}
    found = []
    for table in comparison_tables(runs, columns):
        shown = [column for column in table.columns if table.example(column) is not None]
        rows = [
            [
                Cell(text=row.name, sort=row.name, run=by_name[row.name]),
                *(_settings(by_name[row.name]) if leading is None else [leading[1][row.name]]),
                *(_cell(by_name[row.name], c, best=table.best(c) is row) for c in shown),
            ]
            for row in table.rows
        ]
        found.append(
            View(
                caption=caption,
                columns=[
                    Column(label="Run", is_text=True),
                    *(SETTINGS if leading is None else [leading[0]]),
                    *(_column(column, table) for column in shown),
                ],
                rows=rows,
                bounds=_bounds(table, shown),
                reason=table.reason,
                notes=_notes(table),
            )
        )
    return found


SETTINGS = [
    Column(label="Latent", unit="dims", meaning="Number of latent dimensions."),
    Column(label="Epochs", meaning="Passes over the training images."),
]


def _settings(run: StoredRun) -> list[Cell]:
    epochs = max((record["epoch"] for record in run.records), default=run.config.training.epochs)
    size = run.config.model.latent_size
    return [
        Cell(text=str(size), sort=size),
        Cell(text=str(epochs), sort=epochs),
    ]


def _column(metric: str, table: Table) -> Column:
    example = table.example(metric) or {}
    direction = example.get("direction") or ""
    return Column(
        label=term(metric).label,
        unit=unit_label(str(example.get("unit", ""))),
        meaning=term(metric).meaning,
        arrow=ARROWS.get(direction, ""),
        arrow_words=ARROW_WORDS.get(direction, ""),
    )


def _cell(run: StoredRun, metric: str, *, best: bool) -> Cell:
    result = run.metrics.get(metric)
    if result is None:
        return Cell(text="not a number" if metric in run.undefined else "")
    return Cell(
        text=number(result["value"], result["unit"]),
        sort=result["value"],
        error=number(result["standard_error"], result["unit"]),
        is_best=best,
    )


def _bounds(table: Table, columns: Sequence[str]) -> list[list[Cell]]:
    """What perfect and useless models have; the same for every run of the table."""
    lines = []
    for bound, words in BOUNDS.items():
        examples = [table.example(column) or {} for column in columns]
        texts = [number(each.get(bound), str(each.get("unit", ""))) for each in examples]
        if any(texts):
            lines.append([Cell(text=words), *(Cell(text=text) for text in texts)])
    return lines


def _notes(table: Table) -> list[str]:
    """On how many images, and by which classifiers, the numbers shown were taken."""
    shown = [
        row.metrics[name] for row in table.rows for name in table.columns if name in row.metrics
    ]
    notes = []
    counts = {result["count"] for result in shown if result["count"]}
    if len(counts) == 1:
        notes.append(f"On {counts.pop():,} images.")
    classifiers = sorted(
        {str(result["classifier"])[:12] for result in shown if result["classifier"]}
    )
    if classifiers:
        notes.append(f"Judged by {', '.join(classifiers)} (SHA-256 of the weights).")
    return notes
