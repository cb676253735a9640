"""Batches of images as one picture, pixel for pixel.

Letters in shapes: N images, C channels, H height, W width.
"""

import io
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from vaelab.errors import InputError
from vaelab.files import atomic_write

GAP_PIXELS = 2
# A larger picture takes more than 250 MB to read, and vaelab draws none.
MOST_PIXELS = 64_000_000
BACKGROUND = 255


def channel_note(channels: int) -> str:
    """A note on how images of so many channels are shown; empty if nothing is changed.

    Gray (1 channel) and RGB (3 channels) images are unchanged; others are shown as the mean over
    channels.
    """
    return "" if channels in (1, 3) else f"images of {channels} channels: their mean is shown"


def displayable(images: Float32[np.ndarray, "N C H W"]) -> Float32[np.ndarray, "N S H W"]:
    """Images with S = 1 or 3 channels, for the screen: see `channel_note`."""
    is_shown_as_is = not channel_note(images.shape[1])
    return images if is_shown_as_is else images.mean(axis=1, keepdims=True)


def rows_in_pairs(
    above: Float[Tensor, "N C H W"], below: Float[Tensor, "N C H W"], columns: int
) -> Float[Tensor, "M C H W"]:
    """Rows of `columns` images from `above` and from `below` in turn, the last filled with white.

    Args:
        above: images of the upper row of each pair.
        below: images of the lower row, in the same order.
        columns: images in a row.
    """
    missing = -len(above) % columns
    white = above.new_ones(missing, *above.shape[1:])
    rows = zip(
        torch.cat([above, white]).split(columns),
        torch.cat([below, white]).split(columns),
        strict=True,
    )
    return torch.cat([row for pair in rows for row in pair])


def tile(images: Float32[np.ndarray, "N C H W"], columns: int) -> NDArray[np.uint8]:
    """Images in [0, 1] laid out in rows of `columns` with a thin gap.

    Returns:
        uint8 (height, width, 1 or 3) of the whole picture.
    """
    pixels = to_pixels(images)
    count, height, width, channels = pixels.shape
    rows = -(-count // columns)
    step_y, step_x = height + GAP_PIXELS, width + GAP_PIXELS
    picture = np.full(
        (rows * step_y - GAP_PIXELS, columns * step_x - GAP_PIXELS, channels), BACKGROUND, np.uint8
    )
    for index, image in enumerate(pixels):
        top, left = index // columns * step_y, index % columns * step_x
        picture[top : top + height, left : left + width] = image
    return picture


def to_pixels(images: Float32[np.ndarray, "N C H W"]) -> UInt8[np.ndarray, "N H W S"]:
    """Images in [0, 1] as 8-bit pictures with S = 1 or 3 channels: see `displayable`."""
    pixels: NDArray[np.uint8] = np.rint(displayable(images).clip(0, 1) * 255).astype(np.uint8)
    return pixels.transpose(0, 2, 3, 1)


def save_png(path: Path, picture: NDArray[np.uint8], *, scale: int = 1) -> None:
    """Write a picture (height, width, C) as PNG, each pixel `scale` pixels wide and high."""
    with atomic_write(path) as partial:
        partial.write_bytes(png_bytes(picture, scale=scale))


def png_bytes(picture: NDArray[np.uint8], *, scale: int = 1) -> bytes:
    """A picture (height, width, C) as PNG, each pixel `scale` pixels wide and high."""
    enlarged = picture.repeat(scale, axis=0).repeat(scale, axis=1)
    image = Image.fromarray(enlarged.squeeze(2) if enlarged.shape[2] == 1 else enlarged)
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def read_picture(path: Path) -> Image.Image:
    """A stored picture of at most `MOST_PIXELS` pixels, decoded.

    Raises:
        InputError: if it is larger, or cannot be read as an image.
    """
    try:
        with Image.open(path) as opened:
            size = opened.size
            picture = opened.copy() if size[0] * size[1] <= MOST_PIXELS else None
    # For a damaged file Pillow may raise many exceptions.
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path} cannot be read as an image ({reason})") from None
    if picture is None:
        raise InputError(f"{path} has {size[0]} x {size[1]} pixels, more than vaelab draws")
    return picture
