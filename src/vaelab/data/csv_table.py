"""The CSV form of Fashion-MNIST: one row per image, the label and then the pixels."""

import re
import warnings
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaelab.data.reading import one_line, reading, refuse_web_page
from vaelab.errors import InputError

_BYTE_ORDER_MARK = r"\xef\xbb\xbf"  # as ASCII text
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


def read_table(
    path: Path, height: int, width: int, class_count: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read images (N, 1, H, W) and labels (N); the header line is optional.

    Raises:
        InputError: naming the file, the line, the column, what was expected and what was found.
    """
    limits = np.full(1 + height * width, 255)
    limits[0] = class_count - 1
    numpy_fault = "not a table of whole numbers"
    try:
        with closing(_rows(path)) as rows, warnings.catch_warnings():
            # numpy only warns about an empty table and about floats in place of whole numbers.
            warnings.simplefilter("error")
            lines = (line for _, line in rows)
            table = np.loadtxt(lines, np.int16, delimiter=",", comments=None, ndmin=2)
        is_good = table.shape[1] == len(limits) and bool(((table >= 0) & (table <= limits)).all())
    except InputError:
        raise
    except (ValueError, Warning) as error:
        is_good, numpy_fault = False, one_line(error)
    if not is_good:
        raise InputError(f"{path}{_first_fault(path, limits) or ': ' + numpy_fault}")
    images = table[:, 1:].astype(np.uint8).reshape(-1, 1, height, width)
    return images, table[:, 0].astype(np.int64)


def _rows(path: Path) -> Generator[tuple[int, str], None, None]:
    """The rows without the header, each with its line number from 1."""
    # ASCII only, because other characters make numpy's parser of integers read out of bounds.
    with reading(path), path.open(encoding="ascii", errors="backslashreplace") as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                line = line.removeprefix(_BYTE_ORDER_MARK)
                refuse_web_page(path, line[:512].encode())
                if line.lstrip(" \"'").lower().startswith("label"):
                    continue
            if line.strip():
                yield number, line


def _first_fault(path: Path, limits: NDArray[np.int64]) -> str:
    """Find the first invalid cell, which numpy does not name; "" if all cells are valid."""
    valid_pixels = {str(value) for value in range(256)}
    number = 0
    for number, line in _rows(path):
        cells = line.rstrip("\n").split(",")
        if len(cells) != len(limits):
            return (
                f" line {number}: expected {len(limits)} columns (label, then "
                f"{len(limits) - 1} pixels), found {len(cells)}"
            )
        if valid_pixels.issuperset(cells) and int(cells[0]) <= limits[0]:
            continue
        for column, (cell, limit) in enumerate(zip(cells, limits, strict=True), 1):
            # numpy and `strip` accept more kinds of white space than `int` does.
            if not (_WHOLE_NUMBER.fullmatch(cell.strip()) and 0 <= int(cell.strip()) <= limit):
                what = "label" if column == 1 else "pixel"
                return (
                    f" line {number}, column {column}: expected a {what} from 0 to {limit}, "
                    f"found {cell[:20]!r}"
                )
    if number == 0:
        return f" has no rows, expected {len(limits)} columns (label, then pixels) in each"
    return ""
