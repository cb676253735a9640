"""Sources of images; `DATASETS` is the table of them."""

import os
from collections.abc import Callable
from pathlib import Path

from vaelab.config import DataConfig
from vaelab.data import fashion_mnist, images, npy_folder, wardrobe
from vaelab.data.fashion_mnist import DataUnavailableError
from vaelab.data.image_data import Dataset, Factors, ImageData
from vaelab.data.splits import split, training_rows, training_split
from vaelab.errors import InputError, entry

# Each takes the configuration and the place named by --data-dir, if one was.
DATASETS: dict[str, Callable[[DataConfig, Path | None], Dataset]] = {
    "fashion-mnist": fashion_mnist.load,
    "wardrobe": wardrobe.load,
    "folder": images.load_folder,
    "npz": images.load_npz,
    "npy": npy_folder.load,
}


def load_data(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """The data set that `config` names.

    Args:
        config: its name and what else it needs.
        data_dir: where the images lie, before all other places: Fashion-MNIST's files, or the
            folder or .npz file in place of `config.path`.

    Raises:
        InputError: if it is unknown, cannot be found or cannot be used.
    """
    load = entry("data set", config.name, DATASETS)
    if data_dir is not None and config.name == "wardrobe":
        raise InputError("wardrobe is drawn, not read: it takes no --data-dir")
    return load(config, data_dir)


def data_config(name: str) -> DataConfig:
    """What a user names: a data set of the table, a folder of images or of .npy, or an .npz file.

    A name in the table is taken as it is; anything else that is on disk, or looks like it, is a
    path.
    """
    if name in DATASETS:
        return DataConfig(name=name)
    path = Path(name)
    if path.suffix == ".npz":
        return DataConfig(name="npz", path=str(path.absolute()))
    if (path / npy_folder.IMAGES).exists():
        return DataConfig(name="npy", path=str(path.absolute()))
    if path.is_dir() or os.sep in name:
        return DataConfig(name="folder", path=str(path.absolute()))
    return DataConfig(name=name)


__all__ = [
    "DATASETS",
    "DataUnavailableError",
    "Dataset",
    "Factors",
    "ImageData",
    "data_config",
    "load_data",
    "split",
    "training_rows",
    "training_split",
]
