"""CSV files with a row per image: its pixels, and a label."""

import re
import warnings
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaelab.data.image_decoding import LARGEST_SIDE
from vaelab.data.reading import one_line, reading, refuse_web_page
from vaelab.errors import InputError
from vaelab.memory import require_memory

LARGEST_LINE = 16 * (LARGEST_SIDE**2 + 1)
"""Characters of a line: room for the names of columns. A file may have no line breaks at all."""

_MEMORY_ADVICE = "save the images as mapped .npy files, which may be larger than memory"
_BYTE_ORDER_MARK = r"\xef\xbb\xbf"  # as ASCII text
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


def first_row(path: Path) -> list[str]:
    """The cells of the first line, which may be a header.

    Raises:
        InputError: if the file cannot be read or is a web page.
    """
    with closing(_lines(path)) as lines:
        return _cells(next(lines, (0, ""))[1])


def is_header(cells: list[str]) -> bool:
    """Whether these cells of the first line are names of columns."""
    return all(cell.strip(" \"'")[:1].isalpha() for cell in (cells[0], cells[-1]))


def read_table(
    path: Path, limits: NDArray[np.int64], label_column: int | None = 0
) -> NDArray[np.int32]:
    """Read a row per image: pixels, and a label in one column. The header line is optional.

    Args:
        path: of the file.
        limits: the largest value of each column; the smallest is 0.
        label_column: the column of the label, or None if there is none.

    Raises:
        InputError: naming the file, the line, the column, what was expected and what was found.
    """
    numpy_fault = "not a table of whole numbers"
    with reading(path):
        size = path.stat().st_size
    # A cell has at least one character and a comma, and becomes four bytes.
    require_memory(2 * size, f"{path}: a table of {size:,} bytes", _MEMORY_ADVICE)
    try:
        with closing(_rows(path)) as rows, warnings.catch_warnings():
            # numpy only warns about an empty table and about floats in place of whole numbers.
            warnings.simplefilter("error")
            lines = (line for _, line in rows)
            table = np.loadtxt(lines, np.int32, delimiter=",", comments=None, ndmin=2)
        is_good = table.shape[1] == len(limits) and bool(((table >= 0) & (table <= limits)).all())
    except InputError:
        raise
    except (ValueError, Warning) as error:
        is_good, numpy_fault = False, one_line(error)
    if not is_good:
        fault = _first_fault(path, limits, label_column)
        raise InputError(f"{path}{fault or ': ' + numpy_fault}")
    return table


def _rows(path: Path) -> Generator[tuple[int, str], None, None]:
    """The rows without the header and blank lines, each with its line number from 1."""
    for number, line in _lines(path):
        if line.strip() and not (number == 1 and is_header(_cells(line))):
            yield number, line


def _lines(path: Path) -> Generator[tuple[int, str], None, None]:
    # ASCII only, because other characters make numpy's parser of integers read out of bounds.
    with reading(path), path.open(encoding="ascii", errors="backslashreplace") as file:
        parts = iter(lambda: file.readline(LARGEST_LINE + 1), "")
        for number, line in enumerate(parts, 1):
            if len(line) > LARGEST_LINE or line.count(",") > LARGEST_SIDE**2:
                raise InputError(
                    f"{path} line {number}: expected at most {LARGEST_SIDE**2 + 1:,} cells and "
                    f"{LARGEST_LINE:,} characters (an image of {LARGEST_SIDE} x {LARGEST_SIDE} "
                    "pixels and its label), found more; write a line per image"
                )
            if number == 1:
                line = line.removeprefix(_BYTE_ORDER_MARK)
                refuse_web_page(path, line[:512].encode())
            yield number, line


def _cells(line: str) -> list[str]:
    return line.rstrip("\n").split(",")


def _first_fault(path: Path, limits: NDArray[np.int64], label_column: int | None) -> str:
    """Find the first invalid cell, which numpy does not name; "" if all cells are valid."""
    what = "pixels" if label_column is None else "a label and pixels"
    columns = f"{len(limits)} columns ({what})"
    valid_pixels = {str(value) for value in range(256)}
    number = 0
    for number, line in _rows(path):
        cells = _cells(line)
        if len(cells) != len(limits):
            return f" line {number}: expected {columns}, found {len(cells)}"
        if valid_pixels.issuperset(cells) and (
            label_column is None or int(cells[label_column]) <= limits[label_column]
        ):
            continue
        for column, (cell, limit) in enumerate(zip(cells, limits, strict=True)):
            # numpy and `strip` accept more kinds of white space than `int` does.
            if not (_WHOLE_NUMBER.fullmatch(cell.strip()) and 0 <= int(cell.strip()) <= limit):
                what = "label" if column == label_column else "pixel"
                return (
                    f" line {number}, column {column + 1}: expected a {what} from 0 to {limit}, "
                    f"found {cell[:20]!r}"
                )
    if number == 0:
        return f" has no rows, expected {columns} in each"
    return ""
