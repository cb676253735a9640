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

from vaelab.data.array_checks import as_labels
from vaelab.data.folder_layout import is_system_file
from vaelab.data.image_decoding import FORMAT_NAMES, SUFFIXES
from vaelab.data.image_files import read_images
from vaelab.data.npz_file import read_arrays
from vaelab.data.reading import one_line, reading
from vaelab.errors import InputError
from vaelab.sampling import Samples

MIN_COUNT = 100


def read_samples(path: Path, shape: tuple[int, int, int], class_names: tuple[str, ...]) -> Samples:
    """Samples in an .npz (`images`, and `labels` if any), an .npy or a folder of images.

    Floats must lie in [0, 1]; 8-bit integers stand for 0 to 255. In a folder, subfolders named by
    class, or numbered, make the samples conditional.

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
        arrays = read_arrays(path, ("images", "labels"))
        images, labels = arrays["images"], arrays.get("labels")
        if labels is not None:
            labels = as_labels(str(path), "labels", labels, len(images))
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
    images = make(labels)
    array = images.detach().cpu().numpy() if isinstance(images, Tensor) else np.asarray(images)
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

    Raises:
        InputError: on a wrong shape, range or kind of number, NaN, too few, or unknown classes.
    """
    raw = _in_unit_range(images, source)
    laid_out = _channels_first(raw, shape, source)
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
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    if images.dtype.kind != "f":
        raise InputError(
            f"{source}: expected floats in [0, 1] or 8-bit integers (uint8), found {images.dtype}"
        )
    if not images.size:
        raise InputError(f"{source}: expected images, found an empty array of {images.shape}")
    bad = np.flatnonzero(~np.isfinite(images))
    if len(bad):
        raise InputError(
            f"{source}: {len(bad):,} of {images.size:,} values are NaN or infinite, the first in "
            f"image {bad[0] // (images.size // len(images))}"
        )
    least, most = float(images.min()), float(images.max())
    if least < 0 or most > 1:
        advice = "rescale them first"
        if least >= -1 and most <= 1:
            advice = "if they lie in [-1, 1], use (x + 1) / 2"
        elif least >= 0 and most <= 255:
            advice = "if they lie in [0, 255], use x / 255, or 8-bit integers"
        raise InputError(
            f"{source}: expected values in [0, 1], found {least:g} to {most:g}; {advice}"
        )
    return images.astype(np.float32)


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
            raise InputError(f"{path}: cannot be read as an array ({one_line(error)})") from error
    if not isinstance(array, np.ndarray) or array.ndim < 2:
        raise InputError(f"{path}: expected an array of images, found {type(array).__name__}")
    return array


def _read_folder(
    folder: Path, class_names: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    visible = sorted(path for path in folder.iterdir() if not is_system_file(path.name))
    folders = [path for path in visible if path.is_dir()]
    if not folders:
        return read_images(_image_files(folder)), None
    if len(folders) < len(visible):
        raise InputError(f"{folder}: expected either images or a folder per class, found both")
    labeled = [
        (path, _class_of(each, class_names)) for each in folders for path in _image_files(each)
    ]
    return (
        read_images([path for path, _ in labeled]),
        np.array([label for _, label in labeled], np.int64),
    )


def _image_files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if not is_system_file(path.name))
    foreign = [path for path in found if path.suffix.lower() not in SUFFIXES]
    if foreign or not found:
        what = f"found {foreign[0].name}" if foreign else "found none"
        raise InputError(f"{folder}: expected {FORMAT_NAMES} images, {what}")
    return found


def _class_of(folder: Path, class_names: tuple[str, ...]) -> int:
    """The class whose name or number the folder has; punctuation and case are ignored."""
    numbers = {str(number): number for number in range(len(class_names))}
    names = {_plain(name): number for number, name in enumerate(class_names)}
    label = numbers.get(folder.name, names.get(_plain(folder.name)))
    if label is None:
        raise InputError(
            f"{folder}: expected a folder named by a class ({', '.join(class_names)}) or its number"
        )
    return label


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
