"""The user's own images: a folder with a subfolder per class, or an .npz file."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.reading import reading
from vaelab.data.splits import split
from vaelab.errors import InputError

SUFFIXES = {".png", ".jpg", ".jpeg"}
TEST_FRACTION = 0.1
MAX_PIXELS = 1 << 24


def load_folder(config: DataConfig, _data_dir: Path | None = None) -> Dataset:
    """Images under `config.path`: a subfolder per class, or train/ and test/ with those inside.

    Without a test folder, a tenth of each class is set aside as test images.

    Raises:
        InputError: naming the first folder or file that cannot be used.
    """
    folder = _require_path(config)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder of images")
    name, source = f"folder:{folder.resolve().name}", f"image files in {folder}"
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        train, test = _read_classes(folder / "train", name), _read_classes(folder / "test", name)
        _require_alike(train, test, str(folder))
        dataset = Dataset(train=train, test=test, source=source)
    else:
        dataset = _with_test_images(_read_classes(folder, name), config, source)
    return dataset.limited(config.train_count, config.test_count)


def load_npz(config: DataConfig, _data_dir: Path | None = None) -> Dataset:
    """Images in the file `config.path`, under `images` and, if they are there, `labels`.

    `images` is uint8 (N, H, W), (N, H, W, C) or (N, C, H, W); `class_names`, `test_images` and
    `test_labels` are optional. Without test images, a tenth of the images is set aside as such.

    Raises:
        InputError: naming the file, the array, what was expected and what was found.
    """
    path = _require_path(config)
    arrays = _read_npz(path)
    name, source = f"npz:{path.stem}", f"arrays in {path}"
    train = _from_arrays(path, name, arrays, "")
    if "test_images" in arrays:
        test = _from_arrays(path, name, arrays, "test_")
        _require_alike(train, test, str(path))
        dataset = Dataset(train=train, test=test, source=source)
    else:
        dataset = _with_test_images(train, config, source)
    return dataset.limited(config.train_count, config.test_count)


def _require_path(config: DataConfig) -> Path:
    if config.path is None:
        raise InputError(f"data set {config.name!r} needs data.path")
    path = Path(config.path).expanduser()
    if not path.exists():
        raise InputError(f"{path} does not exist")
    return path


def _read_classes(folder: Path, name: str) -> ImageData:
    """All images of all class folders, both in the order of their names."""
    with reading(folder):
        classes = sorted(path for path in _visible(folder) if path.is_dir())
    if not classes:
        raise InputError(f"{folder} holds no class folders; put the images of each class into one")
    paths, labels = [], []
    for label, class_folder in enumerate(classes):
        files = sorted(_visible(class_folder))
        if not files:
            raise InputError(f"{class_folder} is an empty class folder; fill or remove it")
        for path in files:
            if path.suffix.lower() not in SUFFIXES:
                raise InputError(f"{path} is not a PNG or JPEG file; convert or remove it")
        paths += files
        labels += [label] * len(files)
    return ImageData(
        name=name,
        images=_stack(paths),
        labels=np.array(labels, np.int64),
        class_names=tuple(path.name for path in classes),
    )


def _visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def _stack(paths: list[Path]) -> NDArray[np.uint8]:
    """(N, C, H, W): grey if every image is, else RGB."""
    images = [_read_image(path) for path in paths]
    size = images[0].size
    if size[0] != size[1]:
        raise InputError(f"{paths[0]} is {size[0]} x {size[1]} pixels; images must be square")
    for path, image in zip(paths, images, strict=True):
        if image.size != size:
            raise InputError(
                f"{path} is {image.size[0]} x {image.size[1]} pixels, "
                f"{paths[0].name} is {size[0]} x {size[1]}; resize all to one size"
            )
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    pixels = np.stack([np.asarray(image.convert(mode), np.uint8) for image in images])
    return pixels[:, None] if mode == "L" else pixels.transpose(0, 3, 1, 2).copy()


def _read_image(path: Path) -> Image.Image:
    """Grey ("L") or RGB; transparency over black, 16-bit scaled to 8."""
    try:
        with reading(path), Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError(f"{path} has {image.width} x {image.height} pixels: too large")
            image.load()
            if image.mode.startswith("I;16"):
                return Image.fromarray((np.asarray(image, np.uint16) >> 8).astype(np.uint8))
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
                return image.convert("RGB")
            return image.convert("L" if image.mode in ("L", "1") else "RGB")
    except (UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is damaged or no image: {error}") from None


def _read_npz(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with reading(path), np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InputError(f"{path} holds one array; save it as .npz under the name 'images'")
            return {name: file[name] for name in file.files}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read as .npz: {error}") from None


def _from_arrays(
    path: Path, name: str, arrays: dict[str, NDArray[np.generic]], prefix: str
) -> ImageData:
    if f"{prefix}images" not in arrays:
        raise InputError(
            f"{path} holds no array {prefix + 'images'!r}, only {', '.join(arrays) or 'nothing'}"
        )
    images = _as_channels_first(path, f"{prefix}images", arrays[f"{prefix}images"])
    if f"{prefix}labels" not in arrays:
        return ImageData(name=name, images=images)
    labels = arrays[f"{prefix}labels"]
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or not len(labels):
        raise InputError(
            f"{path}: {prefix}labels must be whole numbers (N), found {labels.dtype} {labels.shape}"
        )
    class_names = arrays.get("class_names")
    names = (
        tuple(str(value) for value in range(int(arrays["labels"].max()) + 1))
        if class_names is None
        else tuple(map(str, class_names))
    )
    return ImageData(name=name, images=images, labels=labels.astype(np.int64), class_names=names)


def _as_channels_first(path: Path, key: str, images: NDArray[np.generic]) -> NDArray[np.uint8]:
    if images.dtype != np.uint8:
        raise InputError(
            f"{path}: {key} must be uint8 from 0 to 255, found {images.dtype}; floats in [0, 1] "
            "become so by (255 * images).round().astype('uint8')"
        )
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[3] in (1, 3) and images.shape[1] not in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.shape[2] != images.shape[3]:
        raise InputError(
            f"{path}: {key} must be square images (N, H, W), (N, H, W, C) or (N, C, H, W) "
            f"with C of 1 or 3, found {images.shape}"
        )
    return np.ascontiguousarray(images, np.uint8)


def _with_test_images(data: ImageData, config: DataConfig, source: str) -> Dataset:
    train, test = split(data, TEST_FRACTION, config.split_seed)
    return Dataset(train=data.take(train), test=data.take(test), source=source)


def _require_alike(train: ImageData, test: ImageData, where: str) -> None:
    if train.images.shape[1:] != test.images.shape[1:]:
        raise InputError(
            f"{where}: training images are {train.images.shape[1:]} (C, H, W), "
            f"test images {test.images.shape[1:]}"
        )
    if train.class_names != test.class_names:
        raise InputError(f"{where}: training and test images must have the same classes")
