"""The pictures of an explorer: test images as a sprite sheet, stored samples as a strip."""

import math

from PIL import Image

from vaelab.data import ImageData
from vaelab.explorer.content import Sprite
from vaelab.explorer_files import tiled
from vaelab.loaded_run import LoadedRun
from vaelab.pictures import channel_note, png_bytes, tile

MAX_COUNT = 10_000
# A phone's browser draws pictures of this size in one canvas.
MAX_PIXELS = 2**24
SAMPLE_COUNT, SAMPLE_COLUMNS = 50, 10


def images_shown(test: ImageData, most: int = MAX_COUNT) -> ImageData:
    """The first test images, as many as fit in one picture, and at most so many."""
    _, channels, height, width = test.images.shape
    pixels = height * width * (channels if channel_note(channels) else 1)
    return test.first(min(most, max(1, MAX_PIXELS // pixels)))


def sprite_sheet(data: ImageData) -> tuple[Sprite, Image.Image]:
    """All images in one picture, about as wide as high; the rest of its last row is black."""
    count, channels, height, width = data.images.shape
    images = data.images
    if channel_note(channels):
        images = images.reshape(count, 1, channels * height, width)
    columns = min(count, math.ceil(math.sqrt(count * images.shape[2] / width)))
    sprite = Sprite(count=count, channels=channels, height=height, width=width, columns=columns)
    return sprite, Image.fromarray(tiled(images, columns))


def sample_strip(loaded: LoadedRun) -> bytes:
    """PNG of 50 samples, of a conditional model the classes in turn."""
    return png_bytes(tile(loaded.sample(SAMPLE_COUNT).numpy(), SAMPLE_COLUMNS))
