"""One style for all figures: fonts, colors, titles, PNG and SVG files."""

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from vaelab.errors import InputError
from vaelab.figures.fonts import DEFAULT, font_families
from vaelab.files import atomic_write
from vaelab.names import displayed, shortened, wrapped

# Petroff 2021 (arXiv:2107.02270): ten colors that differ under the common color deficiencies.
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
TRAIN_COLOR, VALIDATION_COLOR, TEST_COLOR, MUTED_COLOR = (
    CLASS_COLORS[0],
    "#bd1f01",
    "#ffa90e",
    "#717581",
)
TEXT_COLOR = "#222222"
PNG_DPI = 160
# Metadata by file type; no date, so that the same figure gives the same file.
METADATA: dict[str, dict[str, Any]] = {".png": {"Software": "vaelab"}, ".svg": {"Date": None}}
# The entry of a PNG file for the fingerprints of the weights that it shows.
WEIGHTS = "Weights"
TITLE_LETTERS_PER_INCH, DETAIL_LETTERS_PER_INCH = 11, 15
# The most letters of a name: of the run in a title, and of a class or a run in a label.
TITLE_LETTERS, LABEL_LETTERS = 60, 24

RC: dict[Any, Any] = {
    "font.family": DEFAULT,
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
    # Names are data: a dollar sign is a dollar sign.
    "text.parse_math": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    # A fixed salt: the same figure gives the same file.
    "svg.hashsalt": "vaelab",
}


@contextmanager
def styled(*names: str) -> Iterator[None]:
    """The style, for drawing and for saving.

    Args:
        names: of the user's that the figure shows, in any script.
    """
    characters = frozenset("".join(map(displayed, names)))
    families = font_families(characters)
    with (
        mpl.rc_context({**RC, "font.family": families}),
        warnings.catch_warnings(),
        _without_log_of_fonts(),
    ):
        # `font_families` says it once.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


@contextmanager
def _without_log_of_fonts() -> Iterator[None]:
    """Matplotlib logs every text whose fallback font has no bold face."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def label_of(name: str) -> str:
    """A user's name as a label in a figure: in one line, and not too long."""
    return shortened(name, LABEL_LETTERS)


def settled(figure: Figure) -> Figure:
    """Compute the layout once and fix it: computed again, it would move by fractions of a pixel."""
    figure.set_dpi(PNG_DPI)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def save(figure: Figure, stem: Path, weights: Sequence[str] = ()) -> list[Path]:
    """Write `stem`.png and `stem`.svg; see `write`."""
    return [write(figure, stem.with_name(stem.name + suffix), weights) for suffix in METADATA]


def write(figure: Figure, path: Path, weights: Sequence[str] = ()) -> Path:
    """Write a figure atomically, in the format of the file's suffix.

    Args:
        figure: the figure.
        path: of the file.
        weights: fingerprints of the weights that it shows, stored in PNG files.

    Raises:
        InputError: on a suffix that is not in `METADATA`.
    """
    if path.suffix not in METADATA:
        raise InputError(f"{path}: figures are written as {' or '.join(METADATA)}")
    with atomic_write(path) as partial:
        partial.write_bytes(encoded(figure, path.suffix, weights))
    return path


def encoded(figure: Figure, suffix: str, weights: Sequence[str] = ()) -> bytes:
    """The content of a file with that suffix, a key of `METADATA`."""
    file, metadata = io.BytesIO(), METADATA[suffix]
    if weights and suffix == ".png":
        metadata = {**metadata, WEIGHTS: " ".join(weights)}
    with styled():
        figure.savefig(file, format=suffix[1:], dpi=PNG_DPI, metadata=metadata)
    return file.getvalue()


def class_colors(count: int) -> list[str]:
    """A color for each class, the same in every figure of a data set.

    More than ten classes take evenly spaced colors of a color map; neighbors look alike.
    """
    if count <= len(CLASS_COLORS):
        return list(CLASS_COLORS[:count])
    colors = mpl.colormaps["turbo"]
    return [to_hex(colors(index / (count - 1))) for index in range(count)]


def set_title(figure: Figure, title: str, detail: str) -> None:
    """Put a title on a figure and, below it, what is shown and on which data."""
    width = figure.get_figwidth()
    heads = wrapped(displayed(title), int(width * TITLE_LETTERS_PER_INCH))
    lines = wrapped(displayed(detail), int(width * DETAIL_LETTERS_PER_INCH))
    # Two texts in one block: empty lines of the title make room for the detail.
    title_text = figure.suptitle(
        "\n".join(heads) + "\n" * len(lines), x=0.01, ha="left", fontsize=11, weight="bold"
    )
    figure.draw_without_rendering()
    figure.text(
        0.01,
        title_text.get_position()[1],
        "\n".join([*[""] * len(heads), *lines]),
        va="top",
        ha="left",
        fontsize=8.5,
        linespacing=1.5,
        color="#555555",
    )
