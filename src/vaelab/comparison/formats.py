"""Comparison tables as text, Markdown, CSV, JSON, HTML and rows of a data frame."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from vaelab import notebook
from vaelab.comparison.tables import Row, Table
from vaelab.formatting import text_table

PARTS = ("value", "standard_error", "floor", "baseline")


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
        blocks.append("\n".join(filter(None, [table.heading(), text])) + f"\n\n{table.footer()}")
    return "\n\n".join(blocks) + "\n"


def as_markdown(tables: Sequence[Table]) -> str:
    """Markdown, the best in bold."""
    blocks = []
    for table in tables:
        rows = [
            table.titles(),
            ["---"] * 2 + ["---:"] * len(table.columns),
            *(table.cells(row, lambda text: f"**{text}**") for row in table.rows),
            *table.bounds(),
        ]
        text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        blocks.append("\n\n".join(filter(None, [table.heading(), text, table.footer()])))
    return "\n\n".join(blocks) + "\n"


def as_csv(tables: Sequence[Table]) -> str:
    """CSV with all digits, a line per run."""
    file = io.StringIO()
    columns = tables[0].columns
    names = ["table", "run", "preset", "data", *_parts(columns)]
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
                for name, (column, part) in _parts(table.columns).items()
            },
        }
        for position, table in enumerate(tables, 1)
        for row in table.rows
    ]


def _parts(columns: Sequence[str]) -> dict[str, tuple[str, str]]:
    return {
        column if part == "value" else f"{column}_{part}": (column, part)
        for column in columns
        for part in PARTS
    }


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
