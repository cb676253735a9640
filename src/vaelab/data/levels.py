"""Pixel values of any range as the 8-bit levels 0 to 255, by one rule for all images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.errors import InputError

TWELVE_BITS, SIXTEEN_BITS = 4095, 65535

HALF_LEVEL = 1 / 510
"""Half of an 8-bit step in [0, 1]. A smaller excess over [0, 1] comes from rounding."""


@dataclass(frozen=True, slots=True)
class LevelMapping:
    """How pixel values become 8-bit levels.

    Attributes:
        factor: that values are multiplied by.
        note: the range that was found and how it is mapped, for the user.
    """

    factor: float
    note: str

    def apply(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """The levels, rounded to whole numbers."""
        if self.factor == 1 and values.dtype.kind in "iu":
            return values.astype(np.uint8, copy=False)  # mapped files stay mapped
        scaled = np.multiply(values, np.float32(self.factor), dtype=np.float32)
        levels: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
        return levels


def integer_mapping(where: str, low: int, high: int) -> LevelMapping:
    """The mapping of whole numbers, chosen by the range of all images.

    Args:
        where: what the values are, at the start of the note and of error messages.
        low: the smallest value.
        high: the largest value.

    Raises:
        InputError: if a value is negative or above 65535.
    """
    found = f"{where}: pixel values from {low} to {high}"
    if low < 0 or high > SIXTEEN_BITS:
        raise InputError(f"{found}; expected whole numbers from 0 to {SIXTEEN_BITS}")
    if high == 1:
        return LevelMapping(255, f"{found}, 0 and 1 mapped to 0 and 255")
    if high <= 255:
        return LevelMapping(1, f"{found}, used as 8-bit values")
    bits, limit = (12, TWELVE_BITS) if high <= TWELVE_BITS else (16, SIXTEEN_BITS)
    return LevelMapping(
        255 / limit, f"{found}, taken as {bits}-bit values and scaled by 255/{limit}"
    )


def float_mapping(where: str, low: float, high: float) -> LevelMapping:
    """The mapping of floats: in [0, 1] they are multiplied by 255, in [0, 255] only rounded.

    An excess that comes from rounding is clipped.

    Args:
        where: what the values are, at the start of the note and of error messages.
        low: the smallest value.
        high: the largest value.

    Raises:
        InputError: if a value is outside [0, 255] or not a number.
    """
    found = f"{where}: pixel values from {low:g} to {high:g}"
    if not (low >= -HALF_LEVEL and high <= 255):
        raise InputError(f"{found}; expected floats in [0, 1] or in [0, 255]")
    if high <= 1 + HALF_LEVEL:
        return LevelMapping(255, f"{found}, multiplied by 255 and rounded")
    return LevelMapping(1, f"{found}, rounded to 8-bit values")
