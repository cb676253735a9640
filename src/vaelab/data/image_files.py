"""PNG and JPEG files as arrays: gray if every image is gray, else RGB."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vaelab.data.reading import one_line, reading, refuse_web_page
from vaelab.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg")
LARGEST_SIDE = 4096
"""Pixels. A small file can claim a huge image."""


def read_images(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """Read images of one size as (N, C, H, W); C is 1 if all images are gray, else 3.

    An image is gray if red, green and blue are equal in every pixel, whatever the format of the
    file. Transparent images are composed over black; 16-bit values become 8-bit values.

    Raises:
        InputError: naming the first file that is damaged or of another size.
    """
    images: list[NDArray[np.uint8]] = []
    for path in paths:
        image = _read_image(path)
        (height, width), expected = image.shape[:2], (images or [image])[0].shape[:2]
        if (height, width) != expected:
            raise InputError(
                f"{path}: expected {expected[1]} x {expected[0]} pixels like {paths[0]} (all "
                f"images must have one size), found {width} x {height}; resize it"
            )
        images.append(image)
    channels = max(image.shape[2] for image in images)
    stacked = np.stack([np.broadcast_to(image, (*image.shape[:2], channels)) for image in images])
    return np.ascontiguousarray(stacked.transpose(0, 3, 1, 2))


def _read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image as (H, W, 1) if it is gray, else as (H, W, 3)."""
    with reading(path):
        content = path.read_bytes()
    refuse_web_page(path, content[:512])
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata, which is harmless, and of large sizes, refused below.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                pixels = _as_rgb(image) if max(image.size) <= LARGEST_SIDE else None
                size = f"{image.width} x {image.height}"
    # Pillow does not document which exceptions damaged files raise.
    except Exception as error:
        raise InputError(
            f"{path}: expected a PNG or JPEG image, found {len(content)} bytes of another "
            f"format or damaged ({_cause(error)})"
        ) from error
    if pixels is None:
        raise InputError(f"{path}: expected sides of at most {LARGEST_SIDE} pixels, found {size}")
    is_gray = (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, :1] if is_gray else pixels


def _as_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Convert an image of any mode to (H, W, 3)."""
    if image.mode.startswith("I"):
        # Pillow's own conversion of 16-bit gray clips at 255 instead of scaling.
        gray = (np.asarray(image).astype(np.int64) >> 8).astype(np.uint8)
        return np.repeat(gray[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, "black")
        return np.asarray(Image.alpha_composite(black, image.convert("RGBA")).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _cause(error: Exception) -> str:
    # Pillow's message names an object in memory, which does not help the user.
    is_unidentified = isinstance(error, UnidentifiedImageError)
    return "unknown format" if is_unidentified else one_line(error)
