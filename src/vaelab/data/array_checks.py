"""Checks and conversions of a user's arrays, shared by all sources that read arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.errors import InputError, note

_ROUNDING_ERROR = 0.01
"""Of 8-bit values that were divided by 255 in low precision and multiplied again."""


def as_images(where: str, name: str, images: NDArray[Any]) -> NDArray[np.uint8]:
    """Images (N, C, H, W) from (N, H, W), (N, C, H, W) or (N, H, W, C).

    In an array of four axes, two adjacent axes of equal size are height and width. Where that does
    not decide, the shorter of the second and the last axis is the channels, and the second if they
    are equal.

    Args:
        where: the start of error messages.
        name: of the array.
        images: uint8.

    Raises:
        InputError: on another type or shape.
    """
    if images.dtype != np.uint8:
        raise InputError(
            f"{where}: {name}: expected uint8 from 0 to 255, found {images.dtype}; convert floats "
            "in [0, 1] with (255 * images).round().astype('uint8')"
        )
    if images.ndim not in (3, 4) or not images.size:
        raise InputError(
            f"{where}: {name}: expected images (N, H, W), (N, C, H, W) or (N, H, W, C), "
            f"found {images.shape}"
        )
    if images.ndim == 3:
        images = images[:, None]
    elif has_channels_last(images.shape):
        images = images.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(images)


def has_channels_last(shape: tuple[int, ...]) -> bool:
    """Whether four axes are (N, H, W, C) by the rule of `as_images`."""
    _, second, third, last = shape
    if third == last:
        return False
    return second == third or last < second


def to_8_bit(where: str, name: str, images: NDArray[Any]) -> NDArray[Any]:
    """Floats in [0, 1] as uint8; other arrays unchanged.

    Raises:
        InputError: if a float is outside [0, 1] or not a number.
    """
    if images.dtype.kind != "f" or not images.size:
        return images
    if not ((images >= 0) & (images <= 1)).all():
        raise InputError(
            f"{where}: {name}: expected floats in [0, 1] or uint8 from 0 to 255, found "
            f"{images.dtype} from {images.min():g} to {images.max():g}"
        )
    levels = 255 * images
    rounded = np.rint(levels)
    if np.abs(levels - rounded).max() > _ROUNDING_ERROR:
        note(f"{where}: {name} were rounded to 8 bits, so some values changed by up to 1/510")
    eight_bit: NDArray[np.uint8] = rounded.astype(np.uint8)
    return eight_bit


def as_labels(where: str, name: str, labels: NDArray[Any], image_count: int) -> NDArray[np.int64]:
    """Labels (N), one per image.

    Raises:
        InputError: on another type or length.
    """
    if labels.dtype.kind not in "iu" or labels.shape != (image_count,):
        raise InputError(
            f"{where}: {name}: expected {image_count} whole numbers, one per image, found "
            f"{labels.dtype} {labels.shape}"
        )
    return labels.astype(np.int64)


def as_class_names(
    where: str, names: NDArray[Any] | None, labels: NDArray[np.int64]
) -> tuple[str, ...]:
    """The given names, or "0", "1", ... up to the highest label.

    Raises:
        InputError: if the names are not a list of strings, or if there are no names and a label is
            larger than the number of images.
    """
    if names is not None:
        if names.dtype.kind != "U" or names.ndim != 1:
            raise InputError(
                f"{where}: class_names: expected a list of strings, found {names.dtype} "
                f"{names.shape}"
            )
        return tuple(map(str, names))
    highest = int(labels.max())
    if highest >= len(labels):
        raise InputError(
            f"{where}: labels: expected classes numbered from 0, found {highest} among "
            f"{len(labels)} labels; renumber them or give class_names"
        )
    return tuple(map(str, range(highest + 1)))
