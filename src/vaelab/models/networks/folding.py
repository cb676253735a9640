"""Squares of pixels folded into channels, and back: sizes, padding and what cannot be halved."""

import math

from vaelab.errors import InputError
from vaelab.formatting import counted
from vaelab.models.image_shape import ImageShape

FOLD = 2
"""Pixels of the side of a square."""


def folded_sizes(halvings: int, shape: ImageShape) -> list[tuple[int, int]]:
    """Rows and columns after each halving; the image is padded so that each is exact.

    Raises:
        InputError: if the last halving has nothing left to halve.
    """
    most = max(shape.height, shape.width, 2) - 1
    if halvings > most.bit_length():
        raise InputError(
            f"images of {shape.height} x {shape.width} pixels cannot be halved "
            f"{counted(halvings, 'time')}, once for each entry of channels; give channels at most "
            f"{counted(most.bit_length(), 'entry', 'entries')}"
        )
    scale = FOLD**halvings
    rows, columns = (math.ceil(each / scale) for each in (shape.height, shape.width))
    return [
        (rows * FOLD**remaining, columns * FOLD**remaining)
        for remaining in reversed(range(halvings))
    ]


def padding(halvings: int, shape: ImageShape) -> tuple[int, int, int, int]:
    """Columns and rows of zeros, left, right, above and below, that make every halving exact."""
    rows, columns = folded_sizes(halvings, shape)[0]
    return 0, FOLD * columns - shape.width, 0, FOLD * rows - shape.height
