"""The arrays of a user's .npz file, checked one by one; no pickle is read."""

from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

import numpy as np
from numpy.typing import NDArray

from vaelab.data.reading import one_line, reading, refuse_web_page
from vaelab.errors import InputError

Arrays = Mapping[str, NDArray[Any]]

LARGEST_ARRAY = 4 << 30


def read_arrays(path: Path, names: tuple[str, ...]) -> Arrays:
    """Those of the arrays `names` that the file holds; the first of them must be there.

    Raises:
        InputError: naming the file and the array, what was expected and what was found.
    """
    with reading(path), path.open("rb") as file:
        start = file.read(512)
        file.seek(0)
        refuse_web_page(path, start)
        if start.startswith(b"\x93NUMPY"):
            raise InputError(f"{path}: expected an .npz file, found a single array; use np.savez")
        if not start.startswith(b"PK"):
            raise InputError(
                f"{path}: byte 0: expected an .npz file (50 4b), found "
                f"{start[:4].hex(' ') or 'nothing'}"
            )
        present, arrays = _load(file, path, names)
    if names[0] not in arrays:
        found = ", ".join(map(repr, present)) or "none"
        raise InputError(f"{path}: expected an array {names[0]!r}, found {found}")
    return arrays


def _load(
    file: BufferedIOBase, path: Path, names: tuple[str, ...]
) -> tuple[list[str], dict[str, NDArray[Any]]]:
    """The names of all arrays in the file, and those among `names`."""
    arrays = {}
    reading_now = "the list of arrays"
    try:
        with np.load(file, allow_pickle=False) as archive:
            present = list(archive.files)
            for reading_now in names:
                if reading_now in present:
                    _refuse_bomb(path, reading_now, archive.zip.getinfo(f"{reading_now}.npy"))
                    arrays[reading_now] = np.asarray(archive[reading_now])
    except InputError:
        raise
    # numpy and zipfile document no bound on the kinds of exception that damaged files raise.
    except Exception as error:
        raise InputError(f"{path}: {reading_now} cannot be read ({one_line(error)})") from error
    return present, arrays


def _refuse_bomb(path: Path, name: str, stored: ZipInfo) -> None:
    """Small files can claim any size, and what is claimed would be held in memory."""
    if stored.file_size > LARGEST_ARRAY:
        raise InputError(
            f"{path}: {name}: expected at most {LARGEST_ARRAY} bytes, found {stored.file_size}; "
            "a folder with images.npy and test_images.npy can be of any size"
        )


def as_channels_first(path: Path, name: str, images: NDArray[Any]) -> NDArray[np.uint8]:
    """Square images (N, C, H, W) from (N, H, W), (N, H, W, C) or (N, C, H, W), C of 1 or 3.

    Raises:
        InputError: on another type or shape, with advice.
    """
    if images.dtype != np.uint8:
        raise InputError(
            f"{path}: {name}: expected uint8 from 0 to 255, found {images.dtype}; floats in "
            "[0, 1] become so by (255 * images).round().astype('uint8')"
        )
    shape = images.shape
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and shape[1] not in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if (
        images.ndim != 4
        or not images.size
        or images.shape[1] not in (1, 3)
        or images.shape[2] != images.shape[3]
    ):
        raise InputError(
            f"{path}: {name}: expected square images (N, H, W), (N, H, W, C) or (N, C, H, W) "
            f"with C of 1 or 3, found {shape}"
        )
    return np.ascontiguousarray(images)


def as_labels(path: Path, name: str, labels: NDArray[Any], image_count: int) -> NDArray[np.int64]:
    """Labels (N), one per image.

    Raises:
        InputError: on another type or length.
    """
    if labels.dtype.kind not in "iu" or labels.shape != (image_count,):
        raise InputError(
            f"{path}: {name}: expected {image_count} whole numbers, one per image, found "
            f"{labels.dtype} {labels.shape}"
        )
    return labels.astype(np.int64)


def as_class_names(path: Path, arrays: Arrays, labels: NDArray[np.int64]) -> tuple[str, ...]:
    """The array `class_names`, or where there is none "0", "1", ... for all `labels`.

    Raises:
        InputError: if it is no list of texts, or if there is none and labels are far from 0.
    """
    if "class_names" in arrays:
        names = arrays["class_names"]
        if names.dtype.kind != "U" or names.ndim != 1:
            raise InputError(
                f"{path}: class_names: expected a list of texts, found {names.dtype} {names.shape}"
            )
        return tuple(map(str, names))
    highest = int(labels.max())
    if highest >= len(labels):
        raise InputError(
            f"{path}: labels: expected classes numbered from 0, found {highest} among "
            f"{len(labels)} labels; number them anew or give class_names"
        )
    return tuple(map(str, range(highest + 1)))
