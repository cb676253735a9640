"""Samples made elsewhere: read from a file or a folder, or returned by a function.

Letters in shapes: N images, C channels, H height, W width.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaelab.config import DataConfig
from vaelab.data.arrays import note_on_others
from vaelab.data.given_images import (
    as_array,
    class_folders,
    class_positions,
    classes_of,
    image_files,
    in_unit_range,
    white_value,
)
from vaelab.data.image_files import read_image_files
from vaelab.data.npz_file import read_arrays
from vaelab.data.reading import numpy_fault, reading
from vaelab.errors import InputError, note
from vaelab.sampling import Samples

MIN_COUNT = 100


def read_samples(path: Path, shape: tuple[int, int, int], class_names: tuple[str, ...]) -> Samples:
    """Samples in an .npz (`images`, and `labels` if any), an .npy or a folder of images.

    For the numbers of images see `checked_samples`. In a folder, subfolders named by class, or
    numbered, make the samples conditional.

    Args:
        path: the file or folder.
        shape: channels, height and width of the data.
        class_names: of the data that the samples are compared with.

    Raises:
        InputError: with what was expected and what was found.
    """
    with reading(path):
        is_folder = path.stat() and path.is_dir()
    if is_folder:
        images, labels = _read_folder(path, class_names)
    elif path.suffix == ".npz":
        arrays, others = read_arrays(path, ("train_images", "train_labels"))
        for line in note_on_others(others):
            note(f"{path}: {line}")
        images, labels = arrays["train_images"][1], None
        if "train_labels" in arrays:
            given = arrays["train_labels"][1]
            labels = class_positions(given, len(images), class_names, str(path))
    elif path.suffix == ".npy":
        images, labels = _read_array(path), None
    else:
        raise InputError(f"{path}: samples are an .npz, an .npy or a folder of images")
    return checked_samples(images, labels, shape, len(class_names), str(path))


def made_samples(
    make: Callable[[NDArray[np.int64]], NDArray[Any] | Tensor],
    labels: NDArray[np.int64],
    shape: tuple[int, int, int],
    class_count: int,
    *,
    is_conditional: bool,
) -> Samples:
    """The images that a function returns for `labels`.

    Args:
        make: from class labels (N,) to images; an unconditional generator may ignore them.
        labels: to generate.
        shape: channels, height and width of each image.
        class_count: of the data.
        is_conditional: whether the images are evaluated by their labels.

    Raises:
        InputError: on another number of images than labels, or images that are no samples.
    """
    array = as_array(make(labels))
    if len(array) != len(labels):
        raise InputError(
            f"the generator was called with {len(labels)} labels and returned {len(array)} images"
        )
    given = labels if is_conditional else None
    return checked_samples(array, given, shape, class_count, "the generator")


def checked_samples(
    images: NDArray[Any],
    labels: NDArray[Any] | None,
    shape: tuple[int, int, int],
    class_count: int,
    source: str,
) -> Samples:
    """Images as samples: (N, C, H, W), (N, H, W, C), flat, or (N, H, W) where C is 1.

    Their numbers are mapped to [0, 1] by the rule for data sets, see `vaelab.dataset`, but floats
    are not rounded to 8 bits.

    Raises:
        InputError: on a wrong shape, range or kind of number, NaN, too few, or unknown classes.
    """
    laid_out = _channels_first(_in_unit_range(images, source), shape, source)
    if len(laid_out) < MIN_COUNT:
        raise InputError(
            f"{source}: expected at least {MIN_COUNT} samples, found {len(laid_out)}; "
            "use as many as there are test images for a fair comparison"
        )
    if labels is not None:
        _require_labels(labels, len(laid_out), class_count, source)
    return Samples(
        torch.from_numpy(laid_out),
        None if labels is None else torch.from_numpy(labels.astype(np.int64)),
        source,
    )


def _require_labels(labels: NDArray[Any], count: int, class_count: int, source: str) -> None:
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise InputError(
            f"{source}: expected one integer label per image, ({count},), "
            f"found {labels.dtype} {labels.shape}"
        )
    if labels.min() < 0 or labels.max() >= class_count:
        raise InputError(
            f"{source}: labels must lie in 0 to {class_count - 1}, "
            f"found {labels.min()} to {labels.max()}"
        )


def _in_unit_range(images: NDArray[Any], source: str) -> NDArray[np.float32]:
    if not images.size:
        raise InputError(f"{source}: expected images, found an empty array of {images.shape}")
    return in_unit_range(images, white_value([images], source))


def _channels_first(
    images: NDArray[np.float32], shape: tuple[int, int, int], source: str
) -> NDArray[np.float32]:
    channels, height, width = shape
    if images.shape[1:] == (height, width) and channels == 1:
        return images[:, None]
    if images.shape[1:] == (height, width, channels):
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    if images.shape[1:] == shape:
        return images
    if images.shape[1:] == (channels * height * width,):
        return images.reshape(-1, *shape)
    raise InputError(
        f"{source}: expected images of {shape} (channels, height, width), "
        f"found an array of {images.shape}"
    )


def _read_array(path: Path) -> NDArray[Any]:
    with reading(path), path.open("rb") as file:
        try:
            array = np.load(file, allow_pickle=False)
        # For a damaged file numpy may raise any exception.
        except Exception as error:
            raise InputError(
                f"{path}: cannot be read as an array ({numpy_fault(error)})"
            ) from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path}: expected an .npy array, found another format of numpy")
    return array


def _read_folder(
    folder: Path, class_names: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    folders = class_folders(folder)
    if not folders:
        return _read_files(image_files(folder), folder), None
    classes = classes_of([path.name for path in folders], class_names)
    if classes is None:
        unknown = next(each for each in folders if classes_of([each.name], class_names) is None)
        raise InputError(
            f"{unknown}: expected a folder named by a class ({', '.join(class_names)}) or its "
            "number"
        )
    labeled = [
        (path, label)
        for each, label in zip(folders, classes, strict=True)
        for path in image_files(each)
    ]
    return (
        _read_files([path for path, _ in labeled], folder),
        np.array([label for _, label in labeled], np.int64),
    )


def _read_files(paths: list[Path], folder: Path) -> NDArray[np.uint8]:
    read = read_image_files(paths, DataConfig(), advice="resize it")
    for line in read.notes:
        note(f"{folder}: {line}")
    return read.images
