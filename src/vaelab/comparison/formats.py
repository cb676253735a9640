"""Comparison tables as text, Markdown, CSV, JSON, HTML and rows of a data frame."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from vaelab import notebook
from vaelab.comparison.rows import Row
from vaelab.comparison.tables import Table
from vaelab.formatting import text_table

PARTS = ("value", "standard_error", "floor", "baseline")
# Columns only where some row has one.
OPTIONAL_PARTS = ("standard_deviation", "seed_count", "caveat")
DIFFERENCE_PARTS = ("difference", "difference_standard_error", "difference_basis")

# What Markdown reads as markup; an underscore within a word is none.
_MARKUP = re.compile(r"[\\`*{}\[\]<>|$~#]|(?<!\w)_|_(?!\w)")


def as_text(tables: Sequence[Table]) -> str:
    """Aligned text, the best with a star."""
    blocks = []
    for table in tables:
        rows = [
            table.titles(),
            *(table.cells(row, lambda text: f"*{text}") for row in table.rows),
            *table.bounds(),
        ]
        sides = "ll" + "r" * len(table.columns)
        parts = [table.heading(), text_table(rows, sides), "\n" + "\n".join(table.notes())]
        if differences := table.difference_rows():
            parts += ["", text_table([table.titles(), *differences], sides)]
            parts += ["\n" + table.difference_note()]
        blocks.append("\n".join(parts if parts[0] else parts[1:]))
    return "\n\n".join(blocks) + "\n"


def as_markdown(tables: Sequence[Table]) -> str:
    """Markdown, the best in bold."""
    blocks = []
    for table in tables:
        rows = [*(_markdown_cells(table, row) for row in table.rows), *table.bounds()]
        parts = [
            _literal(table.heading()),
            _markdown_table(table, rows),
            *map(_literal, table.notes()),
        ]
        if differences := table.difference_rows():
            literal = [[*map(_literal, row[:2]), *row[2:]] for row in differences]
            parts += [_markdown_table(table, literal), _literal(table.difference_note())]
        blocks.append("\n\n".join(filter(None, parts)))
    return "\n\n".join(blocks) + "\n"


def _markdown_table(table: Table, rows: Sequence[Sequence[str]]) -> str:
    titles = [*map(_literal, table.titles())]
    head = [titles, ["---"] * 2 + ["---:"] * len(table.columns)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def _markdown_cells(table: Table, row: Row) -> list[str]:
    name, preset, *numbers = table.cells(row, lambda text: f"**{text}**")
    return [_literal(name), _literal(preset), *numbers]


def _literal(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", text)


def as_csv(tables: Sequence[Table]) -> str:
    """CSV with all digits, a line per run."""
    file = io.StringIO()
    names = ["table", "run", "preset", "data", "seeds", *_parts(tables)]
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_records(tables))
    return file.getvalue()


def as_records(tables: Sequence[Table]) -> list[dict[str, Any]]:
    """A record per run: its table, name, preset, data, and the parts of each number."""
    return [
        {
            "table": position,
            "run": row.name,
            "preset": row.preset,
            "data": row.data,
            "seeds": " ".join(map(str, row.seeds)),
            **{
                name: fields.get(column, {}).get(part)
                for name, (column, part) in _parts(tables).items()
            },
        }
        for position, table in enumerate(tables, 1)
        for row, fields in zip(table.rows, _fields(table), strict=True)
    ]


def _fields(table: Table) -> list[dict[str, dict[str, Any]]]:
    """The fields of each number of each row, with those of its difference."""
    found = [
        {column: dict(row.metrics.get(column, {})) for column in table.columns}
        for row in table.rows
    ]
    for column in table.columns if table.reference else []:
        for fields, each in zip(found, table.differences(column), strict=True):
            if each is not None:
                parts = (each.value, each.standard_error, each.basis)
                fields[column] |= dict(zip(DIFFERENCE_PARTS, parts, strict=True))
    return found


def _parts(tables: Sequence[Table]) -> dict[str, tuple[str, str]]:
    """Metric and part of each column of numbers, by its name."""
    parts = {}
    rows = [row for table in tables for row in table.rows]
    for column in tables[0].columns:
        optional = [
            part
            for part in OPTIONAL_PARTS
            if any(row.metrics.get(column, {}).get(part) for row in rows)
        ]
        for part in (*PARTS, *optional, *(DIFFERENCE_PARTS if tables[0].reference else ())):
            parts[column if part == "value" else f"{column}_{part}"] = (column, part)
    return parts


def as_json(tables: Sequence[Table]) -> str:
    """JSON with all digits."""
    return json.dumps([_record(table) for table in tables], indent=2) + "\n"


def _record(table: Table) -> dict[str, Any]:
    def run(row: Row, fields: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {
            "run": row.name,
            **({"runs": [member.name for member in row.members]} if row.members else {}),
            "preset": row.preset,
            "data": row.data,
            "seeds": row.seeds,
            "metrics": {column: each for column, each in fields.items() if each},
            "best_in": [column for column in table.columns if table.best(column) is row],
        }

    return {
        "not_comparable_because": table.reason or None,
        "differences_to": table.reference or None,
        "rows": [run(row, each) for row, each in zip(table.rows, _fields(table), strict=True)],
    }


def as_html(tables: Sequence[Table]) -> str:
    """HTML for a notebook cell, the best in bold."""
    blocks = []
    for table in tables:
        sides = "ll" + "r" * len(table.columns)
        rows = [*(table.cells(row, notebook.strong) for row in table.rows), *table.bounds()]
        parts = [notebook.table(table.titles(), rows, sides)]
        parts += map(notebook.paragraph, table.notes()[1:])
        if differences := table.difference_rows():
            parts += [notebook.table(table.titles(), differences, sides)]
            parts += [notebook.paragraph(table.difference_note())]
        blocks.append(notebook.block(table.heading(), *parts, note=table.footer()))
    return "".join(blocks)


FORMATS: dict[str, Callable[[Sequence[Table]], str]] = {
    "table": as_text,
    "markdown": as_markdown,
    "csv": as_csv,
    "json": as_json,
}
