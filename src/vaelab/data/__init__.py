"""Data sets. `DATASETS` maps each name to the function that loads it."""

from collections.abc import Callable
from pathlib import Path

from vaelab.config import DataConfig
from vaelab.data import (
    arrays,
    csv_file,
    fashion_mnist,
    image_folder,
    npy_folder,
    npz_file,
    wardrobe,
)
from vaelab.data.arrays import dataset
from vaelab.data.constant_images import warn_of_constant_images
from vaelab.data.fashion_mnist import DataUnavailableError
from vaelab.data.image_data import Dataset, Factors, ImageData
from vaelab.data.splits import split, training_rows, training_split
from vaelab.errors import InputError, entry, note

# Each takes the configuration and the path given with --data-dir, if any.
DATASETS: dict[str, Callable[[DataConfig, Path | None], Dataset]] = {
    "fashion-mnist": fashion_mnist.load,
    "wardrobe": wardrobe.load,
    "folder": image_folder.load,
    "npz": npz_file.load,
    "npy": npy_folder.load,
    "csv": csv_file.load,
    "arrays": arrays.load,
}


NEED_PATH = ("folder", "npz", "npy", "csv", "arrays")
"""Sources that a name alone does not find; `--data` with such a name means a path of that name."""

READ_IMAGE_FILES = ("folder",)
"""Sources of image files, which can be resized while they are read."""


def load_data(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Load the data set that `config` names, with a warning if images of it are constant.

    Args:
        config: its name, path and size.
        data_dir: where the images are; it overrides `config.path` and the search path of
            Fashion-MNIST.

    Raises:
        InputError: if it is unknown, not found or invalid, or cannot be resized as `config` asks.
    """
    name = config.name
    if config.path is not None and data_dir is not None:
        name = _kind(data_dir) or name  # images may have been saved in another form
    load = entry("data set", name, DATASETS)
    if (config.resize is not None or config.gray) and name not in READ_IMAGE_FILES:
        raise InputError(
            f"--resize, --pad, --crop and --gray (data.resize, data.fit, data.gray) are for "
            f"folders of image files, not for {name}; omit them"
        )
    loaded = load(config, data_dir)
    loaded = loaded.limited(config.train_count, config.test_count)
    warn_of_constant_images(loaded)
    return loaded


def data_config(name: str, base: Path | None = None) -> DataConfig:
    """The configuration for a name or path that a user typed.

    A name in `DATASETS` is that data set, unless it needs a path. Anything else that exists on
    disk, or looks like a path, is a path to a folder of images, a folder of .npy arrays, an .npz
    or a .csv file.

    Args:
        name: what the user typed.
        base: the folder that paths are relative to; none: the current one.
    """
    path = (base or Path()) / Path(name).expanduser()
    if name in DATASETS and not (name in NEED_PATH and path.exists()):
        if path.is_dir():
            note(f"{name} means the built-in data set; the folder of that name is ./{name}")
        return DataConfig(name=name)
    kind = _kind(path) or ("folder" if "/" in name or "\\" in name else None)
    if kind is None:
        return DataConfig(name=name)
    return DataConfig(name=kind, path=str(path.absolute()))


def _kind(path: Path) -> str | None:
    """The data set that a file or folder of the user is, by what it is; None: none."""
    if path.suffix.lower() in (".npz", ".csv"):
        return path.suffix[1:].lower()
    if npy_folder.holds_arrays(path):
        return "npy"
    return "folder" if path.is_dir() else None


__all__ = [
    "DATASETS",
    "NEED_PATH",
    "READ_IMAGE_FILES",
    "DataUnavailableError",
    "Dataset",
    "Factors",
    "ImageData",
    "data_config",
    "dataset",
    "load_data",
    "split",
    "training_rows",
    "training_split",
]
