"""Grids of images.

Letters in shapes: N images, C channels, H height, W width.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional

from vaelab.figures.style import PNG_DPI
from vaelab.names import text_width
from vaelab.pictures import displayable

# Side of a square image with its gap, in inches; larger images get more, up to the second number.
CELL_INCHES, MAX_CELL_INCHES = 0.62, 1.0
# No image is drawn longer than this, relative to its other side.
MAX_ASPECT = 4.0
MIN_WIDTH_INCHES, TITLE_INCHES = 4.6, 0.75
LETTER_INCHES = 0.075
# Sides of the largest images that are drawn as they are: twice the pixels of a cell of a PNG.
THUMBNAIL_SIDE = round(2 * MAX_CELL_INCHES * PNG_DPI)
# A gap of a pixel for each so many pixels of height; smaller images are enlarged.
GAP_SIDE = 28


def cell_inches(images: Float[Tensor, "N C H W"]) -> tuple[float, float]:
    """Width and height of one image with its gap; non-square ones have about the same area."""
    height, width = images.shape[2:]
    side = min(max(CELL_INCHES, max(height, width) / PNG_DPI), MAX_CELL_INCHES)
    stretch = math.sqrt(min(max(width / height, 1 / MAX_ASPECT), MAX_ASPECT))
    return side * stretch, side / stretch


def thumbnails(images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C h w"]:
    """Images of at most `THUMBNAIL_SIDE` pixels: smaller ones as they are, others as area means."""
    height, width = images.shape[2:]
    scale = max(1.0, max(height, width) / THUMBNAIL_SIDE)
    if scale == 1:
        return images
    size = (max(1, round(height / scale)), max(1, round(width / scale)))
    return functional.adaptive_avg_pool2d(images, size)


def image_grid(
    images: Float[Tensor, "N C H W"],
    columns: int,
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    group_rows: int = 0,
    scale: float = 1.0,
) -> Figure:
    """A figure of images in a grid, with room for labels and a title; see `show_images`."""
    width, height = (scale * inches for inches in cell_inches(images))
    label_width = LETTER_INCHES * max(map(text_width, row_labels), default=0)
    figure = Figure(
        figsize=(
            max(columns * width + label_width, MIN_WIDTH_INCHES),
            -(-len(images) // columns) * height + TITLE_INCHES,
        )
    )
    show_images(
        figure.add_subplot(),
        images,
        columns,
        row_labels=row_labels,
        column_labels=column_labels,
        group_rows=group_rows,
    )
    return figure


def show_images(
    axes: Axes,
    images: Float[Tensor, "N C H W"],
    columns: int,
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    group_rows: int = 0,
) -> None:
    """Draw images in [0, 1] in a grid with labels at rows and columns.

    Args:
        axes: where to draw.
        images: row after row.
        columns: images in a row.
        row_labels: left of the rows.
        column_labels: above the columns.
        group_rows: rows of a group; a wider gap separates groups; 0 for no groups.
    """
    shown = displayable(thumbnails(images).numpy())
    enlarged = max(1, GAP_SIDE // max(shown.shape[2:]))
    shown = shown.repeat(enlarged, axis=2).repeat(enlarged, axis=3)
    rows = -(-len(shown) // columns)
    _, _, height, width = shown.shape
    gap = 1 + height // GAP_SIDE
    tops = [
        row * (height + gap) + (4 * gap * (row // group_rows) if group_rows else 0)
        for row in range(rows)
    ]
    lefts = [column * (width + gap) for column in range(columns)]
    canvas = np.ones((tops[-1] + height, lefts[-1] + width, 3), np.float32)
    for index, image in enumerate(shown):
        top, left = tops[index // columns], lefts[index % columns]
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    is_reduced = max(height, width) > MAX_CELL_INCHES * PNG_DPI
    axes.imshow(canvas.clip(0, 1), interpolation="antialiased" if is_reduced else "nearest")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    # The center of pixel 0 is at 0.
    middle, center = (height - 1) / 2, (width - 1) / 2
    axes.set_yticks([top + middle for top in tops[: len(row_labels)]], list(row_labels))
    axes.set_xticks([left + center for left in lefts[: len(column_labels)]], list(column_labels))
