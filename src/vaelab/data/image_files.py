"""PNG and JPEG files as arrays: grey where every image is grey, else RGB."""

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
"""Pixels; small files can claim billions."""


def read_images(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """Square images (N, C, H, W) of one size; C is 1 if all of them are grey, else 3.

    An image is grey if its colours are, however the file stores them. Transparency is laid over
    black, 16 bits become 8.

    Raises:
        InputError: naming the first file that is damaged or of another size.
    """
    images: list[NDArray[np.uint8]] = []
    for path in paths:
        image = _read_image(path)
        height, width = image.shape[:2]
        expected, of_first = (images[0].shape[0], f" like {paths[0]}") if images else (height, "")
        if (height, width) != (expected, expected):
            raise InputError(
                f"{path}: expected {expected} x {expected} pixels{of_first} (images must be square "
                f"and of one size), found {width} x {height}; resize it"
            )
        images.append(image)
    channels = max(image.shape[2] for image in images)
    stacked = np.stack([np.broadcast_to(image, (*image.shape[:2], channels)) for image in images])
    return np.ascontiguousarray(stacked.transpose(0, 3, 1, 2))


def _read_image(path: Path) -> NDArray[np.uint8]:
    """(H, W, 1) if grey, else (H, W, 3)."""
    with reading(path):
        content = path.read_bytes()
    refuse_web_page(path, content[:512])
    try:
        with warnings.catch_warnings():
            # What Pillow warns of (odd metadata, great size) is either harmless or refused below.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                pixels = _as_rgb(image) if max(image.size) <= LARGEST_SIDE else None
                size = f"{image.width} x {image.height}"
    # Pillow documents no bound on the kinds of exception that damaged files raise in it.
    except Exception as error:
        raise InputError(
            f"{path}: expected a PNG or JPEG image, found {len(content)} bytes that are none or "
            f"damaged ({_cause(error)})"
        ) from error
    if pixels is None:
        raise InputError(f"{path}: expected sides of at most {LARGEST_SIDE} pixels, found {size}")
    is_grey = (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, :1] if is_grey else pixels


def _as_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3), whatever the mode of the image."""
    if image.mode.startswith("I"):
        # Pillow's own conversion of 16-bit grey clips at 255 instead of scaling.
        grey = (np.asarray(image).astype(np.int64) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, "black")
        return np.asarray(Image.alpha_composite(black, image.convert("RGBA")).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _cause(error: Exception) -> str:
    # This message of Pillow's names an object in memory, which tells the user nothing.
    is_unidentified = isinstance(error, UnidentifiedImageError)
    return "unknown format" if is_unidentified else one_line(error)
