"""A user's folder of PNG and JPEG images, with a subfolder per class."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.image_files import SUFFIXES, read_images
from vaelab.data.reading import configured_path, reading
from vaelab.data.splits import with_test_images
from vaelab.errors import InputError


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Load the images under `config.path`.

    The folder has a subfolder per class, or the folders train/ and test/, each with a subfolder per
    class. Without train/ and test/, a tenth of the images of each class is set aside for testing.

    Raises:
        InputError: naming the first folder or file that cannot be used.
    """
    folder = configured_path(config, data_dir)
    with reading(folder):
        is_split = (folder / "train").is_dir() and (folder / "test").is_dir()
    parts = [folder / "train", folder / "test"] if is_split else [folder]
    return with_test_images(
        *_read_parts(f"folder:{folder.resolve().name}", parts),
        source=f"image files in {folder}",
        split_seed=config.split_seed,
    )


def _read_parts(name: str, folders: list[Path]) -> list[ImageData]:
    """Read the images of each folder; the first folder defines the classes.

    All folders are read at once, because one color image makes all images RGB.
    """
    classes = [path.name for path in _visible(folders[0])]
    if not classes:
        raise InputError(
            f"{folders[0]} is empty: expected a folder per class, with PNG or JPEG images inside"
        )
    files: list[Path] = []
    labels: list[NDArray[np.int64]] = []
    for folder in folders:
        found = _class_files(folder, classes)
        files += [path for _, path in found]
        labels.append(np.array([label for label, _ in found], np.int64))
    images = np.split(read_images(files), np.cumsum([len(part) for part in labels])[:-1])
    return [
        ImageData(name=name, images=pixels, labels=part, class_names=tuple(classes))
        for pixels, part in zip(images, labels, strict=True)
    ]


def _class_files(folder: Path, classes: list[str]) -> list[tuple[int, Path]]:
    """The image files in the class folders of `folder`, each with its label."""
    found = []
    for class_folder in _visible(folder):
        if not class_folder.is_dir():
            raise InputError(f"{class_folder}: expected a folder per class, found a file")
        if class_folder.name not in classes:
            raise InputError(
                f"{class_folder}: expected only classes that the training images have "
                f"({', '.join(classes)})"
            )
        files = _visible(class_folder)
        if not files:
            raise InputError(f"{class_folder} is empty: fill this class folder or remove it")
        for path in files:
            if path.suffix.lower() not in SUFFIXES:
                raise InputError(f"{path}: expected a PNG or JPEG image; convert or remove it")
            found.append((classes.index(class_folder.name), path))
    return found


def _visible(folder: Path) -> list[Path]:
    """The entries of `folder` by name, without hidden files."""
    with reading(folder):
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
