"""How numbers, counts, lists and text tables are written, on the command line and on pages."""

import math
import re
from collections.abc import Iterable, Sequence

from vaelab.names import text_width

# Decimals by the beginning of a unit; anything else has four significant digits.
DECIMALS = {
    "nats": 2,
    "dB": 2,
    "bits": 3,
    "dimensions": 0,
    "of 20 draws": 1,
    "squared feature distance": 3,
    "squared kernel distance": 5,
    "squared gray level": 5,
    "squared error": 2,
    "of ": 3,
}


def number(value: float | None, unit: str = "") -> str:
    """A number with the decimals of its unit; shares in percent, without the sign."""
    if value is None or not math.isfinite(value):
        return ""
    if value == 0:
        return "0"
    if unit == "share":
        return _signed(f"{100 * value:.1f}")
    for beginning, decimals in DECIMALS.items():
        if unit.startswith(beginning):
            return _signed(f"{value:,.{decimals}f}")
    return plain(value)


def plain(value: float) -> str:
    """A number in four significant digits, such as a setting."""
    text = f"{value:.4g}"
    mantissa, _, exponent = text.partition("e")
    return _signed(f"{mantissa} × 10^{int(exponent)}" if exponent else text)  # noqa: RUF001


def setting(text: str) -> str:
    """A setting's value: a number in four significant digits, any other text as it is."""
    try:
        return text if text.isdigit() else plain(float(text))
    except ValueError:
        return text


def with_unit(value: float | None, unit: str) -> str:
    """A number and its unit, as in a sentence."""
    text = number(value, unit)
    if not text:
        return ""
    if unit == "share":
        return f"{text}\u00a0%"
    # Of "nats, k = 20" only the unit is part of a sentence.
    short = unit.partition(",")[0]
    return f"{text}\u00a0{short}" if short in ("nats", "dB", "dimensions") else text


def unit_label(unit: str) -> str:
    """A unit as the head of a column, matching what `number` writes."""
    return "%" if unit == "share" else unit


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number of things: `1 run`, `3 runs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(items: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(items)
    return f"{', '.join(most)} and {last}" if most else last


def note_mark(note: str | None, notes: Sequence[str]) -> str:
    """The mark after a number that a note below the table belongs to; empty without a note."""
    return f" [{notes.index(note) + 1}]" if note else ""


def numbered_notes(notes: Sequence[str]) -> list[str]:
    """Notes with their marks."""
    return [f"{note_mark(note, notes).strip()} {note}" for note in notes]


def text_table(rows: Sequence[Sequence[str]], sides: str) -> str:
    """Rows of cells as lines of aligned text.

    Args:
        rows: the head, if there is one, and the lines below it.
        sides: one letter per column, `l` for left-aligned and `r` for right-aligned.
    """
    widths = [max(map(text_width, column)) for column in zip(*rows, strict=True)]

    def padded(cell: str, width: int, side: str) -> str:
        spaces = " " * (width - text_width(cell))
        return cell + spaces if side == "l" else spaces + cell

    return "\n".join("  ".join(map(padded, row, widths, sides)).rstrip() for row in rows)


def _signed(text: str) -> str:
    """The number with a minus sign instead of a hyphen; zero has no sign."""
    if text.startswith("-"):
        digits = text[1:]
        return digits if not re.search("[1-9]", digits) else f"\u2212{digits}"
    return text
