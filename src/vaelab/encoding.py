"""Codes and reconstructions of a user's images, in files.

Letters in shapes: N images, C channels, H height, W width, D numbers in the flat code.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.arrays import note_on_others
from vaelab.data.given_images import class_folders, classes_of, given_images, image_files
from vaelab.data.image_decoding import FORMAT_NAMES, SUFFIXES
from vaelab.data.image_files import read_image_files
from vaelab.data.npy_folder import map_array
from vaelab.data.npz_file import read_arrays
from vaelab.data.reading import reading
from vaelab.errors import InputError, note
from vaelab.files import atomic_write
from vaelab.latent_dimensions import dimension_names
from vaelab.loaded_run import BATCH_SIZE, LoadedRun
from vaelab.pictures import rows_in_pairs, save_png, tile
from vaelab.sampling import COLUMNS, MAX_PNG_COUNT, PNG_SCALE


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenFile:
    """Images of a file or folder.

    Attributes:
        images: of any layout that `LoadedRun.encode` takes.
        paths: of the files; empty for the images of an array.
        labels: the class of each image, where known.
        class_names: of the labels, where known.
    """

    images: NDArray[Any]
    paths: tuple[str, ...] = ()
    labels: NDArray[Any] | None = None
    class_names: tuple[str, ...] = ()

    def names(self, count: int) -> list[str]:
        """A name for each of so many images: the path of its file, or its number from 0."""
        return list(self.paths or map(str, range(count)))


def read_given(path: Path, loaded: LoadedRun, config: DataConfig) -> GivenFile:
    """The images in an image file, a folder of them, an .npz or an .npy.

    An .npz has images and, if any, labels and class names; see `ARRAY_NAMES`. In a folder,
    subfolders give the labels: by names or numbers of classes of the run, or else, for a model that
    takes no class, by their own names.

    Args:
        path: of the file or folder.
        loaded: the run whose model is to take the images.
        config: its `resize`, `fit` and `gray` say how image files are read.

    Raises:
        InputError: naming what cannot be read.
    """
    with reading(path):
        is_folder = path.stat() and path.is_dir()
    if is_folder:
        return _read_folder(path, loaded, config)
    if path.suffix.lower() in SUFFIXES:
        return GivenFile(images=_read_files([path], loaded, config), paths=(path.name,))
    if config != loaded.config.data:
        raise InputError(f"{path}: --resize, --pad, --crop and --gray are for image files")
    if path.suffix == ".npz":
        arrays, others = read_arrays(path, ("train_images", "train_labels", "class_names"))
        for line in note_on_others(others):
            note(f"{path}: {line}")
        _, labels = arrays.get("train_labels", ("", None))
        _, names = arrays.get("class_names", ("", loaded.run.data.class_names))
        return GivenFile(
            images=arrays["train_images"][1], labels=labels, class_names=tuple(map(str, names))
        )
    if path.suffix == ".npy":
        return GivenFile(images=map_array(path))
    raise InputError(
        f"{path}: expected a {FORMAT_NAMES} image, a folder of these, an .npz or an .npy file"
    )


def _read_folder(path: Path, loaded: LoadedRun, config: DataConfig) -> GivenFile:
    folders, class_names = class_folders(path), loaded.run.data.class_names
    if not folders:
        files = image_files(path)
        paths = tuple(file.name for file in files)
        return GivenFile(images=_read_files(files, loaded, config), paths=paths)
    own = tuple(each.name for each in folders)
    classes = classes_of(own, class_names)
    if classes is None:
        if loaded.capabilities.is_conditional:
            raise InputError(
                f"{path}: expected folders named by classes ({', '.join(class_names)}) or their "
                f"numbers, found {', '.join(own)}"
            )
        classes, class_names = list(range(len(own))), own
    files, labels = list[Path](), list[int]()
    for folder, label in zip(folders, classes, strict=True):
        files += image_files(folder)
        labels += [label] * (len(files) - len(labels))
    return GivenFile(
        images=_read_files(files, loaded, config),
        paths=tuple(file.relative_to(path).as_posix() for file in files),
        labels=np.array(labels),
        class_names=class_names,
    )


def _read_files(files: list[Path], loaded: LoadedRun, config: DataConfig) -> NDArray[np.uint8]:
    """The images of files, of the size that the model takes.

    Raises:
        InputError: naming a file of another size, and the options that mend it.
    """
    read = read_image_files(
        files, config, advice="--resize N with --crop or --pad makes them equal"
    )
    for line in read.notes:
        note(line)
    (_, _, height, width), (_, *expected) = read.images.shape, loaded.run.data.shape
    if [height, width] != expected:
        side, advice = expected[0], "resize the files"
        if expected == [side, side]:
            advice = f"--resize {side} reads them at that size, with --crop or --pad if not square"
        raise InputError(
            f"{files[0]}: expected {expected[1]} x {expected[0]} pixels, like the images that "
            f"{loaded.run.path} was trained on, found {width} x {height}; {advice}"
        )
    if read.images.shape[1] > loaded.run.data.shape[0]:
        raise InputError(
            f"{files[0]}: expected gray images, like those that {loaded.run.path} was trained on, "
            "found images in color; --gray reads them as gray"
        )
    return read.images


def encode_file(
    loaded: LoadedRun, path: Path, out: Path, config: DataConfig, *, class_name: str | None
) -> None:
    """Write the codes of the images in `path` as .npz or .csv.

    Args:
        loaded: the trained run.
        path: see `read_given`.
        out: an .npz of codes, log_variances where the posterior is Gaussian, names, and labels
            and class_names where known; or a .csv with a column for each of their numbers.
        config: see `read_given`.
        class_name: the class of all images, for a conditional model; none: their labels.

    Raises:
        InputError: on another kind of file, or images that the model does not take.
    """
    _require_suffix(out, (".npz", ".csv"), "codes")
    given = read_given(path, loaded, config)
    codes, log_variances = loaded.encode(given.images, labels=given.labels, class_name=class_name)
    names, labels = given.names(len(codes)), _labels(given, len(codes), path)
    if out.suffix == ".csv":
        columns: dict[str, Sequence[Any]] = {"image": names}
        if labels is not None:
            columns["class"] = [_class_name(label, given.class_names) for label in labels.tolist()]
        for prefix, values in (("", codes), ("log_variance_", log_variances)):
            if values is not None:
                dimensions = dimension_names(loaded.capabilities.levels)
                columns |= {
                    f"{prefix}{dimension}": [f"{value:.9g}" for value in column.tolist()]
                    for dimension, column in zip(dimensions, values.T, strict=True)
                }
        with atomic_write(out) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        return
    arrays = {"codes": codes.numpy(), "names": np.array(names)}
    if log_variances is not None:
        arrays["log_variances"] = log_variances.numpy()
    _save_npz(out, arrays, labels, given.class_names)


def reconstruct_file(
    loaded: LoadedRun, path: Path, out: Path, config: DataConfig, *, class_name: str | None
) -> None:
    """Write the reconstructions of the images in `path` as .png or .npz.

    Args:
        loaded: the trained run.
        path: see `read_given`.
        out: a .png of the images above their reconstructions; or an .npz of images, float32
            (N, C, H, W) in [0, 1], which are the reconstructions, names, and labels where known.
        config: see `read_given`.
        class_name: the class of all images, for a conditional model; none: their labels.

    Raises:
        InputError: on another kind of file, too many images for a picture, or images that the model
            does not take.
    """
    _require_suffix(out, (".png", ".npz"), "reconstructions")
    given = read_given(path, loaded, config)
    originals = given_images(given.images, loaded.run.data.shape, str(path))
    count = len(originals)
    if out.suffix == ".png" and 2 * count > MAX_PNG_COUNT:
        raise InputError(f"{count} images are too many for a picture; write an .npz")
    images = loaded.reconstruct(given.images, labels=given.labels, class_name=class_name)
    if out.suffix == ".png":
        columns = min(COLUMNS, count)
        above = torch.from_numpy(np.concatenate([*originals.blocks(BATCH_SIZE)]))
        pairs = rows_in_pairs(above, images, columns)
        save_png(out, tile(pairs.numpy(), columns), scale=PNG_SCALE)
        return
    arrays = {"images": images.numpy(), "names": np.array(given.names(count))}
    _save_npz(out, arrays, _labels(given, count, path), given.class_names)


def _labels(given: GivenFile, count: int, path: Path) -> NDArray[Any] | None:
    """The labels, which are passed on.

    Raises:
        InputError: if there is not one for each image.
    """
    if given.labels is not None and given.labels.shape != (count,):
        raise InputError(
            f"{path}: labels: expected one per image, ({count},), found {given.labels.shape}"
        )
    return given.labels


def _class_name(label: Any, names: Sequence[str]) -> str:
    return names[label] if isinstance(label, int) and 0 <= label < len(names) else str(label)


def _save_npz(
    out: Path,
    arrays: dict[str, Any],
    labels: NDArray[Any] | None,
    class_names: Sequence[str],
) -> None:
    if labels is not None:
        arrays |= {"labels": labels, "class_names": np.array(class_names, np.str_)}
    with atomic_write(out) as partial:
        np.savez(partial, **arrays)


def _require_suffix(out: Path, suffixes: tuple[str, str], what: str) -> None:
    if out.suffix not in suffixes:
        raise InputError(f"{out}: {what} are written as {' or '.join(suffixes)}")
