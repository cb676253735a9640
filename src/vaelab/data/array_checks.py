"""Checks and conversions of a user's arrays, shared by all sources that read arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.data.pixel_range import find_mapping, find_range
from vaelab.errors import InputError

Labels = NDArray[Any]
"""int64 or text."""


def channels_first(where: str, name: str, images: NDArray[Any]) -> NDArray[Any]:
    """Images (N, C, H, W) from (N, H, W), (N, C, H, W) or (N, H, W, C), as a view.

    In an array of four axes, two adjacent axes of equal size are height and width. Where that does
    not decide, the shorter of the second and the last axis is the channels, and the second if they
    are equal.

    Args:
        where: the start of error messages.
        name: of the array.
        images: of any type.

    Raises:
        InputError: on another shape, or if there is no pixel.
    """
    if images.ndim not in (3, 4) or not images.size:
        raise InputError(
            f"{where}: {name}: expected images (N, H, W), (N, C, H, W) or (N, H, W, C), "
            f"found {images.shape}"
        )
    if images.ndim == 3:
        return images[:, None]
    return images.transpose(0, 3, 1, 2) if has_channels_last(images.shape) else images


def has_channels_last(shape: tuple[int, ...]) -> bool:
    """Whether four axes are (N, H, W, C) by the rule of `channels_first`."""
    _, second, third, last = shape
    if third == last:
        return False
    return second == third or last < second


def as_8_bit(
    where: str, images: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, NDArray[np.uint8]], tuple[str, ...]]:
    """All images of a set as 8-bit levels, and how their numbers were understood.

    Args:
        where: the start of error messages.
        images: by the name of their array; none is empty.

    Returns:
        The levels by name, contiguous and writable, and notes; there are none on 8-bit values and
        on floats that are 8-bit values divided by 255.

    Raises:
        InputError: on numbers that cannot be mapped; see `find_mapping`.
    """
    found = find_range(where, images)
    mapping = find_mapping(where, found)
    notes = [mapping.note] if mapping.note else []
    if found.is_unit and not found.is_8_bit:
        notes.append(f"{found.names}: rounded to 8 bits, so some values changed by up to 1/510")
    # torch takes no read-only arrays.
    levels = {
        name: np.require(mapping.apply(array), requirements=("C", "W"))
        for name, array in images.items()
    }
    return levels, tuple(notes)


def as_labels(where: str, name: str, labels: NDArray[Any], image_count: int) -> Labels:
    """Labels (N), one per image: whole numbers, or text.

    The given shape may also be (N, 1), or (N, K) with a single 1 per row, whose column is the
    class.

    Raises:
        InputError: on another type or shape.
    """
    flat = _single_axis(where, name, labels)
    if flat.shape != (image_count,):
        raise InputError(
            f"{where}: {name}: expected {image_count} labels, one per image, found {labels.dtype} "
            f"{labels.shape}"
        )
    if flat.dtype.kind == "S":
        return np.char.decode(flat, "utf-8", "replace")
    if flat.dtype.kind in "UT" or (
        flat.dtype.kind == "O" and all(isinstance(label, str) for label in flat)
    ):
        return flat.astype(np.str_)
    if not _are_whole(flat):
        raise InputError(
            f"{where}: {name}: expected whole numbers or text, one class per image, found "
            f"{labels.dtype}"
        )
    return flat.astype(np.int64)


def number_classes(
    where: str, labels: Mapping[str, Labels], class_names: tuple[str, ...]
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...], tuple[str, ...]]:
    """Number the classes of a set from 0.

    Without names, every value that occurs is a class, which it names. With names, a label is a name
    or its position. As many other numbers as names have these names in ascending order.

    Args:
        where: the start of error messages.
        labels: (N) of each split, by the name of their array.
        class_names: the given names, or none.

    Returns:
        The class numbers (N) of each split, the class names, and a note if labels were renumbered.

    Raises:
        InputError: if some labels are text and others numbers, or if a label has no name.
    """
    if len({array.dtype.kind for array in labels.values()}) > 1:
        raise InputError(
            f"{where}: {' and '.join(labels)}: expected all to be numbers, or all text"
        )
    values = np.unique(np.concatenate([*labels.values()]))
    classes, names = _classes(values, class_names)
    numbers = {name: _positions(where, name, array, classes) for name, array in labels.items()}
    is_plain = (
        bool(class_names)
        if classes.dtype.kind == "U"
        else np.array_equal(classes, np.arange(len(classes)))
    )
    note = (
        f"{' and '.join(labels)}: the classes {_shortened(classes)} are numbered from 0 to "
        f"{len(classes) - 1}"
    )
    return numbers, names, () if is_plain else (note,)


def _classes(values: Labels, class_names: tuple[str, ...]) -> tuple[Labels, tuple[str, ...]]:
    """The label of each class, in order, and the name of each class."""
    if not class_names:
        return values, tuple(map(str, values))
    if values.dtype.kind == "U":
        return np.array(class_names), class_names
    positions = np.arange(len(class_names))
    is_other = len(values) == len(positions)
    return values if is_other else positions, class_names


def _positions(where: str, name: str, labels: Labels, classes: Labels) -> NDArray[np.int64]:
    """The position of each label (N) among the classes."""
    outside = np.flatnonzero(~np.isin(labels, classes))
    if len(outside):
        raise InputError(
            f"{where}: {name}: label {labels[outside[0]]} of image {outside[0]} has no name; "
            f"expected one of {_shortened(classes)}"
        )
    ascending = np.argsort(classes, kind="stable")
    positions: NDArray[np.int64] = ascending[np.searchsorted(classes, labels, sorter=ascending)]
    return positions


def _shortened(classes: Labels) -> str:
    shown = [*map(str, classes)]
    return ", ".join(shown if len(shown) <= 6 else [*shown[:4], "...", shown[-1]])


def _single_axis(where: str, name: str, labels: NDArray[Any]) -> NDArray[Any]:
    """Labels (N) from (N, 1) or from one column per class; other shapes unchanged."""
    if labels.ndim != 2:
        return labels
    if labels.shape[1] == 1:
        return labels[:, 0]
    if not (np.isin(labels, (0, 1)).all() and (labels.sum(1) == 1).all()):
        raise InputError(
            f"{where}: {name}: expected one class per image, found {labels.dtype} {labels.shape}; "
            "leave out labels of another kind"
        )
    columns: NDArray[np.int64] = labels.argmax(1)
    return columns


def _are_whole(labels: NDArray[Any]) -> bool:
    """Whether all are whole numbers that fit into 64 bits with a sign."""
    if labels.dtype.kind == "f":
        return bool(
            (np.isfinite(labels) & (labels == np.rint(labels)) & (np.abs(labels) < 2**53)).all()
        )
    return labels.dtype.kind in "bi" or (
        labels.dtype.kind == "u" and bool((labels <= np.iinfo(np.int64).max).all())
    )
