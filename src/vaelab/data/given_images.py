"""Images that a user gives to a trained model, or as samples: arrays, tensors, pictures, folders.

Letters in shapes: N images, C channels, H height, W width.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from vaelab.data.array_checks import as_labels, number_classes
from vaelab.data.folder_layout import is_system_file
from vaelab.data.image_decoding import FORMAT_NAMES, SUFFIXES
from vaelab.data.pixel_range import find_mapping, find_range
from vaelab.errors import InputError, note

Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class GivenImages:
    """Images as a model takes them, which become floats in [0, 1] block by block.

    Attributes:
        parts: the images (N, C, H, W), with their own numbers.
        white: the number that becomes 1; 0 becomes 0.
    """

    parts: Sequence[NDArray[Any]]
    white: np.float32

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def blocks(self, size: int) -> Iterator[Float32[np.ndarray, "N C H W"]]:
        """All images in order, about `size` at a time."""
        waiting = list[NDArray[np.float32]]()
        for part in self.parts:
            for start in range(0, len(part), size):
                waiting.append(in_unit_range(part[start : start + size], self.white))
                if sum(map(len, waiting)) >= size:
                    yield np.concatenate(waiting)
                    waiting.clear()
        if waiting:
            yield np.concatenate(waiting)


def given_images(images: Any, shape: Shape, source: str) -> GivenImages:
    """The images that a user gives to a model.

    One image or several: an array, a tensor, a PIL image, or a list of these. An array has its
    channels first, last or, if the images are gray, none; or it is flat. Of an array that could be
    one image or several, it is one. Gray images become RGB images for a model of RGB images, and
    the other way round where red, green and blue are equal. For their numbers see `vaelab.dataset`.

    Args:
        images: what the user gives.
        shape: channels, height and width that the model takes.
        source: the start of error messages.

    Raises:
        InputError: on another shape, range or kind of number.
    """
    given = list(images) if _is_list(images) else [images]
    parts = [as_batch(as_array(each), shape, source) for each in given]
    return GivenImages(parts, white_value(parts, source))


def _is_list(images: Any) -> bool:
    """Whether it is a list of images, not one of numbers."""
    return isinstance(images, list | tuple) and any(
        isinstance(each, np.ndarray | Tensor | Image.Image) for each in images
    )


def as_array(images: Any) -> NDArray[Any]:
    """An array in main memory of what the user gives, a view where it is an array already."""
    if isinstance(images, Image.Image):
        return _pixels(images)
    if not isinstance(images, Tensor):
        return np.asarray(images)
    # numpy has no bfloat16.
    on_cpu = images.detach().cpu()
    return (on_cpu.float() if on_cpu.is_floating_point() else on_cpu).numpy()


def _pixels(picture: Image.Image) -> NDArray[Any]:
    """A PIL image upright as (H, W, C); transparent parts are put over black."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):  # one value of more than 8 bits for each pixel
        return np.asarray(picture)[:, :, None]
    if picture.has_transparency_data:
        black = Image.new("RGBA", picture.size, "black")
        picture = Image.alpha_composite(black, picture.convert("RGBA"))
    pixels = np.asarray(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def as_batch(images: NDArray[Any], shape: Shape, source: str) -> NDArray[Any]:
    """Images (N, C, H, W), as a view where their channels are those that the model takes.

    Raises:
        InputError: on images of another shape.
    """
    channels, height, width = shape
    gray = [(height, width), (1, height, width), (height, width, 1)]
    color = [(3, height, width), (height, width, 3)]
    own = [shape, (height, width, channels), (channels * height * width,)]
    accepted = own + {1: gray + color, 3: gray}.get(channels, [])
    if images.shape in accepted:
        images = images[None]
    elif images.shape[1:] not in accepted or not len(images):
        raise InputError(
            f"{source}: expected images of {_described(shape)}, like those that the model was "
            f"trained on, found {_found(images.shape)}; resize or convert the images first"
        )
    form = images.shape[1:]
    if form == own[2]:
        return images.reshape(-1, *shape)
    if form in gray:
        batch = images.reshape(-1, 1, height, width)
        return np.broadcast_to(batch, (len(batch), *shape))
    batch = images if form[1:] == (height, width) else images.transpose(0, 3, 1, 2)
    if batch.shape[1] == channels:
        return batch
    if not (batch[:, :1] == batch).all():
        raise InputError(
            f"{source}: expected gray images, like those that the model was trained on, found "
            "images in color; convert them first, as with convert('L') of PIL"
        )
    return batch[:, :1]


def _described(shape: Sequence[int]) -> str:
    channels, height, width = shape
    kind = {1: "gray", 3: "RGB"}.get(channels, f"{channels} channels")
    return f"{width} x {height} pixels ({kind})"


def _found(shape: Sequence[int]) -> str:
    """Images in one of the usual layouts by their size, other arrays by their shape."""
    if len(shape) == 4 and shape[1] in (1, 3):
        return _described(shape[1:])
    if len(shape) == 3 and shape[2] in (1, 3):
        return _described((shape[2], *shape[:2]))
    return f"an array of shape {tuple(shape)}"


def white_value(parts: Sequence[NDArray[Any]], source: str) -> np.float32:
    """The number that stands for white, by one rule for all images; a note says what is unusual.

    Raises:
        InputError: on numbers that cannot be mapped to [0, 1].
    """
    names = {f"image {index}" if len(parts) > 1 else "images": p for index, p in enumerate(parts)}
    mapping = find_mapping(source, find_range(source, names))
    if mapping.note:
        note(f"{source}: {mapping.note}")
    return np.float32(255 / mapping.factor)


def in_unit_range(images: NDArray[Any], white: np.float32) -> NDArray[np.float32]:
    """New floats in [0, 1]; an excess that comes from rounding is clipped."""
    scaled = images.astype(np.float32, order="C")
    scaled /= white
    return scaled.clip(0, 1, out=scaled)


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder that has no others, sorted by name.

    Raises:
        InputError: if there is another file, or none.
    """
    found = sorted(path for path in folder.iterdir() if not is_system_file(path.name))
    foreign = [path for path in found if path.suffix.lower() not in SUFFIXES]
    if foreign or not found:
        what = f"found {foreign[0].name}" if foreign else "found none"
        raise InputError(f"{folder}: expected {FORMAT_NAMES} images, {what}")
    return found


def class_folders(folder: Path) -> list[Path]:
    """The folders in a folder of a folder per class, sorted by name; none of a folder of images.

    Raises:
        InputError: if there are files next to folders.
    """
    visible = sorted(path for path in folder.iterdir() if not is_system_file(path.name))
    folders = [path for path in visible if path.is_dir()]
    if folders and len(folders) < len(visible):
        raise InputError(f"{folder}: expected either images or a folder per class, found both")
    return folders


def classes_of(names: Sequence[str], class_names: Sequence[str]) -> list[int] | None:
    """The classes with these names, or else with these numbers; None if some are neither.

    Punctuation and case are ignored.
    """
    by_name = {_plain(name): number for number, name in enumerate(class_names)}
    by_number = {str(number): number for number in range(len(class_names))}
    for table in (by_name, by_number):
        found = [table[_plain(name)] for name in names if _plain(name) in table]
        if len(found) == len(names):
            return found
    return None


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def class_positions(
    labels: NDArray[Any], count: int, class_names: tuple[str, ...], source: str
) -> NDArray[np.int64]:
    """The position (N) of the class of each of `count` images, from its name or its position.

    Numbers are positions, unless they are names and cannot be positions.

    Raises:
        InputError: on labels that are neither, or that could be both.
    """
    if not class_names:
        raise InputError(f"{source}: expected no labels, as the data have none")
    given = as_labels(source, "labels", labels, count)
    names = given.astype(np.str_)
    if given.dtype.kind == "i" and not np.isin(names, class_names).all():
        return given.astype(np.int64)  # as positions
    positions = number_classes(source, {"labels": names}, class_names)[0]["labels"]
    if given.dtype.kind == "i" and (positions != given).any() and given.max() < len(class_names):
        raise InputError(
            f"{source}: labels: found numbers that are names as well as positions of the classes "
            f"{', '.join(class_names)}; save the names as text, with `labels.astype(str)`"
        )
    return positions
