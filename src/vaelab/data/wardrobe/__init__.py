"""wardrobe: garments of the ten Fashion-MNIST classes, rendered from known factors.

It needs no download, and the generative factors of each image are known. The factors are
independent, and each of them changes the images of every class:

    class       categorical, the ten classes of Fashion-MNIST in the same order
    width       extent from left to right
    length      extent from top to bottom
    cut         sleeve length of T-shirt, pullover and shirt, flare of trouser legs and dress, depth
                of a coat's opening, heel of sandal and ankle boot, sole of a sneaker, handle of a
                bag
    brightness  of the fabric
    texture     categorical: plain, horizontal stripes, vertical stripes, dots
    tilt        rotation by up to 7 degrees in either direction
    light       direction of the light, from the left (0) to the right (1)
    trim        gray value of collars, hems, buttons, laces, soles and handles

Letters in shapes: N images, F factors, H height, W width.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, Factors, ImageData
from vaelab.data.wardrobe.canvas import (
    SIZE,
    Canvas,
    Field,
    Plane,
    blend,
    triangle_wave,
    turned_plane,
)
from vaelab.data.wardrobe.garments import GARMENTS
from vaelab.data.wardrobe.parts import GarmentFactors
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
CHUNK = 16  # images at once; the allocator reuses arrays of this size

_LARGEST_TILT = 0.06  # tangent of half the angle


def load(config: DataConfig, data_dir: Path | None) -> Dataset:
    """Render training and test images, by default 60,000 and 10,000.

    Raises:
        InputError: if a count is below 1, or if there is a `data_dir`.
    """
    if data_dir is not None:
        raise InputError("wardrobe is rendered by vaelab and has no --data-dir; omit it")
    train_count = TRAIN_COUNT if config.train_count is None else config.train_count
    test_count = TEST_COUNT if config.test_count is None else config.test_count
    return Dataset(
        train=draw(train_count, seed=TRAIN_SEED),
        test=draw(test_count, seed=TEST_SEED),
        source="rendered by vaelab",
    )


def draw(count: int, *, seed: int) -> ImageData:
    """Draw random factors and render images with labels and factors.

    Image i depends on `seed` and i only, so a smaller set of the same seed is the start of a larger
    one. Each block of ten images has every class once, in random order; all other factors are
    uniform and independent.

    Args:
        count: number of images, N.
        seed: of the factors, at least 0.

    Returns:
        images uint8 (N, 1, 28, 28), labels int64 (N), factors float64 (N, F).

    Raises:
        InputError: if the count is below 1 or the seed is negative.
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
    """Render the images of given factor values; nothing is random.

    Each image depends only on its row of `values` and is the same on every machine.

    Args:
        values: (N, F) in the order of `FACTOR_NAMES`, as in `Factors.values`.
        chunk: number of images rendered at once.

    Returns:
        uint8 (N, 1, 28, 28).

    Raises:
        InputError: if values have another shape or are out of range, or if a categorical value is
            not a whole number.
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
    """Factor values (N, F), drawn row by row, so that the first rows do not depend on `count`."""
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
    """Refuse values that cannot be rendered."""
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
    """Render images (N, H, W) of one class."""
    columns = values.T.astype(np.float32)[:, :, None, None]
    factor = dict(zip(FACTOR_NAMES, columns, strict=True))
    plane = turned_plane((2 * factor["tilt"] - 1) * _LARGEST_TILT)
    canvas = Canvas.black(plane)
    factors = GarmentFactors(
        width=factor["width"],
        length=factor["length"],
        cut=factor["cut"],
        fabric=_fabric(plane, factor["brightness"], factor["texture"]),
        trim=blend(0.2, 1.0, factor["trim"]),
    )
    GARMENTS[name](canvas, factors)
    lit = canvas.gray * _lighting(plane, factor["light"])
    pixels: NDArray[np.uint8] = np.rint(np.clip(lit, 0, 1) * 255).astype(np.uint8)
    return pixels


def _fabric(plane: Plane, brightness: Field, texture: Field) -> Field:
    """Gray value of the cloth (N, H, W): a base value, the texture and soft folds."""
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
    """Brightness factor of each pixel (N, H, W); light from the left at 0, the right at 1."""
    side = np.clip(plane[0] / 9, -1, 1)
    share: Field = 0.92 + 0.2 * (2 * light - 1) * side
    return share
