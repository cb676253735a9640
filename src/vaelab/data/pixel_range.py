"""What the numbers of images in arrays mean, decided over all images of a set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.data.levels import HALF_LEVEL, SIXTEEN_BITS, LevelMapping, integer_mapping
from vaelab.errors import InputError

_ROUNDING_ERROR = 0.01
"""Of whole numbers that were divided by 255 in low precision and multiplied again."""

_BLOCK = 1 << 18
"""Numbers that are converted to 64-bit floats at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelRange:
    """The numbers of all images of a set.

    Attributes:
        names: of the arrays, for messages.
        dtype: of the images; the common one of several arrays.
        low: the smallest number.
        high: the largest number.
        is_whole: whether all are whole numbers, but for rounding.
        is_8_bit: whether 255 times each is a whole number, but for rounding.
    """

    names: str
    dtype: np.dtype[Any]
    low: float
    high: float
    is_whole: bool
    is_8_bit: bool

    @property
    def is_unit(self) -> bool:
        """Whether these are floats in [0, 1], but for rounding."""
        return self.dtype.kind == "f" and self.low >= -HALF_LEVEL and self.high <= 1 + HALF_LEVEL

    def __str__(self) -> str:
        return f"{self.dtype} from {self.low:.9g} to {self.high:.9g}"


def find_mapping(where: str, found: PixelRange) -> LevelMapping:
    """The mapping to 8-bit levels; its note is empty for 8-bit values and for floats in [0, 1].

    Whole numbers have 1, 8, 12 or 16 bits, whatever the type of the array.

    Args:
        where: the start of error messages.
        found: the numbers.

    Raises:
        InputError: on other numbers; the message contains code that maps them to [0, 1].
    """
    if found.is_unit:
        is_rounded = found.low < 0 or found.high > 1
        return LevelMapping(255, f"{found.names}: {found}, clipped to [0, 1]" if is_rounded else "")
    low, high = round(found.low), round(found.high)
    if not (found.is_whole and low >= 0 and high <= SIXTEEN_BITS):
        raise InputError(
            f"{where}: {found.names}: expected whole numbers from 0 to {SIXTEEN_BITS} or floats in "
            f"[0, 1], found {found}{_advice(found)}"
        )
    mapping = integer_mapping(found.names, low, high)
    if mapping.factor == 1 and 0 < high < 128:
        return LevelMapping(
            1, f"{mapping.note}, so all are dark; if {high} is white, use `images / {high}`"
        )
    is_plain = mapping.factor == 1 and found.dtype == np.uint8
    return LevelMapping(1, "") if is_plain else mapping


def find_range(where: str, images: Mapping[str, NDArray[Any]]) -> PixelRange:
    """The numbers of all images of a set.

    Args:
        where: the start of error messages.
        images: by the name of their array; none is empty.

    Raises:
        InputError: if they are not finite numbers, or if the arrays have different scales.
    """
    ranges = [_range_of(where, name, array) for name, array in images.items()]
    fractions = [each for each in ranges if each.is_unit and not each.is_whole]
    levels = [each for each in ranges if each.high > 1 + HALF_LEVEL]
    if fractions and levels:
        raise InputError(
            f"{where}: expected one scale of all images, found {fractions[0].names} of "
            f"{fractions[0]} and {levels[0].names} of {levels[0]}; map both to [0, 1]"
        )
    return PixelRange(
        names=" and ".join(images),
        dtype=np.result_type(*(each.dtype for each in ranges)),
        low=min(each.low for each in ranges),
        high=max(each.high for each in ranges),
        is_whole=all(each.is_whole for each in ranges),
        is_8_bit=all(each.is_8_bit for each in ranges),
    )


def _range_of(where: str, name: str, images: NDArray[Any]) -> PixelRange:
    if images.dtype.kind not in "buif":
        raise InputError(
            f"{where}: {name}: expected numbers, found {images.dtype}; images of several sizes "
            "must be resized to one"
        )
    precision = float(np.finfo(images.dtype).eps) if images.dtype.kind == "f" else 0.0
    low, high, off_whole, off_level = np.inf, -np.inf, 0.0, 0.0
    for start, block in _blocks(images):
        numbers = block.astype(np.float64)
        finite = np.isfinite(numbers)
        if not finite.all():
            first = np.flatnonzero(~finite)[0] // (block.size // len(block))
            raise InputError(
                f"{where}: {name}: expected numbers, found NaN or infinity, first in image "
                f"{start + first}"
            )
        low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
        off_whole = max(off_whole, _distance_from_whole(numbers))
        off_level = max(off_level, _distance_from_whole(255 * numbers))
        if images.dtype == np.uint8 and high >= 128:  # the rest does not matter
            break
    return PixelRange(
        names=name,
        dtype=images.dtype,
        low=low,
        high=high,
        is_whole=off_whole <= _ROUNDING_ERROR,
        is_8_bit=off_level <= max(_ROUNDING_ERROR, 255 * precision),
    )


def _blocks(images: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Some images at a time, with the index of the first."""
    step = max(1, _BLOCK // (images.size // len(images)))
    for start in range(0, len(images), step):
        yield start, images[start : start + step]


def _distance_from_whole(numbers: NDArray[np.float64]) -> float:
    return float(np.abs(numbers - np.rint(numbers)).max())


def _advice(found: PixelRange) -> str:
    """Code that maps the numbers to [0, 1]."""
    if found.low == found.high:
        return ""
    if found.low > -0.5 and found.high < 1.5:
        return "; if few are outside, clip them with `images.clip(0, 1)`"
    black, white = _likely_black_and_white(found)
    shift = f" {'-' if black > 0 else '+'} {abs(black)!r}" if black else ""
    return (
        f"; `(images.astype('float64'){shift}) / {white - black!r}` makes {black:.9g} black and "
        f"{white:.9g} white"
    )


def _likely_black_and_white(found: PixelRange) -> tuple[float, float]:
    if found.low >= -1 - HALF_LEVEL and found.high <= 1 + HALF_LEVEL:
        return -1.0, 1.0
    if found.low >= 0 and found.high <= 255:
        return 0.0, 255.0
    if found.dtype == np.int8:
        return -128.0, 127.0
    return found.low, found.high
