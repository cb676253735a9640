"""Numbers, paths and names as a reader is to see them."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

# Decimals by the beginning of a unit; anything else has four significant digits.
DECIMALS = {
    "nats": 2,
    "dB": 2,
    "bits": 3,
    "dimensions": 0,
    "of 20 draws": 1,
    "squared feature distance": 3,
    "squared kernel distance": 5,
    "squared grey level": 5,
    "squared error": 2,
    "of ": 3,
}

# What follows a space, a quote or a bracket and begins like the path of a file.
_ABSOLUTE = r"(?<![\w:/\\.~])(?:~|[A-Za-z]:)?[/\\](?=[^\s/\\])"
_PATH = re.compile(_ABSOLUTE + r"[^\s:;,'\"()<>]*")
_PLACE = re.compile(r"\s+(?:in|from|at|under)\s+['\"]?" + _ABSOLUTE + r".*$", re.DOTALL)


def finite(value: Any) -> float | None:
    """A number, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def number(value: float | None, unit: str = "") -> str:
    """A number in as many decimals as its unit deserves; shares in percent, without the sign."""
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


def with_unit(value: float | None, unit: str) -> str:
    """A number and its unit, as in a sentence."""
    text = number(value, unit)
    if not text:
        return ""
    if unit == "share":
        return f"{text}\u00a0%"
    # "nats, k = 20": how it was taken is told where the number is defined.
    short = unit.partition(",")[0]
    return f"{text}\u00a0{short}" if short in ("nats", "dB", "dimensions") else text


def unit_label(unit: str) -> str:
    """A unit as the head of a column says it."""
    return "%" if unit == "share" else unit


def _signed(text: str) -> str:
    """With a minus, not a hyphen; no minus before nothing."""
    if text.startswith("-"):
        digits = text[1:]
        return digits if not re.search("[1-9]", digits) else f"\u2212{digits}"
    return text


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number of things: `1 run`, `3 runs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(items: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(items)
    return f"{', '.join(most)} and {last}" if most else last


def source_in_words(source: str) -> str:
    """Where images came from, without the place on the machine where they lay."""
    return without_paths(_PLACE.sub("", source)).strip()


def without_paths(text: str) -> str:
    """A text in which each absolute path has become the name at its end."""
    return _PATH.sub(lambda match: re.split(r"[/\\]", match[0].rstrip("/\\."))[-1], text)


def slugs(names: Sequence[str]) -> list[str]:
    """A name for each that is safe in paths and URLs, [a-z0-9-]+, each once."""
    taken: set[str] = set()
    found = []
    for name in names:
        base = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") or "run"
        slug, count = base, 1
        while slug in taken:
            count += 1
            slug = f"{base}-{count}"
        taken.add(slug)
        found.append(slug)
    return found
