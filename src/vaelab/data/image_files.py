"""Image files as arrays of one size: gray if every image is gray, else RGB.

Values of other ranges and transparent parts are mapped by one rule for all files.

Letters in shapes: N images, H height, W width, C channels (1 or 3).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vaelab.config import DataConfig
from vaelab.data.constant_images import constant_count
from vaelab.data.image_decoding import MAPPINGS, DecodedImage, decode
from vaelab.data.levels import LevelMapping
from vaelab.errors import InputError, note
from vaelab.memory import require_memory

BACKGROUNDS = {"black": 0, "white": 255}
"""What can be behind transparent parts; the first is used unless images would vanish on it."""

_COPIES = 2
"""Of each image at a time: as decoded, and in the array of all."""

_MEMORY_ADVICE = "read them smaller, as with --resize 64 --crop, or save them as mapped .npy files"
_FOLDER_ADVICE = "--resize N with --crop or --pad reads images of any size at N x N pixels"


@dataclass(frozen=True, slots=True)
class ReadImages:
    """Images, and how their files were understood.

    Attributes:
        images: uint8 (N, C, H, W).
        notes: one line each, as in `Dataset`.
    """

    images: NDArray[np.uint8]
    notes: tuple[str, ...]


def read_images(paths: Sequence[Path], config: DataConfig | None = None) -> NDArray[np.uint8]:
    """The images of `read_image_files`, whose notes are printed."""
    read = read_image_files(paths, config or DataConfig(), advice="resize it")
    for line in read.notes:
        note(line)
    return read.images


def read_image_files(
    paths: Sequence[Path], config: DataConfig, *, advice: str = _FOLDER_ADVICE
) -> ReadImages:
    """Read images of one size as (N, C, H, W); C is 1 if all images are gray, else 3.

    An image is gray if red, green and blue are equal in every pixel, whatever the format of the
    file. Only one image is in memory at its full size, if `config` says to resize them.

    Args:
        paths: of the files.
        config: its `resize`, `fit` and `gray` say how the files are read.
        advice: what to do about an image of another size.

    Raises:
        InputError: naming the first file that is damaged, of another size or out of range.
    """
    decoded: list[DecodedImage] = []
    largest = 0
    for path in paths:
        image = decode(path, config)
        if image.values.nbytes > largest:
            largest = image.values.nbytes
            require_memory(
                _COPIES * largest * len(paths),
                f"{paths[0].parent}: {len(paths):,} files of {_described(image)}",
                _MEMORY_ADVICE,
            )
        (height, width), expected = image.values.shape[:2], (decoded or [image])[0].values.shape[:2]
        if (height, width) != expected:
            raise InputError(
                f"{path}: expected {expected[1]} x {expected[0]} pixels like {paths[0]} (all "
                f"images must have one size), found {width} x {height}; {advice}"
            )
        decoded.append(image)
    mappings = _mappings(decoded)
    background, background_notes = _background(decoded, mappings)
    images = [_levels(image, mappings[image.kind], background) for image in decoded]
    if config.gray:
        images = [_as_gray(image) for image in images]
    stacked, color_notes = _stack(paths, images)
    notes = [
        *(mapping.note for mapping in mappings.values()),
        *background_notes,
        *_remark_notes(decoded),
        *color_notes,
    ]
    return ReadImages(stacked, tuple(notes))


def _described(image: DecodedImage) -> str:
    height, width = image.values.shape[:2]
    return f"{width} x {height} pixels"


def _mappings(images: Sequence[DecodedImage]) -> dict[str, LevelMapping]:
    """The mapping of each kind of file, chosen by the range of all files of the kind."""
    ranges = defaultdict[str, list[float]](list)
    for image in images:
        ranges[image.kind] += [image.low, image.high]
    return {
        kind: MAPPINGS[kind](f"{kind} files", min(values), max(values))
        for kind, values in sorted(ranges.items())
    }


def _background(
    images: Sequence[DecodedImage], mappings: dict[str, LevelMapping]
) -> tuple[int, list[str]]:
    """The level behind transparent parts: black, unless fewer images are constant over white."""
    transparent = [image for image in images if image.alpha is not None]
    if not transparent:
        return 0, []
    constant = {
        name: sum(
            constant_count(_levels(image, mappings[image.kind], level).transpose(2, 0, 1)[None])
            for image in transparent
        )
        for name, level in BACKGROUNDS.items()
    }
    name = min(constant, key=lambda name: constant[name])
    reason = f", as {constant['black']:,} of them vanish over black" if name == "white" else ""
    count = _count(len(transparent), len(images))
    return BACKGROUNDS[name], [f"{count} transparent parts: put over {name}{reason}"]


def _levels(image: DecodedImage, mapping: LevelMapping, background: int) -> NDArray[np.uint8]:
    """8-bit levels (H, W, C), with C = 1 for a gray image."""
    levels = mapping.apply(image.values)
    if image.alpha is not None:
        behind = (255 - image.alpha.astype(np.int64)) * background // 255
        levels = np.minimum(levels + behind, 255).astype(np.uint8)
    is_gray = (levels == levels[:, :, :1]).all()
    return levels[:, :, :1] if is_gray else levels


def _as_gray(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The luminance (H, W, 1)."""
    if levels.shape[2] == 1:
        return levels
    return np.asarray(Image.fromarray(levels).convert("L"))[:, :, None]


def _stack(
    paths: Sequence[Path], images: Sequence[NDArray[np.uint8]]
) -> tuple[NDArray[np.uint8], list[str]]:
    """The images (N, C, H, W), and a note if only some are in color."""
    colored = [path for path, image in zip(paths, images, strict=True) if image.shape[2] == 3]
    notes = []
    if 0 < len(colored) < len(images):
        notes.append(
            f"{_count(len(colored), len(images))} color, such as {colored[0].name}: all are read "
            "as RGB"
        )
    height, width = images[0].shape[:2]
    stacked = np.empty((len(images), 3 if colored else 1, height, width), np.uint8)
    for index, image in enumerate(images):
        stacked[index] = image.transpose(2, 0, 1)
    return stacked, notes


def _remark_notes(images: Sequence[DecodedImage]) -> list[str]:
    counts = Counter(remark for image in images for remark in image.remarks)
    return [
        f"{count:,} of {len(images):,} images: each {remark}" for remark, count in counts.items()
    ]


def _count(count: int, total: int) -> str:
    return f"{count:,} of {total:,} images {'has' if count == 1 else 'have'}"
