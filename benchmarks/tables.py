"""Medians and ranges of several rounds, and tables of them."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some rounds and their range."""

    median: float
    low: float
    high: float

    def text(self, form: str = ".2f") -> str:
        """The median, and the range in parentheses."""
        return f"{self.median:{form}} ({self.low:{form}} to {self.high:{form}})"

    def to_dict(self) -> dict[str, float]:
        """As JSON values."""
        return asdict(self)


def spread(values: Sequence[float]) -> Spread:
    """Median and range of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(above: Sequence[float | None], below: Sequence[float | None]) -> Spread | None:
    """Median and range of the ratios per round; None if no round has both values.

    A ratio within one round is not affected by slow drifts of the machine.
    """
    quotients = [
        a / b for a, b in zip(above, below, strict=True) if a is not None and b is not None
    ]
    return spread(quotients) if quotients else None


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (head, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"
