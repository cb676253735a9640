"""wardrobe: garments of the ten Fashion-MNIST classes, drawn from known factors.

It needs no download and its ground truth is known. The factors are independent of each other and
every one changes every class's pictures:

    class       categorical, the ten classes of Fashion-MNIST in its order
    width       the garment's extent from left to right
    length      its extent from top to bottom
    cut         sleeve length of T-shirt, pullover and shirt, flare of trouser legs and dress, how
                deep a coat opens, heel of sandal and ankle boot, sole of a sneaker, handle of a bag
    brightness  of the fabric
    texture     categorical: plain, horizontal stripes, vertical stripes, dots
    tilt        the whole turned by up to 7 degrees either way
    light       whether it falls from the left or from the right
    trim        grey of collars, hems, buttons, laces, soles and handles

Letters in shapes: N images, F factors, H height, W width.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.canvas import SIZE, Canvas, Field, Plane, blend, triangle_wave, turned_plane
from vaelab.data.garments import GARMENTS, Order
from vaelab.data.image_data import Dataset, Factors, ImageData
from vaelab.errors import InputError

CLASS_NAMES = tuple(GARMENTS)
TEXTURES = ("plain", "horizontal stripes", "vertical stripes", "dots")
_CATEGORIES: dict[str, int | None] = {
    "class": len(CLASS_NAMES),
    "width": None,
    "length": None,
    "cut": None,
    "brightness": None,
    "texture": len(TEXTURES),
    "tilt": None,
    "light": None,
    "trim": None,
}
FACTOR_NAMES = tuple(_CATEGORIES)
FACTOR_CATEGORIES = tuple(_CATEGORIES.values())

TRAIN_COUNT, TEST_COUNT = 60_000, 10_000
TRAIN_SEED, TEST_SEED = 0, 1
CHUNK = 16  # images at once: arrays small enough for the allocator to hand out again and again

_LARGEST_TILT = 0.06  # tangent of half the angle


def load(config: DataConfig, _data_dir: Path | None) -> Dataset:
    """Training and test images, 60,000 and 10,000 unless `config` says otherwise.

    Raises:
        InputError: a count below 1.
    """
    train_count = TRAIN_COUNT if config.train_count is None else config.train_count
    test_count = TEST_COUNT if config.test_count is None else config.test_count
    return Dataset(
        train=draw(train_count, seed=TRAIN_SEED),
        test=draw(test_count, seed=TEST_SEED),
        source="drawn by vaelab",
    )


def draw(count: int, *, seed: int) -> ImageData:
    """Images with labels and factors.

    Image i depends on `seed` and i alone: fewer images of the same seed are the first of more.
    Every ten images from a multiple of ten on hold each class once, in random order, so that the
    classes are as balanced as `count` allows; all other factors are uniform and independent.

    Args:
        count: how many, N.
        seed: not negative.

    Returns:
        images uint8 (N, 1, 28, 28), labels int64 (N), factors float64 (N, F).

    Raises:
        InputError: a count below 1 or a negative seed.
    """
    if count < 1:
        raise InputError(f"wardrobe: the number of images must be at least 1, found {count}")
    if seed < 0:
        raise InputError(f"wardrobe: the seed must be at least 0, found {seed}")
    values = _draw_values(count, seed)
    return ImageData(
        name="wardrobe",
        images=render(values),
        labels=values[:, 0].astype(np.int64),
        class_names=CLASS_NAMES,
        factors=Factors(names=FACTOR_NAMES, values=values, categories=FACTOR_CATEGORIES),
    )


def render(values: NDArray[np.float64], *, chunk: int = CHUNK) -> NDArray[np.uint8]:
    """The pictures that factor values stand for; no chance is involved.

    Each picture depends on its own row alone, not on the others and not on `chunk`, and is the same
    on every machine.

    Args:
        values: (N, F) in the order of `FACTOR_NAMES`, as in `Factors.values`.
        chunk: most pictures in memory as floats at once.

    Returns:
        uint8 (N, 1, 28, 28).

    Raises:
        InputError: values of another shape, out of range, or broken where categorical.
    """
    _check(values)
    images = np.empty((len(values), 1, SIZE, SIZE), dtype=np.uint8)
    for label, name in enumerate(CLASS_NAMES):
        members = np.flatnonzero(values[:, 0] == label)
        for start in range(0, len(members), chunk):
            rows = members[start : start + chunk]
            images[rows, 0] = _render_class(name, values[rows])
    return images


def _draw_values(count: int, seed: int) -> NDArray[np.float64]:
    """Factor values (N, F), row by row, so that more rows leave the first ones as they are."""
    class_draws, factor_draws = (
        np.random.Generator(np.random.PCG64(child))
        for child in np.random.SeedSequence(seed).spawn(2)
    )
    classes = len(CLASS_NAMES)
    blocks = class_draws.random((-(-count // classes), classes)).argsort(axis=1, kind="stable")
    values = factor_draws.random((count, len(FACTOR_NAMES)))
    for column, categories in enumerate(FACTOR_CATEGORIES):
        if categories is not None:
            values[:, column] = np.floor(values[:, column] * categories)
    values[:, 0] = blocks.ravel()[:count]
    return values


def _check(values: NDArray[np.float64]) -> None:
    """Refuse what no picture could be drawn from."""
    if values.ndim != 2 or values.shape[1] != len(FACTOR_NAMES):
        raise InputError(
            f"wardrobe: factor values must be (N, {len(FACTOR_NAMES)}), found {values.shape}"
        )
    for name, categories, column in zip(FACTOR_NAMES, FACTOR_CATEGORIES, values.T, strict=True):
        highest = 1 if categories is None else categories - 1
        if not np.all((column >= 0) & (column <= highest)):
            raise InputError(f"wardrobe: factor {name} must lie in 0 to {highest}")
        if categories is not None and np.any(column != np.floor(column)):
            raise InputError(f"wardrobe: factor {name} must be a whole number")


def _render_class(name: str, values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Pictures (N, H, W) of one class."""
    columns = values.T.astype(np.float32)[:, :, None, None]
    factor = dict(zip(FACTOR_NAMES, columns, strict=True))
    plane = turned_plane((2 * factor["tilt"] - 1) * _LARGEST_TILT)
    canvas = Canvas.black(plane)
    order = Order(
        width=factor["width"],
        length=factor["length"],
        cut=factor["cut"],
        fabric=_fabric(plane, factor["brightness"], factor["texture"]),
        trim=blend(0.2, 1.0, factor["trim"]),
    )
    GARMENTS[name](canvas, order)
    lit = canvas.grey * _lighting(plane, factor["light"])
    pixels: NDArray[np.uint8] = np.rint(np.clip(lit, 0, 1) * 255).astype(np.uint8)
    return pixels


def _fabric(plane: Plane, brightness: Field, texture: Field) -> Field:
    """Grey of the cloth (N, H, W): a base, its texture, and soft folds."""
    x, y = plane
    stripes_down = np.clip(2 * triangle_wave(y, 4.0), -1, 1)
    stripes_across = np.clip(2 * triangle_wave(x, 4.0), -1, 1)
    dots = np.minimum(triangle_wave(x, 4.2), triangle_wave(y, 4.2))
    pattern = (
        (texture == 1) * (0.24 * stripes_down)
        + (texture == 2) * (0.24 * stripes_across)
        - (texture == 3) * (0.7 * np.clip(2 * dots, 0, 1))
    )
    folds = triangle_wave(x + 0.3 * y, 9.0)
    mostly_bright = brightness * (2 - brightness)
    cloth: Field = blend(0.34, 0.93, mostly_bright) * (1 + pattern + 0.05 * folds)
    return cloth


def _lighting(plane: Plane, light: Field) -> Field:
    """Share of light that each pixel gets (N, H, W): from the left at 0, from the right at 1."""
    side = np.clip(plane[0] / 9, -1, 1)
    share: Field = 0.92 + 0.2 * (2 * light - 1) * side
    return share
