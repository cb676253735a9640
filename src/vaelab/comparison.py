"""Runs beside each other, as a table; what cannot be compared is kept apart, and why is said."""

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vaelab import notebook
from vaelab.errors import InputError, entry, unknown_name
from vaelab.loaded_run import LoadedRun
from vaelab.models.likelihoods import LIKELIHOODS
from vaelab.rounding import rounded
from vaelab.runs import BOUNDS, HEADLINES, Run

COLUMNS = HEADLINES

# What a number was taken by, as stored and in words; on other terms it is another number.
TERMS = {"classifier": "classifier", "count": "number of images", "split": "split", "unit": "unit"}

# A lead counts when it is over this many standard errors of the difference.
LEAD_STANDARD_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class Row:
    """One run's line.

    Attributes:
        name: of the run.
        preset: that it derives from.
        data: the name of its data set.
        metrics: by name, as stored in evaluation.json.
    """

    name: str
    preset: str
    data: str
    metrics: dict[str, dict[str, Any]]

    def value(self, metric: str) -> float | None:
        """The metric's value, or None where the run has none."""
        return self.metrics[metric]["value"] if metric in self.metrics else None


@dataclass(slots=True)
class Group:
    """Runs that can be compared.

    Attributes:
        basis: what they have in common, by name.
        terms: how each metric was taken: by which classifier, on how many images, of which split.
        runs: the runs.
        reason: what keeps them apart from the first group; empty for the first.
    """

    basis: dict[str, Any]
    terms: dict[str, tuple[Any, ...]]
    runs: list[Run] = field(default_factory=list)
    reason: str = ""


def read_row(run: Run) -> Row:
    """The stored evaluation of a run.

    Raises:
        InputError: if it was not evaluated yet.
    """
    metrics = run.read_evaluation().get("metrics")
    if metrics is None:
        raise InputError(f"{run.path} was not evaluated yet; run `vaelab evaluate {run.path}`")
    return Row(run.name, run.config.preset, run.data.name, metrics)


def comparable(runs: Sequence[Run], columns: Sequence[str] = COLUMNS) -> list[Group]:
    """Runs in groups on the same data, in the same unit, evaluated on the same terms.

    A run without some number can stand beside any that have it.
    """
    groups: list[Group] = []
    for run in runs:
        basis, terms = _basis(run), _terms(run, columns)
        for group in groups:
            if not _differences(group, basis, terms):
                group.terms |= terms
                group.runs.append(run)
                break
        else:
            reason = " and ".join(_differences(groups[0], basis, terms)) if groups else ""
            groups.append(Group(basis, terms, [run], reason))
    return groups


def _basis(run: Run) -> dict[str, Any]:
    data = run.config.data
    return {
        "test images": run.data.test_fingerprint,
        "training images": run.data.train_fingerprint,
        "validation split": (
            data.validation_images,
            data.validation_fraction,
            data.split_seed,
        ),
        "binarization": data.binarize,
        "unit of the likelihood": LIKELIHOODS[run.config.model.likelihood].unit,
    }


def _terms(run: Run, columns: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    metrics = run.read_evaluation().get("metrics", {})
    return {
        name: tuple(metrics[name].get(term) for term in TERMS)
        for name in columns
        if name in metrics
    }


def _differences(
    group: Group, basis: dict[str, Any], terms: dict[str, tuple[Any, ...]]
) -> list[str]:
    """What keeps a run out of a group, in words."""
    found = [f"other {name}" for name, value in basis.items() if group.basis[name] != value]
    for name, values in terms.items():
        if name in group.terms and group.terms[name] != values:
            pairs = zip(TERMS.values(), values, group.terms[name], strict=True)
            differing = [term for term, mine, theirs in pairs if mine != theirs]
            found.append(f"{name} by another {' and '.join(differing)}")
    return found


def render(runs: Sequence[Run], form: str, columns: Sequence[str] = ()) -> str:
    """As `compare`, as text.

    Args:
        runs: to be compared.
        form: a key of `FORMS`.
        columns: names of metrics; none: those of `COLUMNS` that any of the runs has.

    Raises:
        InputError: on an unknown form or metric, or a run that was not evaluated.
    """
    write = entry("format", form, FORMS)
    return write(compare(runs, columns).tables)


def compare(runs: Sequence[Run | LoadedRun], columns: Sequence[str] = ()) -> "ComparedRuns":
    """Evaluated runs beside each other, in several tables where they cannot be compared.

    Args:
        runs: to be compared.
        columns: names of metrics; none: those of `COLUMNS` that any of the runs has.

    Raises:
        InputError: on no run, an unknown metric, or a run that was not evaluated.
    """
    if not runs:
        raise InputError("there is no run to be compared")
    folders = [each.run if isinstance(each, LoadedRun) else each for each in runs]
    rows = {run.path: read_row(run) for run in folders}
    known = sorted({name for row in rows.values() for name in row.metrics})
    for name in columns:
        if name not in known:
            raise unknown_name("metric of these runs", name, known)
    shown = list(columns) or [name for name in COLUMNS if name in known]
    return ComparedRuns(
        [
            Table([rows[run.path] for run in group.runs], shown, group.reason)
            for group in comparable(folders, shown)
        ]
    )


@dataclass(frozen=True, slots=True)
class Table:
    """Comparable rows.

    Attributes:
        rows: a line each.
        columns: names of metrics.
        reason: what keeps them apart from the first table.
    """

    rows: list[Row]
    columns: list[str]
    reason: str

    def example(self, column: str) -> dict[str, Any] | None:
        """The metric as the first run has it that does."""
        return next((row.metrics[column] for row in self.rows if column in row.metrics), None)

    def best(self, column: str) -> Row | None:
        """The row that leads by more than the spread; None where none does, or it is unknown."""
        example = self.example(column)
        if example is None or example["direction"] is None:
            return None
        sign = 1 if example["direction"] == "lower" else -1
        ranked = sorted(
            (row for row in self.rows if column in row.metrics),
            key=lambda row: sign * row.metrics[column]["value"],
        )
        if len(ranked) < 2:
            return None
        first, second = (row.metrics[column] for row in ranked[:2])
        errors = [each["standard_error"] for each in (first, second)]
        if None in errors:
            return None
        lead = abs(first["value"] - second["value"])
        return ranked[0] if lead > LEAD_STANDARD_ERRORS * math.hypot(*errors) else None

    def titles(self) -> list[str]:
        """The heads of the columns."""
        heads = []
        for column in self.columns:
            example = self.example(column)
            heads.append(column if example is None else f"{column} ({example['unit']})")
        return ["run", "preset", *heads]

    def cells(self, row: Row, mark: Callable[[str], str]) -> list[str]:
        """A row's texts, the best in its column marked."""
        texts = []
        for column in self.columns:
            text = _text(row.metrics.get(column), "value")
            texts.append(mark(text) if self.best(column) is row else text)
        return [row.name, row.preset, *texts]

    def bounds(self) -> list[list[str]]:
        """The lines of what perfect and useless models have."""
        lines = []
        for bound in BOUNDS:
            texts = [_text(self.example(column), bound) for column in self.columns]
            if any(texts):
                lines.append([f"({bound})", "", *texts])
        return lines

    def footer(self) -> str:
        """What the numbers are."""
        losses = self.example("reconstruction")
        images = "" if losses is None else f", {losses['count']:,} test images"
        text = (
            f"{self.rows[0].data}{images}; losses per image at one latent sample; best: a lead of "
            f"more than {LEAD_STANDARD_ERRORS:g} standard errors"
        )
        classifiers = {
            result["classifier"][:12]
            for column in self.columns
            if (result := self.example(column)) and result.get("classifier")
        }
        return f"{text}; evaluated by {', '.join(sorted(classifiers))}" if classifiers else text


@dataclass(frozen=True, slots=True, repr=False)
class ComparedRuns:
    """Runs beside each other; shows itself as text, and as HTML in a notebook.

    Attributes:
        tables: one, or several where runs cannot be compared.
    """

    tables: list[Table]

    def __repr__(self) -> str:
        return _table(self.tables)

    def _repr_html_(self) -> str:
        return "".join(_html(table) for table in self.tables)


def _html(table: Table) -> str:
    rows = [
        *(table.cells(row, notebook.strong) for row in table.rows),
        *table.bounds(),
    ]
    return notebook.block(
        _apart(table),
        notebook.table(table.titles(), rows, "ll" + "r" * len(table.columns)),
        note=table.footer(),
    )


def _text(result: dict[str, Any] | None, key: str) -> str:
    return "" if result is None else rounded(result.get(key), result["unit"])


def _apart(table: Table) -> str:
    return f"Kept apart from the first table: {table.reason}." if table.reason else ""


def _table(tables: Sequence[Table]) -> str:
    blocks = []
    for table in tables:
        lines = [
            table.titles(),
            *(table.cells(row, lambda text: f"*{text}") for row in table.rows),
            *table.bounds(),
        ]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        text = [
            "  ".join(
                cell.ljust(width) if i < 2 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        blocks.append("\n".join(filter(None, [_apart(table), *text])) + f"\n\n{table.footer()}")
    return "\n\n".join(blocks) + "\n"


def _markdown(tables: Sequence[Table]) -> str:
    blocks = []
    for table in tables:
        lines = [
            table.titles(),
            ["---"] * 2 + ["---:"] * len(table.columns),
            *(table.cells(row, lambda text: f"**{text}**") for row in table.rows),
            *table.bounds(),
        ]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        blocks.append("\n\n".join(filter(None, [_apart(table), text, table.footer()])))
    return "\n\n".join(blocks) + "\n"


def _csv(tables: Sequence[Table]) -> str:
    parts = ("value", "standard_error", "floor", "baseline")
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    columns = tables[0].columns
    titles = [c if part == "value" else f"{c}_{part}" for c in columns for part in parts]
    writer.writerow(["table", "run", "preset", "data", *titles])
    for number, table in enumerate(tables, 1):
        for row in table.rows:
            values = [row.metrics.get(column, {}).get(part) for column in columns for part in parts]
            writer.writerow([number, row.name, row.preset, row.data, *values])
    return file.getvalue()


def _json(tables: Sequence[Table]) -> str:
    records = [
        {
            "kept_apart_because": table.reason or None,
            "rows": [
                {
                    "run": row.name,
                    "preset": row.preset,
                    "data": row.data,
                    "metrics": {c: row.metrics[c] for c in table.columns if c in row.metrics},
                    "best_in": [c for c in table.columns if table.best(c) is row],
                }
                for row in table.rows
            ],
        }
        for table in tables
    ]
    return json.dumps(records, indent=2) + "\n"


FORMS: dict[str, Callable[[Sequence[Table]], str]] = {
    "table": _table,
    "markdown": _markdown,
    "csv": _csv,
    "json": _json,
}
