"""A folder of .npy arrays, left on disk: images that need not fit into memory."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.npz_arrays import as_channels_first, as_class_names, as_labels
from vaelab.data.reading import one_line, reading
from vaelab.errors import InputError

IMAGES = "images.npy"
_PARTS = ("", "test_")


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Images in `images.npy` and `test_images.npy` under `config.path`, mapped, not read.

    They are uint8 (N, H, W) or (N, C, H, W); (N, H, W, C) would have to be turned in memory.
    `labels.npy` and `test_labels.npy` are optional, whole numbers, one per image.

    Raises:
        InputError: naming the file, what was expected and what was found.
    """
    folder = data_dir or Path(config.path or "").expanduser()
    images = {part: _images(folder / f"{part}{IMAGES}") for part in _PARTS}
    labels = {
        part: as_labels(path, "labels", np.array(_mapped(path)), len(images[part]))
        for part in _PARTS
        if (path := folder / f"{part}labels.npy").exists()
    }
    if labels and labels.keys() != images.keys():
        raise InputError(f"{folder}: expected labels.npy and test_labels.npy, or neither")
    names = as_class_names(folder, {}, np.concatenate(list(labels.values()))) if labels else ()
    train, test = (
        ImageData(
            name=f"npy:{folder.resolve().name}",
            images=images[part],
            labels=labels.get(part),
            class_names=names,
        )
        for part in _PARTS
    )
    if train.images.shape[1:] != test.images.shape[1:]:
        raise InputError(
            f"{folder}: expected test images of {train.images.shape[1:]} (C, H, W) like the "
            f"training images, found {test.images.shape[1:]}"
        )
    dataset = Dataset(train=train, test=test, source=f"mapped arrays in {folder}")
    return dataset.limited(config.train_count, config.test_count)


def _images(path: Path) -> NDArray[np.uint8]:
    array = _mapped(path)
    if array.ndim == 4 and array.shape[1] not in (1, 3):
        raise InputError(
            f"{path}: expected (N, H, W) or (N, C, H, W) with C of 1 or 3, found {array.shape}"
        )
    return as_channels_first(path, "images", array)


def _mapped(path: Path) -> NDArray[Any]:
    """The array, its pages read when they are looked at, and never written back."""
    with reading(path):
        path.stat()
        try:
            array: NDArray[Any] = np.load(path, mmap_mode="c", allow_pickle=False)
        except OSError:
            raise
        # numpy documents no bound on the kinds of exception that damaged files raise.
        except Exception as error:
            raise InputError(f"{path}: expected an .npy array ({one_line(error)})") from error
    if not isinstance(array, np.memmap):
        raise InputError(f"{path}: expected an .npy array, found another format of numpy's")
    return array
