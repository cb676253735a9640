"""A user's .npz file; its arrays are read without pickle."""

from collections.abc import Collection
from io import BufferedIOBase
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.arrays import ARRAY_NAMES, NamedArrays, build_dataset, find_names, note_on_others
from vaelab.data.image_data import Dataset
from vaelab.data.reading import configured_path, numpy_fault, reading, refuse_web_page
from vaelab.errors import InputError
from vaelab.memory import require_memory

LARGEST_ARRAY = 4 << 30
"""Bytes of one array, uncompressed."""


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Load the images of the file `config.path`.

    It has arrays named as in `ARRAY_NAMES`; all but the training images are optional. Images are
    (N, H, W), (N, C, H, W) or (N, H, W, C). Without test images, a tenth of the images of each
    class is set aside.

    Raises:
        InputError: naming the file, the array, what was expected and what was found.
    """
    path = configured_path(config, data_dir)
    arrays, others = read_arrays(path, ARRAY_NAMES)
    return build_dataset(
        arrays,
        where=str(path),
        name=f"npz:{path.stem}",
        source=f"arrays in {path}",
        split_seed=config.split_seed,
        notes=note_on_others(others),
    )


def read_arrays(path: Path, roles: Collection[str]) -> tuple[NamedArrays, list[str]]:
    """Read arrays of a file, of which the training images are required.

    Args:
        path: of the file.
        roles: keys of `ARRAY_NAMES`.

    Returns:
        The arrays of these roles that are in the file, and the names of the other arrays.

    Raises:
        InputError: naming the file and the array, what was expected and what was found.
    """
    with reading(path), path.open("rb") as file:
        start = file.read(512)
        file.seek(0)
        refuse_web_page(path, start)
        if start.startswith(b"\x93NUMPY"):
            raise InputError(
                f"{path}: expected an .npz file, found a single array; save it with "
                "`np.savez('images.npz', images=images)`"
            )
        if not start.startswith(b"PK"):
            raise InputError(
                f"{path}: byte 0: expected an .npz file (50 4b), found "
                f"{start[:4].hex(' ') or 'nothing'}"
            )
        present, arrays = _load(file, path, roles)
    if "train_images" not in arrays:
        known = ", ".join(ARRAY_NAMES["train_images"])
        found = ", ".join(map(repr, present)) or "none"
        raise InputError(f"{path}: expected images under one of the names {known}, found {found}")
    read = {name for name, _ in arrays.values()}
    return arrays, [name for name in present if name not in read]


def _load(
    file: BufferedIOBase, path: Path, roles: Collection[str]
) -> tuple[list[str], dict[str, tuple[str, NDArray[Any]]]]:
    """Return the names of all arrays in the file, and the arrays of `roles`."""
    arrays = {}
    reading_now = "the list of arrays"
    try:
        with np.load(file, allow_pickle=False) as archive:
            present = list(archive.files)
            for role, name in find_names(str(path), present).items():
                if role in roles:
                    reading_now = name
                    _refuse_bomb(path, name, archive.zip.getinfo(f"{name}.npy"))
                    arrays[role] = (name, np.asarray(archive[name]))
    except InputError:
        raise
    # numpy and zipfile document no bound on the kinds of exception that damaged files raise.
    except Exception as error:
        raise InputError(f"{path}: {reading_now} cannot be read ({numpy_fault(error)})") from error
    return present, arrays


def _refuse_bomb(path: Path, name: str, stored: ZipInfo) -> None:
    """Refuse an array that would take too much memory; a small zip file can claim any size."""
    advice = "use a folder with images.npy and test_images.npy for larger data"
    require_memory(stored.file_size, f"{path}: {name}", advice)
    if stored.file_size > LARGEST_ARRAY:
        raise InputError(
            f"{path}: {name}: expected at most {LARGEST_ARRAY} bytes, found {stored.file_size}; "
            f"{advice}"
        )
