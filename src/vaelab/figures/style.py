"""One look for all figures: type, colours, images without blur, PNG and SVG.

Letters in shapes: N images, C channels, H height, W width.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vaelab.files import written_whole

# Petroff 2021 (arXiv:2107.02270): ten colours told apart under the common colour deficiencies.
CLASS_COLORS: tuple[str, ...] = tuple(mpl.color_sequences["petroff10"])
TRAIN_COLOR, VALIDATION_COLOR, FLOOR_COLOR = "#3f90da", "#bd1f01", "#717581"
PNG_DPI = 160

RC = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    # The same figure gives the same file.
    "svg.hashsalt": "vaelab",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save inside of this."""
    with mpl.rc_context(RC):
        yield


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write `stem`.png and `stem`.svg, each whole or not at all."""
    paths = []
    for suffix, metadata in ((".png", {"Software": "vaelab"}), (".svg", {"Date": None})):
        path = stem.with_name(stem.name + suffix)
        with written_whole(path) as partial:
            figure.savefig(partial, format=suffix[1:], dpi=PNG_DPI, metadata=metadata)
        paths.append(path)
    return paths


def class_color(label: int) -> str:
    """The colour of a class, the same in every figure."""
    return CLASS_COLORS[label % len(CLASS_COLORS)]


def subtitle(figure: Figure, title: str, detail: str) -> None:
    """A bold title with, below it, what is seen and on which data."""
    figure.suptitle(f"{title}\n", x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.text(0.01, 0.985, f"\n{detail}", va="top", fontsize=9, color="#555555")


def show_images(
    axes: Axes,
    images: NDArray[np.float32],
    columns: int,
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    gap_after: Sequence[int] = (),
) -> None:
    """A grid of images (N, C, H, W) in [0, 1] with labels at rows and columns.

    Args:
        axes: where to draw.
        images: row after row.
        columns: images in a row.
        row_labels: beside the rows.
        column_labels: above the columns.
        gap_after: indices of rows below which a wider gap parts groups.
    """
    rows = -(-len(images) // columns)
    _, channels, height, width = images.shape
    gap = 1 + height // 28
    wide = 4 * gap
    tops = [
        row * (height + gap) + wide * sum(below < row for below in gap_after)
        for row in range(rows)
    ]
    lefts = [column * (width + gap) for column in range(columns)]
    canvas = np.ones((tops[-1] + height, lefts[-1] + width, 3), np.float32)
    for index, image in enumerate(images):
        top, left = tops[index // columns], lefts[index % columns]
        pixels = np.broadcast_to(image.transpose(1, 2, 0), (height, width, 3 if channels != 3 else 3))
        canvas[top : top + height, left : left + width] = pixels
    axes.imshow(canvas.clip(0, 1), interpolation="nearest")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_yticks([top + height / 2 for top in tops[: len(row_labels)]], list(row_labels))
    axes.set_xticks([left + width / 2 for left in lefts[: len(column_labels)]], list(column_labels))
    axes.xaxis.tick_top()


def image_figure(columns: int, rows: float, *, cell_inches: float = 0.62, left: float = 1.3) -> Figure:
    """A figure of the size that a grid of images and its labels take."""
    return Figure(figsize=(columns * cell_inches + left, rows * cell_inches + 0.9))
