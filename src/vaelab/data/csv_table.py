"""R5's form of Fashion-MNIST: a row per image, its label, then its pixels, line by line of it."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaelab.data.reading import reading, refuse_web_page
from vaelab.errors import InputError


def read_table(
    path: Path, height: int, width: int, class_count: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (N, 1, H, W) and labels (N); a header line may be there or not.

    Raises:
        InputError: naming the file, the line, what was expected and what was found.
    """
    with reading(path):
        content = path.read_bytes()
    refuse_web_page(path, content[:512])
    header_lines = 0 if content[:1].isdigit() else 1
    columns = 1 + height * width
    try:
        table = np.loadtxt(
            io.BytesIO(content), np.int16, delimiter=",", skiprows=header_lines, ndmin=2
        )
        is_good = (
            table.shape[1] == columns
            and len(table) > 0
            and table.min() >= 0
            and table.max() <= 255
            and table[:, 0].max() < class_count
        )
    except (ValueError, OverflowError):
        is_good = False
    if not is_good:
        raise _first_fault(path, content, columns, class_count, header_lines)
    images = table[:, 1:].astype(np.uint8).reshape(-1, 1, height, width)
    return images, table[:, 0].astype(np.int64)


def _first_fault(
    path: Path, content: bytes, columns: int, class_count: int, header_lines: int
) -> InputError:
    """Go through the rows slowly, as the fast way only says that something is wrong."""
    rows = csv.reader(io.StringIO(content.decode("utf-8", "replace")))
    try:
        for line, row in enumerate(rows, 1):
            if line <= header_lines or not row:
                continue
            if len(row) != columns:
                return InputError(
                    f"{path} line {line}: {len(row)} columns, expected {columns} "
                    f"(label, then {columns - 1} pixels)"
                )
            for column, text in enumerate(row, 1):
                limit = class_count - 1 if column == 1 else 255
                if not (text.strip().isdecimal() and int(text) <= limit):
                    what = "label" if column == 1 else "pixel"
                    return InputError(
                        f"{path} line {line}, column {column}: {what} {text[:20]!r}, "
                        f"expected a whole number from 0 to {limit}"
                    )
    except csv.Error as error:
        return InputError(f"{path}: not a table of comma-separated values ({error})")
    return InputError(f"{path} holds no rows of {columns} columns (label, then pixels)")
