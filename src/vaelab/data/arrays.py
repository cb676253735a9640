"""A data set from numpy arrays; the common part of all sources that read arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.array_checks import as_class_names, as_images, as_labels, to_8_bit
from vaelab.data.constant_images import warn_of_constant_images
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.splits import with_test_images
from vaelab.errors import InputError

ARRAY_NAMES = ("images", "labels", "class_names", "test_images", "test_labels")


def dataset(
    images: NDArray[Any],
    labels: NDArray[Any] | Sequence[int] | None = None,
    *,
    test_images: NDArray[Any] | None = None,
    test_labels: NDArray[Any] | Sequence[int] | None = None,
    name: str = "arrays",
    class_names: Sequence[str] = (),
) -> Dataset:
    """Make a data set from arrays in memory.

    Images have any size and any number of channels. Their shape is (N, H, W), (N, C, H, W) or
    (N, H, W, C); for the last two see `vaelab.data.array_checks.as_images`.

    Args:
        images: training images, uint8 from 0 to 255 or floats in [0, 1]. Floats are rounded to 8
            bits, with a note on standard error if that changes them.
        labels: (N,), the class of each training image, whole numbers from 0.
        test_images: test images. Without them a tenth of the images of each class is set aside.
        test_labels: (N,), the class of each test image.
        name: the name to show in results.
        class_names: one name per class; by default "0", "1", ...

    Returns:
        The data set, to pass as `dataset=` to `fit` and `load_run`.

    Raises:
        InputError: if an array has another type, shape or range.
    """
    given = {
        "images": images,
        "labels": labels,
        "class_names": class_names or None,
        "test_images": test_images,
        "test_labels": test_labels,
    }
    where = "vaelab.dataset"
    arrays = {key: np.asarray(value) for key, value in given.items() if value is not None}
    for key in ("images", "test_images"):
        if key in arrays:
            arrays[key] = to_8_bit(where, key, arrays[key])
    made = build_dataset(arrays, where=where, name=name, source="arrays in memory")
    warn_of_constant_images(made)
    return replace(made, is_in_memory=True)


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
    arrays: Mapping[str, NDArray[Any]], *, where: str, name: str, source: str, split_seed: int = 0
) -> Dataset:
    """Check arrays and make a data set of them.

    Args:
        arrays: those of `ARRAY_NAMES` that exist; "images" is required.
        where: the start of error messages, such as the path of a file.
        name: of the data set.
        source: where the arrays come from, for the user.
        split_seed: of the random choice of test images, if there is no "test_images".

    Raises:
        InputError: naming the array, what was expected and what was found.
    """
    has_test = "test_images" in arrays
    images = [
        as_images(where, key, arrays[key]) for key in ("images", "test_images")[: 1 + has_test]
    ]
    labels, class_names = _labels(arrays, where, [len(part) for part in images])
    train, *test = (
        ImageData(name=name, images=pixels, labels=part, class_names=class_names)
        for pixels, part in zip(images, labels, strict=True)
    )
    return with_test_images(train, *test, source=source, split_seed=split_seed)


def _labels(
    arrays: Mapping[str, NDArray[Any]], where: str, counts: list[int]
) -> tuple[Sequence[NDArray[np.int64] | None], tuple[str, ...]]:
    """The labels of training images and, if there are any, of test images; and the class names."""
    expected = ["labels", "test_labels"][: len(counts)]
    found = [key for key in ("labels", "test_labels") if key in arrays]
    if not found:
        return [None] * len(counts), ()
    if found != expected:
        raise InputError(
            f"{where}: expected {' and '.join(expected)}, or no labels; found {', '.join(found)}"
        )
    labels = [
        as_labels(where, key, arrays[key], count)
        for key, count in zip(expected, counts, strict=True)
    ]
    return labels, as_class_names(where, arrays.get("class_names"), np.concatenate(labels))


def load(_config: DataConfig, _data_dir: Path | None = None) -> Dataset:
    """Refuse to load arrays, which exist only in the Python process that made them.

    Raises:
        InputError: always.
    """
    raise InputError(
        "the data set 'arrays' exists only in the Python process that made it; make it again with "
        "vaelab.dataset(...) and pass dataset= to vaelab.fit or vaelab.load_run"
    )
