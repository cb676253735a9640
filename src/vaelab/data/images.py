"""The user's own images: a folder with a subfolder per class, or an .npz file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.image_files import SUFFIXES, read_images
from vaelab.data.npz_arrays import as_channels_first, as_class_names, as_labels, read_arrays
from vaelab.data.reading import reading
from vaelab.data.splits import split
from vaelab.errors import InputError

TEST_FRACTION = 0.1


def load_folder(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Images under `config.path`: a subfolder per class, or train/ and test/ with those inside.

    Without these two, a tenth of each class is set aside as test images.

    Raises:
        InputError: naming the first folder or file that cannot be used.
    """
    folder = _required_path(config, data_dir)
    name, source = f"folder:{folder.resolve().name}", f"image files in {folder}"
    with reading(folder):
        is_split = (folder / "train").is_dir() and (folder / "test").is_dir()
    parts = [folder / "train", folder / "test"] if is_split else [folder]
    return _dataset(_read_parts(name, parts), config, source)


def load_npz(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Images in the file `config.path`, under `images` and, if they are there, `labels`.

    `images` is uint8 (N, H, W), (N, H, W, C) or (N, C, H, W); `class_names`, `test_images` and
    `test_labels` are optional. Without test images, a tenth of the images is set aside as such.

    Raises:
        InputError: naming the file, the array, what was expected and what was found.
    """
    path = _required_path(config, data_dir)
    arrays = read_arrays(path, ("images", "labels", "class_names", "test_images", "test_labels"))
    parts = ("", "test_") if "test_images" in arrays else ("",)
    images = {
        part: as_channels_first(path, f"{part}images", arrays[f"{part}images"]) for part in parts
    }
    labels = {
        part: as_labels(path, f"{part}labels", arrays[f"{part}labels"], len(images[part]))
        for part in parts
        if f"{part}labels" in arrays
    }
    if labels and labels.keys() != images.keys():
        raise InputError(
            f"{path}: expected labels for images and for test_images, or for neither; "
            f"found only {', '.join(f'{part}labels' for part in labels)}"
        )
    all_labels = list(labels.values())
    class_names = as_class_names(path, arrays, np.concatenate(all_labels)) if labels else ()
    data = [
        ImageData(
            name=f"npz:{path.stem}",
            images=images[part],
            labels=labels.get(part),
            class_names=class_names,
        )
        for part in parts
    ]
    return _dataset(data, config, f"arrays in {path}")


def _required_path(config: DataConfig, data_dir: Path | None) -> Path:
    """Where the images lie: where they were moved to, else where they were."""
    if data_dir is not None:
        return data_dir
    if config.path is None:
        raise InputError(
            f"the data set {config.name!r} needs a path: set data.path to where its images lie"
        )
    path = Path(config.path).expanduser()
    with reading(path):
        path.stat()
    return path


def _dataset(parts: list[ImageData], config: DataConfig, source: str) -> Dataset:
    """From training and test images, or from training images alone, of which some become test."""
    if len(parts) == 1:
        kept, held_out = split(parts[0], TEST_FRACTION, config.split_seed)
        parts = [parts[0].take(kept), parts[0].take(held_out)]
    train, test = parts
    if train.images.shape[1:] != test.images.shape[1:]:
        raise InputError(
            f"{source}: expected test images of {train.images.shape[1:]} (C, H, W) like the "
            f"training images, found {test.images.shape[1:]}"
        )
    return Dataset(train=train, test=test, source=source).limited(
        config.train_count, config.test_count
    )


def _read_parts(name: str, folders: list[Path]) -> list[ImageData]:
    """The images of each folder, of the classes that the first of them has.

    They are read process_group, because one coloured image makes all of them RGB.
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
    """The image files of the class folders inside `folder`, each with its label."""
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
    """What lies in `folder` by name; hidden files are the system's, not the user's."""
    with reading(folder):
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
