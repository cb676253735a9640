"""A data set from numpy arrays; the common part of all sources that read arrays."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data import fashion_mnist
from vaelab.data.array_checks import as_8_bit, as_labels, channels_first, number_classes
from vaelab.data.constant_images import warn_of_constant_images
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.reading import one_line
from vaelab.data.splits import with_test_images
from vaelab.errors import InputError, note

NamedArrays = Mapping[str, tuple[str, NDArray[Any]]]
"""Arrays by what they are, a key of `ARRAY_NAMES`, each with the name that the user gave it."""

Values = NDArray[Any] | Sequence[Any]

SPLITS = ("train", "validation", "test")

ARRAY_NAMES = {
    "train_images": ("images", "train_images", "x_train", "x", "arr_0"),
    "train_labels": ("labels", "train_labels", "y_train", "y", "arr_1"),
    "validation_images": ("validation_images", "val_images", "valid_images", "x_val", "x_valid"),
    "validation_labels": ("validation_labels", "val_labels", "valid_labels", "y_val", "y_valid"),
    "test_images": ("test_images", "x_test"),
    "test_labels": ("test_labels", "y_test"),
    "class_names": ("class_names",),
}
"""The names that each array may have: vaelab's, those of MedMNIST, Keras and numpy. Upper case is
lower case."""


def find_names(where: str, present: Collection[str]) -> dict[str, str]:
    """The name of each array of `ARRAY_NAMES` that is among those present.

    Raises:
        InputError: if two of them are the same array of `ARRAY_NAMES`.
    """
    found = {}
    for role, names in ARRAY_NAMES.items():
        matches = [name for name in present if name.lower() in names]
        if len(matches) > 1:
            raise InputError(
                f"{where}: found {' and '.join(map(repr, matches))}, which both name the "
                f"{role.replace('_', ' ')}; leave out all but one"
            )
        if matches:
            found[role] = matches[0]
    return found


def note_on_others(names: Collection[str]) -> tuple[str, ...]:
    """A note on the arrays that are not used, if there are any."""
    return (f"not used: {', '.join(map(repr, names))}",) if names else ()


def dataset(
    images: Values,
    labels: Values | None = None,
    *,
    validation_images: Values | None = None,
    validation_labels: Values | None = None,
    test_images: Values | None = None,
    test_labels: Values | None = None,
    name: str = "arrays",
    class_names: Values | None = None,
) -> Dataset:
    """Make a data set from arrays in memory.

    Images have any size and any number of channels. Their shape is (N, H, W), (N, C, H, W) or
    (N, H, W, C); for the last two see `vaelab.data.array_checks.channels_first`.

    Args:
        images: training images: whole numbers of 1, 8, 12 or 16 bits in an array of any type, or
            floats in [0, 1]. They become 8-bit values by one rule for all images, with a note on
            standard error if that is more than a conversion of 8-bit values.
        labels: (N,), (N, 1) or one column per class (N, K): the class of each training image, as
            whole numbers or text.
        validation_images: validation images. Without them they are chosen among the training
            images when a model is trained.
        validation_labels: like `labels`.
        test_images: test images. Without them a tenth of the images of each class is set aside.
        test_labels: like `labels`.
        name: the name to show in results.
        class_names: one name per class; none: the values of the labels.

    Returns:
        The data set, to pass as `dataset=` to `fit` and `load_run`.

    Raises:
        InputError: if an array has another type, shape or range.
    """
    given = {
        "images": images,
        "labels": labels,
        "validation_images": validation_images,
        "validation_labels": validation_labels,
        "test_images": test_images,
        "test_labels": test_labels,
        "class_names": class_names,
    }
    where = "vaelab.dataset"
    if name == fashion_mnist.NAME:
        raise InputError(f"{where}: the name {name!r} is that of published images; choose another")
    arrays = {
        role: (key, _as_array(where, key, given[key]))
        for role, key in find_names(where, given).items()
        if given[key] is not None
    }
    parts, notes = _read_parts(arrays, where, name)
    for line in notes:
        note(f"{where}: {line}")
    made = with_test_images(**parts, source="arrays in memory", split_seed=0, notes=notes)
    warn_of_constant_images(made)
    return replace(made, is_in_memory=True)


def _as_array(where: str, name: str, value: Any) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:  # lists of several sizes; GPU tensors
        raise InputError(f"{where}: {name}: expected an array ({one_line(error)})") from error


def as_dataset(images: "Dataset | NDArray[Any]") -> Dataset:
    """A data set as it is, or one made of an array of images; see `dataset`.

    Raises:
        InputError: on anything else.
    """
    if isinstance(images, Dataset):
        return images
    if isinstance(images, np.ndarray):
        return dataset(images)
    raise InputError(
        f"dataset= takes a vaelab.Dataset or a numpy array of images, found {type(images).__name__}"
        "; make one of other arrays with vaelab.dataset"
    )


def build_dataset(
    arrays: NamedArrays,
    *,
    where: str,
    name: str,
    source: str,
    split_seed: int,
    notes: tuple[str, ...] = (),
) -> Dataset:
    """Check arrays and make a data set of them.

    Args:
        arrays: those that exist; "train_images" is required.
        where: the start of error messages, such as the path of a file.
        name: of the data set.
        source: where the arrays come from, for the user.
        split_seed: of the random choice of test images, if there are none.
        notes: on the source.

    Raises:
        InputError: naming the array, what was expected and what was found.
    """
    parts, notes_on_arrays = _read_parts(arrays, where, name)
    return with_test_images(
        **parts, source=source, split_seed=split_seed, notes=notes + notes_on_arrays
    )


def _read_parts(
    arrays: NamedArrays, where: str, name: str
) -> tuple[dict[str, ImageData], tuple[str, ...]]:
    """The images of each split with their labels, and notes on how the arrays were understood."""
    splits = [split for split in SPLITS if f"{split}_images" in arrays]
    images = {
        key: channels_first(where, key, array)
        for key, array in (arrays[f"{split}_images"] for split in splits)
    }
    levels, notes = as_8_bit(where, images)
    by_split = dict(zip(splits, levels.values(), strict=True))
    counts = {split: len(array) for split, array in by_split.items()}
    labels, class_names, notes_on_labels = _labels(arrays, where, counts)
    parts = {
        split: ImageData(name=name, images=array, labels=labels.get(split), class_names=class_names)
        for split, array in by_split.items()
    }
    return parts, notes + notes_on_labels


def _labels(
    arrays: NamedArrays, where: str, counts: Mapping[str, int]
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...], tuple[str, ...]]:
    """The labels of each split, if there are any, the names of the classes, and notes."""
    expected = [f"{split}_labels" for split in counts]
    found = [role for role in ARRAY_NAMES if role.endswith("_labels") and role in arrays]
    if not found:
        return {}, (), ()
    if found != expected:
        raise InputError(
            f"{where}: expected {' and '.join(ARRAY_NAMES[role][0] for role in expected)}, or no "
            f"labels; found {', '.join(arrays[role][0] for role in found)}"
        )
    labels = {
        arrays[role][0]: as_labels(where, *arrays[role], count)
        for role, count in zip(expected, counts.values(), strict=True)
    }
    names = _class_names(where, *arrays["class_names"]) if "class_names" in arrays else ()
    numbers, names, notes = number_classes(where, labels, names)
    return dict(zip(counts, numbers.values(), strict=True)), names, notes


def _class_names(where: str, name: str, given: NDArray[Any]) -> tuple[str, ...]:
    if given.dtype.kind != "U" or given.ndim != 1:
        raise InputError(
            f"{where}: {name}: expected a list of strings, found {given.dtype} {given.shape}"
        )
    return tuple(map(str, given))


def load(_config: DataConfig, _data_dir: Path | None = None) -> Dataset:
    """Refuse to load arrays, which exist only in the Python process that made them.

    Raises:
        InputError: always.
    """
    raise InputError(
        "the data set 'arrays' exists only in the Python process that made it; make it again with "
        "vaelab.dataset(...) and pass dataset= to vaelab.fit or vaelab.load_run"
    )
