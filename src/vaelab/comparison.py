"""Runs beside each other, as a table."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vaelab.errors import InputError, entry
from vaelab.models.likelihoods import LIKELIHOODS
from vaelab.runs import Run

COLUMNS = ("reconstruction", "kl", "total")


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


def read_rows(runs: Sequence[Run]) -> list[Row]:
    """The stored evaluations of several runs.

    Raises:
        InputError: if one was not evaluated yet.
    """
    rows = []
    for run in runs:
        metrics = run.read_evaluation().get("metrics")
        if metrics is None:
            raise InputError(f"{run.path} was not evaluated yet; run `vaelab evaluate {run.path}`")
        rows.append(Row(run.name, run.config.preset, run.data.name, metrics))
    return rows


def group_by_data(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs whose test images and likelihood's unit are the same: only those are comparable."""
    groups: dict[tuple[str, bool, str], list[Run]] = {}
    for run in runs:
        unit = LIKELIHOODS[run.config.model.likelihood].unit
        key = (run.data.test_fingerprint, run.config.data.binarize, unit)
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def render(groups: Sequence[Sequence[Row]], form: str) -> str:
    """The rows as a table, one after the other where they cannot be compared.

    Raises:
        InputError: on an unknown form.
    """
    return entry("format", form, FORMS)(groups)


def _titles(rows: Sequence[Row]) -> list[str]:
    units = (rows[0].metrics[column]["unit"] for column in COLUMNS)
    return ["run", "preset", *(f"{c} ({u})" for c, u in zip(COLUMNS, units, strict=True))]


def _cells(row: Row) -> list[str]:
    values = (row.value(column) for column in COLUMNS)
    return [row.name, row.preset, *("" if v is None else f"{v:.2f}" for v in values)]


def _footer(rows: Sequence[Row]) -> str:
    """What the numbers are, and the floor below which none can be."""
    first = rows[0].metrics["total"]
    text = f"{rows[0].data}, {first['count']} test images, one latent sample, per image"
    floor = rows[0].value("reconstruction_floor")
    return text if floor is None else f"{text}; floor of any reconstruction: {floor:.3f}"


def _table(groups: Sequence[Sequence[Row]]) -> str:
    blocks = []
    for rows in groups:
        lines = [_titles(rows), *(_cells(row) for row in rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        text = [
            "  ".join(
                cell.ljust(width) if i < 2 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        blocks.append("\n".join([*text, "", _footer(rows)]))
    return "\n\n".join(blocks) + "\n"


def _markdown(groups: Sequence[Sequence[Row]]) -> str:
    blocks = []
    for rows in groups:
        titles = _titles(rows)
        lines = [titles, ["---"] * 2 + ["---:"] * len(COLUMNS), *(_cells(row) for row in rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        blocks.append(f"{table}\n\n{_footer(rows)}")
    return "\n\n".join(blocks) + "\n"


def _records(groups: Sequence[Sequence[Row]]) -> list[dict[str, Any]]:
    return [
        {
            "run": row.name,
            "preset": row.preset,
            "data": row.data,
            "unit": row.metrics["total"]["unit"],
            **{column: row.value(column) for column in (*COLUMNS, "reconstruction_floor")},
        }
        for rows in groups
        for row in rows
    ]


def _csv(groups: Sequence[Sequence[Row]]) -> str:
    records = _records(groups)
    file = io.StringIO()
    writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return file.getvalue()


def _json(groups: Sequence[Sequence[Row]]) -> str:
    return json.dumps(_records(groups), indent=2) + "\n"


FORMS: dict[str, Callable[[Sequence[Sequence[Row]]], str]] = {
    "table": _table,
    "markdown": _markdown,
    "csv": _csv,
    "json": _json,
}
