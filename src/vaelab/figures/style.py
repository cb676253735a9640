"""One look for all figures: type, colours, images without blur, PNG and SVG.

Letters in shapes: N images, C channels, H height, W width.
"""

import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vaelab.errors import InputError
from vaelab.files import written_whole

# Petroff 2021 (arXiv:2107.02270): ten colours told apart under the common colour deficiencies.
CLASS_COLORS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
TRAIN_COLOR, VALIDATION_COLOR, MUTED_COLOR = "#3f90da", "#bd1f01", "#717581"
TEXT_COLOR = "#222222"
PNG_DPI = 160
# What is written into a file of each ending; no date, so that a figure stays the same file.
METADATA: dict[str, dict[str, Any]] = {".png": {"Software": "vaelab"}, ".svg": {"Date": None}}
CELL_INCHES = 0.62
DETAIL_LETTERS_PER_INCH = 15

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
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


def settled(figure: Figure) -> Figure:
    """Fix its layout, which would else move a little each time that it is drawn."""
    figure.set_dpi(PNG_DPI)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write `stem`.png and `stem`.svg, each whole or not at all."""
    return [write(figure, stem.with_name(stem.name + suffix)) for suffix in METADATA]


def write(figure: Figure, path: Path) -> Path:
    """Write a figure as what the file's ending says, whole or not at all.

    Raises:
        InputError: on an ending that is none of `METADATA`.
    """
    if path.suffix not in METADATA:
        raise InputError(f"{path}: figures are written as {' or '.join(METADATA)}")
    with written_whole(path) as partial:
        partial.write_bytes(encoded(figure, path.suffix))
    return path


def encoded(figure: Figure, suffix: str) -> bytes:
    """The content of a file of that ending, a key of `METADATA`."""
    file = io.BytesIO()
    with styled():
        figure.savefig(file, format=suffix[1:], dpi=PNG_DPI, metadata=METADATA[suffix])
    return file.getvalue()


def class_color(label: int) -> str:
    """The colour of a class, the same in every figure."""
    return CLASS_COLORS[label % len(CLASS_COLORS)]


def title(figure: Figure, heading: str, detail: str) -> None:
    """A heading with, below it, what is seen and on which data."""
    lines = textwrap.wrap(detail, int(figure.get_figwidth() * DETAIL_LETTERS_PER_INCH))
    # Two texts of one block: the heading's empty lines make room for the detail.
    heading_text = figure.suptitle(
        heading + "\n" * len(lines), x=0.01, ha="left", fontsize=11, weight="bold"
    )
    figure.draw_without_rendering()
    figure.text(
        0.01,
        heading_text.get_position()[1],
        "\n".join(["", *lines]),
        va="top",
        ha="left",
        fontsize=8.5,
        linespacing=1.5,
        color="#555555",
    )


def grid_figure(columns: int, rows: int, *, label_inches: float = 0.0) -> tuple[Figure, Axes]:
    """A figure of the size that a grid of images, its labels and its title take."""
    figure = Figure(
        figsize=(max(columns * CELL_INCHES + label_inches, 4.6), rows * CELL_INCHES + 0.75)
    )
    return figure, figure.add_subplot()


def show_images(
    axes: Axes,
    images: NDArray[np.float32],
    columns: int,
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    group_rows: int = 0,
) -> None:
    """A grid of images (N, C, H, W) in [0, 1] with labels at rows and columns.

    Args:
        axes: where to draw.
        images: row after row.
        columns: images in a row.
        row_labels: beside the rows.
        column_labels: above the columns.
        group_rows: after so many rows a wider gap parts groups; 0: never.
    """
    rows = -(-len(images) // columns)
    _, _, height, width = images.shape
    gap = 1 + height // 28
    tops = [
        row * (height + gap) + (4 * gap * (row // group_rows) if group_rows else 0)
        for row in range(rows)
    ]
    lefts = [column * (width + gap) for column in range(columns)]
    canvas = np.ones((tops[-1] + height, lefts[-1] + width, 3), np.float32)
    for index, image in enumerate(images):
        top, left = tops[index // columns], lefts[index % columns]
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    axes.imshow(canvas.clip(0, 1), interpolation="nearest")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_yticks([top + height / 2 for top in tops[: len(row_labels)]], list(row_labels))
    axes.set_xticks([left + width / 2 for left in lefts[: len(column_labels)]], list(column_labels))
