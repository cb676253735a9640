"""A user's folder of .npy arrays, mapped into memory, so images may be larger than memory."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.array_checks import has_channels_last
from vaelab.data.arrays import build_dataset
from vaelab.data.image_data import Dataset
from vaelab.data.reading import configured_path, one_line, reading
from vaelab.errors import InputError

IMAGES = "images.npy"


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Map `images.npy` and `test_images.npy` in the folder `config.path`.

    They are uint8 (N, H, W) or (N, C, H, W). `labels.npy` and `test_labels.npy` are optional: whole
    numbers, one per image.

    Raises:
        InputError: naming the file, what was expected and what was found.
    """
    folder = configured_path(config, data_dir)
    arrays = {name: _map_images(folder / f"{name}.npy") for name in ("images", "test_images")}
    for name in ("labels", "test_labels"):
        if (path := folder / f"{name}.npy").exists():
            arrays[name] = np.array(_map(path))
    return build_dataset(
        arrays,
        where=str(folder),
        name=f"npy:{folder.resolve().name}",
        source=f"mapped arrays in {folder}",
    )


def _map_images(path: Path) -> NDArray[Any]:
    """The array, which must not need a transposition, as that would read all of it into memory."""
    array = _map(path)
    if array.ndim == 4 and has_channels_last(array.shape):
        raise InputError(
            f"{path}: expected (N, H, W) or (N, C, H, W), found {array.shape}, which looks like "
            "(N, H, W, C); save images.transpose(0, 3, 1, 2)"
        )
    return array


def _map(path: Path) -> NDArray[Any]:
    """Map an array read-only: its pages are read when they are used and never written back."""
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
        raise InputError(f"{path}: expected an .npy array, found another format of numpy")
    return array
