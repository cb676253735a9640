"""A user's .npz file; its arrays are read without pickle."""

from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.arrays import ARRAY_NAMES, build_dataset
from vaelab.data.image_data import Dataset
from vaelab.data.reading import configured_path, one_line, reading, refuse_web_page
from vaelab.errors import InputError

Arrays = Mapping[str, NDArray[Any]]

LARGEST_ARRAY = 4 << 30
"""Bytes of one array, uncompressed."""


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Load the images of the file `config.path`.

    `images` is uint8 (N, H, W), (N, C, H, W) or (N, H, W, C). `labels`, `class_names`,
    `test_images` and `test_labels` are optional. Without test images, a tenth of the images of
    each class is set aside.

    Raises:
        InputError: naming the file, the array, what was expected and what was found.
    """
    path = configured_path(config, data_dir)
    return build_dataset(
        read_arrays(path, ARRAY_NAMES),
        where=str(path),
        name=f"npz:{path.stem}",
        source=f"arrays in {path}",
        split_seed=config.split_seed,
    )


def read_arrays(path: Path, names: tuple[str, ...]) -> Arrays:
    """Read those of the arrays `names` that are in the file; the first is required.

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
    """Return the names of all arrays in the file, and the arrays among `names`."""
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
    """Refuse an array that would take too much memory; a small zip file can claim any size."""
    if stored.file_size > LARGEST_ARRAY:
        raise InputError(
            f"{path}: {name}: expected at most {LARGEST_ARRAY} bytes, found {stored.file_size}; "
            "use a folder with images.npy and test_images.npy for larger data"
        )
