"""Sources of images; `DATASETS` is the table of them."""

from collections.abc import Callable
from pathlib import Path

from vaelab.config import DataConfig
from vaelab.data import fashion_mnist, images, wardrobe
from vaelab.data.fashion_mnist import DataUnavailableError
from vaelab.data.image_data import Dataset, Factors, ImageData
from vaelab.data.splits import split
from vaelab.errors import unknown_name

# Each takes the configuration and the folder named by --data-dir, if one was.
DATASETS: dict[str, Callable[[DataConfig, Path | None], Dataset]] = {
    "fashion-mnist": fashion_mnist.load,
    "wardrobe": wardrobe.load,
    "folder": images.load_folder,
    "npz": images.load_npz,
}


def load_data(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """The data set that `config` names.

    Args:
        config: its name and what else it needs.
        data_dir: where Fashion-MNIST's files lie, if not on the usual search path.

    Raises:
        InputError: if it is unknown, cannot be found or cannot be used.
    """
    if config.name not in DATASETS:
        raise unknown_name("data set", config.name, DATASETS)
    return DATASETS[config.name](config, data_dir)


__all__ = [
    "DATASETS",
    "DataUnavailableError",
    "Dataset",
    "Factors",
    "ImageData",
    "load_data",
    "split",
]
