"""Batches of images as one picture, pixel for pixel.

Letters in shapes: N images, C channels, H height, W width.
"""

import io
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from vaelab.files import written_whole

GAP_PIXELS = 2
BACKGROUND = 255


def rows_in_pairs(
    above: Float[Tensor, "N C H W"], below: Float[Tensor, "N C H W"], columns: int
) -> Float[Tensor, "M C H W"]:
    """Each row of `columns` images over the one that belongs to it; the last filled with white."""
    missing = -len(above) % columns
    white = above.new_ones(missing, *above.shape[1:])
    rows = zip(
        torch.cat([above, white]).split(columns),
        torch.cat([below, white]).split(columns),
        strict=True,
    )
    return torch.cat([row for pair in rows for row in pair])


def tile(images: NDArray[np.float32], columns: int) -> NDArray[np.uint8]:
    """Images (N, C, H, W) in [0, 1], C of 1 or 3, laid out in rows of `columns` with a thin gap.

    Returns:
        uint8 (height, width, C) of the whole picture.
    """
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    step_y, step_x = height + GAP_PIXELS, width + GAP_PIXELS
    picture = np.full(
        (rows * step_y - GAP_PIXELS, columns * step_x - GAP_PIXELS, channels), BACKGROUND, np.uint8
    )
    for index, image in enumerate(to_pixels(images)):
        top, left = index // columns * step_y, index % columns * step_x
        picture[top : top + height, left : left + width] = image
    return picture


def to_pixels(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Images (N, C, H, W) in [0, 1] as pictures (N, H, W, C) of 8 bits."""
    pixels: NDArray[np.uint8] = np.rint(images.clip(0, 1) * 255).astype(np.uint8)
    return pixels.transpose(0, 2, 3, 1)


def save_png(path: Path, picture: NDArray[np.uint8], *, scale: int = 1) -> None:
    """Write a picture (height, width, C) as PNG, each pixel `scale` pixels wide and high."""
    with written_whole(path) as partial:
        partial.write_bytes(png_bytes(picture, scale=scale))


def png_bytes(picture: NDArray[np.uint8], *, scale: int = 1) -> bytes:
    """A picture (height, width, C) as PNG, each pixel `scale` pixels wide and high."""
    enlarged = picture.repeat(scale, axis=0).repeat(scale, axis=1)
    image = Image.fromarray(enlarged.squeeze(2) if enlarged.shape[2] == 1 else enlarged)
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()
