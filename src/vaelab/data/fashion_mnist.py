"""Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747): found on disk, or downloaded and verified."""

import gzip
import hashlib
import os
import sys
import urllib.request
import zlib
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vaelab.config import DataConfig
from vaelab.data import idx
from vaelab.data.csv_table import read_table
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.reading import refuse_web_page
from vaelab.errors import InputError
from vaelab.files import written_whole

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

# SHA-256 of the uncompressed content: how a mirror gzips does not matter.
CHECKSUMS = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
CSV_FILES = {"train": "fashion-mnist_train.csv", "test": "fashion-mnist_test.csv"}

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
TRIES_PER_MIRROR = 2
TIMEOUT_SECONDS = 20.0
# The largest file is 26 MB zipped; a mirror that sends more sends something else.
MAX_DOWNLOAD_BYTES = 64 << 20


class DataUnavailableError(InputError):
    """Fashion-MNIST is neither on disk nor to be downloaded."""


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Fashion-MNIST from `data_dir`, `$VAELAB_DATA`, the cache or the net, the first that serves.

    Raises:
        DataUnavailableError: if it is nowhere.
        InputError: if files are there but damaged, or a folder was named that holds none.
    """
    folder = find_folder(data_dir) or fetch()
    dataset = Dataset(
        train=_read_split(folder, "train"),
        test=_read_split(folder, "test"),
        source=f"{'IDX' if _has_idx(folder) else 'CSV'} files in {folder}",
    )
    return dataset.limited(config.train_count, config.test_count)


def find_folder(data_dir: Path | None = None) -> Path | None:
    """The first folder on the search path that holds the files; None if only the net is left.

    Raises:
        InputError: if `data_dir` or `$VAELAB_DATA` is given but does not hold them.
    """
    variable = os.environ.get("VAELAB_DATA")
    named = [("--data-dir", data_dir), ("VAELAB_DATA", Path(variable) if variable else None)]
    for name, folder in named:
        if folder is None:
            continue
        if not (_has_idx(folder) or _has_csv(folder)):
            raise InputError(
                f"{folder} ({name}) holds neither the four IDX files of Fashion-MNIST "
                f"({next(iter(CHECKSUMS))}[.gz], ...) nor {' and '.join(CSV_FILES.values())}"
            )
        return folder
    return cache_folder() if _has_idx(cache_folder()) else None


def cache_folder() -> Path:
    """Where downloads are kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "vaelab" / "fashion-mnist"


def fetch(folder: Path | None = None, mirrors: Sequence[str] = MIRRORS) -> Path:
    """Download what is missing of the four files into `folder` (by default the cache).

    Raises:
        DataUnavailableError: if no mirror gave a file with the right content.
    """
    folder = folder or cache_folder()
    for name in CHECKSUMS:
        if _idx_path(folder, name) is None:
            _fetch_file(name, folder / f"{name}.gz", mirrors)
    return folder


def _fetch_file(name: str, path: Path, mirrors: Sequence[str]) -> None:
    faults = []
    for mirror in mirrors:
        for _ in range(TRIES_PER_MIRROR):
            try:
                content = _download(f"{mirror}{path.name}")
                _verify(path, name, _unzip(path, content))
            except (OSError, HTTPException, InputError) as error:
                faults.append(f"{mirror}: {' '.join(str(error).split())}")
                continue
            with written_whole(path) as partial:
                partial.write_bytes(content)
            return
    raise DataUnavailableError(
        f"Fashion-MNIST is not on disk and cannot be downloaded ({faults[-1]}; "
        f"{len(faults)} tries at {len(mirrors)} mirrors); put its four IDX files into a folder "
        "and name it with --data-dir or VAELAB_DATA, or use --data wardrobe"
    )


def _download(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "vaelab"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        length = response.headers.get("Content-Length")
        total = int(length) if length and length.isdecimal() else None
        content = bytearray()
        with tqdm(
            total=total, unit="B", unit_scale=True, desc=url.rpartition("/")[2], file=sys.stderr
        ) as bar:
            while piece := response.read(1 << 16):
                content += piece
                bar.update(len(piece))
                if len(content) > MAX_DOWNLOAD_BYTES:
                    raise InputError(f"{url} sends more than {MAX_DOWNLOAD_BYTES} bytes")
    if total is not None and len(content) != total:
        raise InputError(f"{url} broke off after {len(content)} of {total} bytes")
    return bytes(content)


def _unzip(path: Path, content: bytes) -> bytes:
    refuse_web_page(path, content[:512])
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path.name}: damaged or truncated gzip ({error})") from None


def _verify(shown: Path, name: str, *content: bytes | memoryview) -> None:
    """Compare the checksum of the uncompressed content, given in pieces."""
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    found = digest.hexdigest()
    if found != CHECKSUMS[name]:
        raise InputError(
            f"{shown}: content has SHA-256 {found[:12]}..., Fashion-MNIST's has "
            f"{CHECKSUMS[name][:12]}...; download it again, or give images of your own as "
            "--data FOLDER or --data FILE.npz"
        )


def _has_idx(folder: Path) -> bool:
    return all(_idx_path(folder, name) for name in CHECKSUMS)


def _has_csv(folder: Path) -> bool:
    return all((folder / name).is_file() for name in CSV_FILES.values())


def _idx_path(folder: Path, name: str) -> Path | None:
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _read_split(folder: Path, split: str) -> ImageData:
    """One split, from IDX files if they are there, else from CSV."""
    images_name, labels_name = IDX_FILES[split]
    images_path, labels_path = _idx_path(folder, images_name), _idx_path(folder, labels_name)
    if images_path is not None and labels_path is not None:
        images = idx.read_images(images_path)
        labels = idx.read_labels(labels_path, len(CLASS_NAMES))
        if len(images) != len(labels):
            raise InputError(
                f"{images_path} holds {len(images)} images but {labels_path.name} "
                f"{len(labels)} labels; each image needs exactly one"
            )
        header = np.array([idx.IMAGES_MAGIC, len(images), *images.shape[2:]], ">u4")
        _verify(images_path, images_name, header.tobytes(), images.data)
        header = np.array([idx.LABELS_MAGIC, len(labels)], ">u4")
        _verify(labels_path, labels_name, header.tobytes(), labels.astype(np.uint8).data)
    else:
        images, labels = read_table(folder / CSV_FILES[split], 28, 28, len(CLASS_NAMES))
    return ImageData(name="fashion-mnist", images=images, labels=labels, class_names=CLASS_NAMES)
