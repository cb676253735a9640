"""Printing on standard output."""

import json
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaelab.errors import note

if TYPE_CHECKING:
    from vaelab.data import Dataset

from vaelab.cli.streams import writing_output

# Narrower terminals get lines of this width too.
MIN_WIDTH = 60


def print_text(text: str, end: str = "\n") -> None:
    """Print text."""
    with writing_output():
        print(text, end=end)  # noqa: T201


def print_paths(paths: Sequence[Path]) -> None:
    """Print paths, one per line."""
    for path in paths:
        print_text(str(path))


def print_data(dataset: "Dataset") -> None:
    """Print where a data set comes from and how it was understood."""
    print_text(f"{dataset.name}: {dataset.source}")
    for line in dataset.notes:
        print_text(f"  {line}")


def note_data(dataset: "Dataset") -> None:
    """Print how a data set was understood, on standard error."""
    for line in dataset.notes:
        note(f"data: {line}")


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print_text(json.dumps(value, indent=2))


def two_columns(rows: Mapping[str, str], width: int | None = None) -> str:
    """Names and descriptions side by side, wrapped to the width of the terminal."""
    width = max(MIN_WIDTH, width or shutil.get_terminal_size().columns)
    left = min(max(map(len, rows), default=0), width // 3) + 4
    lines = []
    for name, text in rows.items():
        start = f"  {name:<{left - 2}}" if len(name) + 2 < left else f"  {name}\n{' ' * left}"
        wrapped = textwrap.wrap(text, width - left) or [""]
        lines.append((start + f"\n{' ' * left}".join(wrapped)).rstrip())
    return "\n".join(lines)
