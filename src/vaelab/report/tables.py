"""Comparison tables for pages, by the rules of `vaelab.comparison`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vaelab.comparison import BEST, Row, Table, comparable
from vaelab.formatting import number, numbered_notes, unit_label
from vaelab.report.stored_results import StoredResults

ARROWS = {"lower": "↓", "higher": "↑"}
ARROW_WORDS = {"lower": "lower is better", "higher": "higher is better"}

REFERENCE_ROWS = {
    "floor": "floor (real images or optimum)",
    "baseline": "baseline (trivial model or chance)",
}

# Characters of a fingerprint that are shown.
FINGERPRINT = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column head.

    Attributes:
        label: what the column holds.
        unit: of its values; empty without one.
        meaning: one line.
        arrow: the better direction, as a symbol; empty without one.
        arrow_words: the better direction for screen readers.
        is_text: whether it is sorted as text and aligned to the left.
    """

    label: str
    unit: str = ""
    meaning: str = ""
    arrow: str = ""
    arrow_words: str = ""
    is_text: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A cell.

    Attributes:
        text: empty where there is no value.
        sort: the value that its column is sorted by; None where there is no value.
        error: the standard error; of several seeds, the standard deviation over seeds.
        mark: of a note below the table.
        is_best: whether it is the best value of its column.
        results: what the row is about, in the first cell of its row; of several seeds the first.
        seeds: in the first cell of a row of several seeds: each seed and its run.
    """

    text: str
    sort: float | str | None = None
    error: str = ""
    mark: str = ""
    is_best: bool = False
    results: StoredResults | None = None
    seeds: list[tuple[int, StoredResults]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """The differences of a table's rows to the best value of each column.

    Attributes:
        heads: label and unit of each column.
        rows: the name of each row, then a text for each column.
        note: what their standard errors rest on.
    """

    heads: list[tuple[str, str]]
    rows: list[list[str]]
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TableView:
    """A table on a page.

    Attributes:
        caption: its title for screen readers.
        columns: the heads.
        rows: one for each run.
        references: the floor and the baseline, each with its label first.
        reason: why its runs are not in the first table; empty for the first.
        notes: below it.
        differences: shown on demand; None without any.
        has_seeds: whether a row has several seeds.
    """

    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    references: list[list[Cell]] = field(default_factory=list)
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    differences: Differences | None = None
    has_seeds: bool = False


def comparison_tables(
    results: Sequence[StoredResults],
    metrics: Sequence[str],
    *,
    group_seeds: bool = False,
    reference: str = "",
) -> list[Table]:
    """One table for each group of comparable results, with the metrics that any of them has.

    Args:
        results: of runs and of samples.
        metrics: names of the columns.
        group_seeds: whether runs that differ in the seed only are one row.
        reference: as in `Table`.
    """
    by_path = {each.folder.path: each for each in results}
    known = {name for each in results for name in each.metrics}
    columns = [name for name in metrics if name in known]
    tables = [
        Table(
            [_row(by_path[folder.path]) for folder in group.runs], columns, group.reason, reference
        )
        for group in comparable([each.folder for each in results], columns)
    ]
    return [table.grouped_over_seeds() for table in tables] if group_seeds else tables


def headlines(results: Sequence[StoredResults]) -> list[str]:
    """The metrics that comparisons show by default, in the order of those with most metrics."""
    names = (
        name
        for each in sorted(results, key=lambda each: -len(each.metrics))
        for name, value in each.metrics.items()
        if value["is_headline"]
    )
    return list(dict.fromkeys(names))


def _row(results: StoredResults) -> Row:
    return Row(
        name=results.name,
        preset=results.preset,
        data=results.folder.data.name,
        metrics=results.metrics,
        folder=results.folder,
        values_fingerprint=results.values_fingerprint,
    )


def table_views(
    results: Sequence[StoredResults],
    metrics: Sequence[str],
    caption: str,
    setting: tuple[Column, Mapping[str, Cell]] | None = None,
    *,
    group_seeds: bool = True,
) -> list[TableView]:
    """Tables of the named metrics, one for each group of comparable results.

    Args:
        results: of runs and of samples; those without a metric are left out.
        metrics: names; those that no result has are left out.
        caption: of the tables.
        setting: a column that replaces latent size and epochs, with its cells by name of run.
        group_seeds: whether runs that differ in the seed only are one row.
    """
    by_name = {each.name: each for each in results if each.metrics}
    found = []
    for table in comparison_tables(
        list(by_name.values()), metrics, group_seeds=group_seeds, reference=BEST
    ):
        columns = [column for column in table.columns if table.example(column) is not None]
        rows = []
        for row in table.rows:
            each = [by_name[member.name] for member in row.members or (row,)]
            rows.append(
                [
                    Cell(text=row.name, sort=row.name, results=each[0], seeds=_seeds(row, each)),
                    *(_settings(each[0]) if setting is None else [setting[1][each[0].name]]),
                    *(_cell(each, column, row, table) for column in columns),
                ]
            )
        found.append(
            TableView(
                caption=caption,
                columns=[
                    Column(label="Run", is_text=True),
                    *(SETTINGS if setting is None else [setting[0]]),
                    *(_column(column, table) for column in columns),
                ],
                rows=rows,
                references=_references(table, columns),
                reason=table.reason,
                notes=_notes(table),
                differences=_differences(table, columns),
                has_seeds=any(row.members for row in table.rows),
            )
        )
    return found


SETTINGS = [
    Column(label="Latent size", meaning="Numbers in the code of an image."),
    Column(label="Epochs", meaning="Passes over the training images."),
]


def _settings(results: StoredResults) -> list[Cell]:
    values = (results.latent_size, results.epochs)
    return [Cell(text="" if value is None else str(value), sort=value) for value in values]


def _column(metric: str, table: Table) -> Column:
    example = table.example(metric) or {}
    direction = example["direction"] or ""
    return Column(
        label=example["label"],
        unit=unit_label(example["unit"]),
        meaning=example["meaning"],
        arrow=ARROWS.get(direction, ""),
        arrow_words=ARROW_WORDS.get(direction, ""),
    )


def _seeds(row: Row, results: Sequence[StoredResults]) -> list[tuple[int, StoredResults]]:
    """The single runs of a row of several seeds; empty for one run."""
    return list(zip(row.seeds, results, strict=True)) if row.members else []


def _differences(table: Table, columns: Sequence[str]) -> Differences | None:
    """The differences to the best value of each column; None if there are none to show."""
    found = {column: table.differences(column) for column in columns}
    shown = [column for column in columns if any(found[column])]
    if not shown:
        return None
    examples = [table.example(column) or {} for column in shown]
    return Differences(
        heads=[(each["label"], unit_label(each["unit"])) for each in examples],
        rows=[
            [row.name, *("" if each is None else each.signed_text for each in cells)]
            for row, *cells in zip(table.rows, *(found[column] for column in shown), strict=True)
        ],
        note=_sentence(table.difference_note()),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _cell(results: Sequence[StoredResults], metric: str, row: Row, table: Table) -> Cell:
    result = row.metrics.get(metric)
    if result is None:
        is_known = any(metric in each.not_finite for each in results)
        return Cell(text="not a number" if is_known else "")
    spread = result.get("standard_deviation", result["standard_error"])
    return Cell(
        text=number(result["value"], result["unit"]),
        sort=result["value"],
        error=number(spread, result["unit"]),
        mark=table.mark(row, metric),
        is_best=table.best(metric) is row,
    )


def _references(table: Table, columns: Sequence[str]) -> list[list[Cell]]:
    """The rows of floors and of baselines; they are the same for every run of the table."""
    rows = []
    for key, label in REFERENCE_ROWS.items():
        examples = [table.example(column) or {} for column in columns]
        texts = [number(each.get(key), str(each.get("unit", ""))) for each in examples]
        if any(texts):
            rows.append([Cell(text=label), *(Cell(text=text) for text in texts)])
    return rows


def _notes(table: Table) -> list[str]:
    """The number of images and the feature extractors behind the table's values."""
    results = [
        row.metrics[name] for row in table.rows for name in table.columns if name in row.metrics
    ]
    notes = []
    counts = {result["count"] for result in results if result["count"]}
    if len(counts) == 1:
        notes.append(f"Computed on {counts.pop():,} images.")
    extractors = sorted(
        {
            f"{result['features_name'] or 'network'} ({str(result['features'])[:FINGERPRINT]})"
            for result in results
            if result["features"]
        }
    )
    if extractors:
        notes.append(f"Feature extractors (SHA-256): {', '.join(extractors)}.")
    if given_label := table.given_label():
        notes.append(_sentence(given_label))
    return [*notes, *(f"{note}." for note in numbered_notes(table.caveats))]
