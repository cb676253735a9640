"""Comparison tables as text, Markdown, CSV, JSON, HTML and rows of a data frame."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from vaelab import notebook
from vaelab.comparison.tables import Row, Table
from vaelab.formatting import text_table

PARTS = ("value", "standard_error", "floor", "baseline")
# A column only where some run has one.
CAVEAT = "caveat"

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
        text = text_table(rows, "ll" + "r" * len(table.columns))
        blocks.append(
            "\n".join(filter(None, [table.heading(), text, "\n" + "\n".join(table.notes())]))
        )
    return "\n\n".join(blocks) + "\n"


def as_markdown(tables: Sequence[Table]) -> str:
    """Markdown, the best in bold."""
    blocks = []
    for table in tables:
        rows = [
            [*map(_literal, table.titles())],
            ["---"] * 2 + ["---:"] * len(table.columns),
            *(_markdown_cells(table, row) for row in table.rows),
            *table.bounds(),
        ]
        text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts = [_literal(table.heading()), text, *map(_literal, table.notes())]
        blocks.append("\n\n".join(filter(None, parts)))
    return "\n\n".join(blocks) + "\n"


def _markdown_cells(table: Table, row: Row) -> list[str]:
    name, preset, *numbers = table.cells(row, lambda text: f"**{text}**")
    return [_literal(name), _literal(preset), *numbers]


def _literal(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", text)


def as_csv(tables: Sequence[Table]) -> str:
    """CSV with all digits, a line per run."""
    file = io.StringIO()
    names = ["table", "run", "preset", "data", *_parts(tables)]
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
            **{
                name: row.metrics.get(column, {}).get(part)
                for name, (column, part) in _parts(tables).items()
            },
        }
        for position, table in enumerate(tables, 1)
        for row in table.rows
    ]


def _parts(tables: Sequence[Table]) -> dict[str, tuple[str, str]]:
    """Metric and part of each column of numbers, by its name."""
    parts = {}
    for column in tables[0].columns:
        has_caveat = any(row.caveat(column) for table in tables for row in table.rows)
        for part in (*PARTS, *([CAVEAT] if has_caveat else [])):
            parts[column if part == "value" else f"{column}_{part}"] = (column, part)
    return parts


def as_json(tables: Sequence[Table]) -> str:
    """JSON with all digits."""
    return json.dumps([_record(table) for table in tables], indent=2) + "\n"


def _record(table: Table) -> dict[str, Any]:
    def run(row: Row) -> dict[str, Any]:
        return {
            "run": row.name,
            "preset": row.preset,
            "data": row.data,
            "metrics": {c: row.metrics[c] for c in table.columns if c in row.metrics},
            "best_in": [c for c in table.columns if table.best(c) is row],
        }

    return {
        "not_comparable_because": table.reason or None,
        "rows": [run(row) for row in table.rows],
    }


def as_html(tables: Sequence[Table]) -> str:
    """HTML for a notebook cell, the best in bold."""
    return "".join(
        notebook.block(
            table.heading(),
            notebook.table(
                table.titles(),
                [*(table.cells(row, notebook.strong) for row in table.rows), *table.bounds()],
                "ll" + "r" * len(table.columns),
            ),
            *map(notebook.paragraph, table.notes()[1:]),
            note=table.footer(),
        )
        for table in tables
    )


FORMATS: dict[str, Callable[[Sequence[Table]], str]] = {
    "table": as_text,
    "markdown": as_markdown,
    "csv": as_csv,
    "json": as_json,
}
