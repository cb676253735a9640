"""Color values of 16 bits. Pillow reads only the high byte of each, so the low bytes are read too.

Letters in shapes: H height, W width, C channels.
"""

import sys

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

# For each arrangement of 16-bit values, the one in which Pillow takes the low bytes for high ones.
_LOW_BYTES = {
    f"{mode};16{order}": f"{mode};16{other}"
    for mode in ("RGB", "RGBX", "RGBA")
    for order, other in (("B", "L"), ("L", "B"), ("N", "B" if sys.byteorder == "little" else "L"))
}
_GRAY_AND_ALPHA = "LA;16B"
# Four bytes per pixel, as many as those of gray and alpha.
_FOUR_BYTES = "RGBA"

READABLE = (*_LOW_BYTES, _GRAY_AND_ALPHA)
"""Pillow's names of the arrangements that can be read."""


def rawmode(image: ImageFile.ImageFile) -> str:
    """Pillow's name of the arrangement of the bytes in the file."""
    arguments = image.tile[0].args if image.tile else None
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def read_16_bits(first: ImageFile.ImageFile, second: ImageFile.ImageFile) -> NDArray[np.uint16]:
    """The values (H, W, C) of an image, the alpha last if there is one.

    Args:
        first: the image, opened and not loaded; its arrangement is one of `READABLE`.
        second: the same.
    """
    arrangement = rawmode(first)
    if arrangement == _GRAY_AND_ALPHA:
        pairs = _bytes(first, _FOUR_BYTES)
        return pairs[:, :, ::2] * np.uint16(256) + pairs[:, :, 1::2]
    high, low = _bytes(first, arrangement), _bytes(second, _LOW_BYTES[arrangement])
    return high * np.uint16(256) + low


def _bytes(image: ImageFile.ImageFile, arrangement: str) -> NDArray[np.uint8]:
    """The image upright, read as if its bytes were arranged so."""
    image.tile = [
        tile._replace(
            args=(arrangement, *tile.args[1:]) if isinstance(tile.args, tuple) else arrangement
        )
        for tile in image.tile
    ]
    upright: Image.Image = ImageOps.exif_transpose(image)
    return np.asarray(upright)
