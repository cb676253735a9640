"""Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747), from disk or downloaded, verified."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaelab.cache import cache_folder, usual_cache_folder
from vaelab.config import DataConfig
from vaelab.data import idx
from vaelab.data.csv_table import read_table
from vaelab.data.download import MirrorsFailedError, download
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.reading import reading
from vaelab.errors import InputError

NAME = "fashion-mnist"
ORDER = Path(__file__).parent / "published_order"
HEIGHT = WIDTH = 28
CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    # Without https: the checksum verifies the content.
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)

PLACES = (".", "raw", "FashionMNIST/raw")
"""Where the files may be in a given folder; torchvision writes them to the last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedFile:
    """A published IDX file.

    Attributes:
        name: without .gz.
        magic: the first four bytes as a number.
        size: bytes of the uncompressed content.
        sha256: of the uncompressed content, because mirrors may compress it differently.
    """

    name: str
    magic: int
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The files of one split, in IDX and in CSV form.

    Attributes:
        images: the IDX file of the images.
        labels: the IDX file of the labels.
        csv: the name of the CSV file, whose rows may have any order.
        order: a file with the position of each published image among the sorted rows.
    """

    images: PublishedFile
    labels: PublishedFile
    csv: str
    order: Path


PARTS = {
    "train": Part(
        images=PublishedFile(
            name="train-images-idx3-ubyte",
            magic=idx.IMAGES_MAGIC,
            size=47040016,
            sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        labels=PublishedFile(
            name="train-labels-idx1-ubyte",
            magic=idx.LABELS_MAGIC,
            size=60008,
            sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        csv="fashion-mnist_train.csv",
        order=ORDER / "train.npy",
    ),
    "test": Part(
        images=PublishedFile(
            name="t10k-images-idx3-ubyte",
            magic=idx.IMAGES_MAGIC,
            size=7840016,
            sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        labels=PublishedFile(
            name="t10k-labels-idx1-ubyte",
            magic=idx.LABELS_MAGIC,
            size=10008,
            sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        csv="fashion-mnist_test.csv",
        order=ORDER / "test.npy",
    ),
}


class DataUnavailableError(InputError):
    """Fashion-MNIST is not on disk and the download failed."""


def load(
    _config: DataConfig, data_dir: Path | None = None, *, mirrors: Sequence[str] = MIRRORS
) -> Dataset:
    """Load Fashion-MNIST from `data_dir`, `$VAELAB_DATA` or the cache, else download it.

    Raises:
        DataUnavailableError: if it is not on disk and the download failed.
        InputError: if a file is damaged, or a given folder does not contain the files.
    """
    folder = find_folder(data_dir) or fetch(mirrors=mirrors)
    form, read = _form_of(folder)
    return Dataset(
        train=read(folder, PARTS["train"]),
        test=read(folder, PARTS["test"]),
        source=f"{form} files in {folder}",
    )


def read_test(folder: Path) -> ImageData:
    """The test images in a folder that `find_folder` found.

    Raises:
        InputError: if a file is damaged.
    """
    _, read = _form_of(folder)
    return read(folder, PARTS["test"])


def _form_of(folder: Path) -> tuple[str, Callable[[Path, Part], ImageData]]:
    """The form of the files in a folder, and the function that reads it."""
    return ("CSV", _read_csv) if _missing_idx(folder) else ("IDX", _read_idx)


def find_folder(data_dir: Path | None = None) -> Path | None:
    """The first folder on the search path that contains the files, or None.

    Raises:
        InputError: if `data_dir` or `$VAELAB_DATA` is given but does not contain them.
    """
    if data_dir is not None:
        return _require_files(data_dir, "--data-dir")
    if variable := os.environ.get("VAELAB_DATA"):
        return _require_files(Path(variable), "VAELAB_DATA")
    usual = usual_cache_folder()
    if usual is not None and _has_files(usual / NAME):
        return usual / NAME  # also where it can only be read
    folder = cache_folder() / NAME
    return folder if _has_files(folder) else None


def fetch(data_dir: Path | None = None, *, mirrors: Sequence[str] = MIRRORS) -> Path:
    """Download the files that are missing or damaged into `data_dir`, by default the cache.

    Returns:
        The folder of the four files.

    Raises:
        DataUnavailableError: if no mirror gave a file with the right content.
        InputError: if the folder cannot be written to.
    """
    folder = data_dir or cache_folder() / NAME
    for part in PARTS.values():
        for file in (part.images, part.labels):
            if not _is_verified(folder, file):
                _fetch_file(folder, file, mirrors)
    return folder


def _fetch_file(folder: Path, file: PublishedFile, mirrors: Sequence[str]) -> None:
    try:
        download(
            folder / f"{file.name}.gz",
            mirrors,
            # No compressed file is larger than this, however poor the compression.
            2 * file.size + 1024,
            lambda content, url: _read_published(content, url, file),
        )
    except MirrorsFailedError as error:
        raise DataUnavailableError(
            f"Fashion-MNIST was not found and the download failed ({error}); put its four IDX "
            "files into a folder and name it with --data-dir or VAELAB_DATA, or use --data wardrobe"
        ) from error


def _is_verified(folder: Path, file: PublishedFile) -> bool:
    try:
        _read_file(folder, file)
    except InputError:
        return False
    return True


def _require_files(folder: Path, named_by: str) -> Path:
    for place in PLACES:
        if _has_files(folder / place):
            return folder / place
    raise InputError(
        f"{folder} ({named_by}) lacks {', '.join(_missing_idx(folder))}: expected the four "
        f"IDX files of Fashion-MNIST (gzipped or not), or {' and '.join(_csv_names())}"
    )


def _has_files(folder: Path) -> bool:
    return not _missing_idx(folder) or all(_is_file(folder / name) for name in _csv_names())


def _missing_idx(folder: Path) -> list[str]:
    return [
        file.name
        for part in PARTS.values()
        for file in (part.images, part.labels)
        if _idx_path(folder, file) is None
    ]


def _csv_names() -> list[str]:
    return [part.csv for part in PARTS.values()]


def _idx_path(folder: Path, file: PublishedFile) -> Path | None:
    # MNIST's files have a dot in their gzip headers, which 7-Zip restores.
    names = (file.name, file.name.replace("-idx", ".idx"))
    candidates = [
        # The compressed file first: `fetch` writes it in place of a damaged file.
        *(f"{name}{suffix}" for name in names for suffix in (".gz", "")),
        # 7-Zip and Kaggle put each file into a folder.
        *(f"{outer}/{inner}" for outer in names for inner in names),
    ]
    return next((folder / name for name in candidates if _is_file(folder / name)), None)


def _is_file(path: Path) -> bool:
    with reading(path):
        return path.is_file()


def _read_idx(folder: Path, part: Part) -> ImageData:
    images, labels = _read_file(folder, part.images), _read_file(folder, part.labels)
    return _image_data(images[:, None], labels.astype(np.int64))


def _read_csv(folder: Path, part: Part) -> ImageData:
    path = folder / part.csv
    limits = np.full(1 + HEIGHT * WIDTH, 255)
    limits[0] = len(CLASS_NAMES) - 1
    rows = _in_published_order(read_table(path, limits).astype(np.uint8), part)
    images, labels = rows[:, 1:].reshape(-1, HEIGHT, WIDTH), rows[:, 0]
    for array, file in ((images, part.images), (labels, part.labels)):
        found = hashlib.sha256(idx.as_content(array)).hexdigest()
        if found != file.sha256:
            raise InputError(
                f"{path}: expected the published images and labels of Fashion-MNIST, in any order, "
                f'found others in {len(rows):,} rows; `--data "{path}"` loads them as other images'
            )
    return _image_data(images[:, None], labels.astype(np.int64))


def _in_published_order(rows: NDArray[np.uint8], part: Part) -> NDArray[np.uint8]:
    """The rows in the order of the IDX file, if they are its rows in any order."""
    positions = np.load(part.order, allow_pickle=False)
    if len(rows) != len(positions):
        return rows
    ascending = np.argsort(rows.view(f"S{rows.shape[1]}")[:, 0], kind="stable")
    ordered: NDArray[np.uint8] = rows[ascending[positions]]
    return ordered


def _image_data(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> ImageData:
    return ImageData(name=NAME, images=images, labels=labels, class_names=CLASS_NAMES)


def _read_file(folder: Path, file: PublishedFile) -> NDArray[np.uint8]:
    path = _idx_path(folder, file)
    if path is None:
        raise InputError(f"{folder} has no {file.name}")
    advice = (
        f'; `vaelab data fetch --data-dir "{folder}"` downloads the published one, and --data '
        "FILE.npz reads other images"
    )
    with reading(path), path.open("rb") as content:
        return _read_published(content, str(path), file, advice)


def _read_published(
    content: BufferedIOBase, name: str, file: PublishedFile, advice: str = ""
) -> NDArray[np.uint8]:
    """Read images (N, H, W) or labels (N) from an open file and verify them."""
    data = idx.read_content(content, name, file.magic)
    array = idx.as_array(data)
    if file.magic == idx.LABELS_MAGIC:
        idx.check_labels(array, len(CLASS_NAMES), name)
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise InputError(
            f"{name}: expected the published {file.name} of SHA-256 {file.sha256[:12]}..., found "
            f"{found[:12]}...{advice}"
        )
    return array
