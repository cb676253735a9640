"""A user's folder of .npy arrays, mapped into memory, so images may be larger than memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.array_checks import channels_first, has_channels_last
from vaelab.data.arrays import ARRAY_NAMES, build_dataset, find_names, note_on_others
from vaelab.data.image_data import Dataset
from vaelab.data.pixel_range import find_mapping, find_range
from vaelab.data.reading import configured_path, numpy_fault, reading
from vaelab.errors import InputError


def holds_arrays(folder: Path) -> bool:
    """Whether there is a file of training images in the folder."""
    return any(path.stem.lower() in ARRAY_NAMES["train_images"] for path in folder.glob("*.npy"))


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Map the training, validation and test images in the folder `config.path`.

    The files have the names of `ARRAY_NAMES`, and training and test images are required. Images are
    8-bit and (N, H, W) or (N, C, H, W); labels are as in `vaelab.dataset`.

    Raises:
        InputError: naming the file, what was expected and what was found.
    """
    folder = configured_path(config, data_dir)
    with reading(folder):
        present = sorted(path.stem for path in folder.iterdir() if path.suffix == ".npy")
    names = find_names(str(folder), present)
    if "train_images" not in names or "test_images" not in names:
        raise InputError(
            f"{folder}: expected images.npy and test_images.npy, found "
            f"{', '.join(f'{name}.npy' for name in present) or 'none'}"
        )
    arrays = {role: (name, map_array(folder / f"{name}.npy")) for role, name in names.items()}
    images = dict(array for role, array in arrays.items() if role.endswith("_images"))
    _require_no_conversion(folder, images)
    return build_dataset(
        arrays,
        where=str(folder),
        name=f"npy:{folder.resolve().name}",
        source=f"mapped arrays in {folder}",
        split_seed=config.split_seed,
        notes=note_on_others([name for name in present if name not in names.values()]),
    )


def _require_no_conversion(folder: Path, images: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that would have to be converted, and so be read into memory as a whole."""
    for name, array in images.items():
        path = folder / f"{name}.npy"
        channels_first(str(folder), name, array)
        if array.ndim == 4 and has_channels_last(array.shape):
            raise InputError(
                f"{path}: expected (N, H, W) or (N, C, H, W), found {array.shape}, which looks "
                "like (N, H, W, C); convert it with "
                "`np.save(path, np.load(path).transpose(0, 3, 1, 2))`"
            )
        if not array.flags.c_contiguous:
            raise InputError(
                f"{path}: expected an array in C order, found Fortran order; convert it with "
                "`np.save(path, np.ascontiguousarray(np.load(path)))`"
            )
    found = find_range(str(folder), images)
    mapping = find_mapping(str(folder), found)
    if mapping.factor != 1 or any(array.dtype != np.uint8 for array in images.values()):
        raise InputError(
            f"{folder}: {found.names}: expected uint8 from 0 to 255, found {found}; convert each "
            f"file with `np.save(path, np.rint(np.load(path) * (255 / {255 / mapping.factor:.0f}))"
            ".astype('uint8'))`"
        )


def map_array(path: Path) -> NDArray[Any]:
    """Map an array read-only: its pages are read when they are used and never written back."""
    with reading(path):
        path.stat()
        try:
            array: NDArray[Any] = np.load(path, mmap_mode="c", allow_pickle=False)
        except OSError:
            raise
        # numpy documents no bound on the kinds of exception that damaged files raise.
        except Exception as error:
            raise InputError(f"{path}: expected an .npy array ({numpy_fault(error)})") from error
    if not isinstance(array, np.memmap):
        raise InputError(f"{path}: expected an .npy array, found another format of numpy")
    return array
