"""Exploratory data analysis."""

import math
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from vaelab.data.image_data import Dataset
from vaelab.figures.choices import MAX_CLASS_ROWS
from vaelab.figures.grid import image_grid, thumbnails
from vaelab.figures.spec import DataFigureSpec, Drawing
from vaelab.figures.style import TEST_COLOR, TRAIN_COLOR, VALIDATION_COLOR, label_of

COLUMNS = 10
UNLABELED_ROWS = 5
MAX_BARS = 40


def draw_images(dataset: Dataset, _summary: dict[str, Any]) -> Drawing:
    """The first training images, one row for each class."""
    data = dataset.train
    names = tuple(map(label_of, data.class_names[:MAX_CLASS_ROWS]))
    if data.labels is None:
        rows = np.array_split(np.arange(min(UNLABELED_ROWS * COLUMNS, len(data))), UNLABELED_ROWS)
    else:
        rows = [np.flatnonzero(data.labels == label)[:COLUMNS] for label in range(len(names))]
    # One image at a time is reduced, because all that are drawn may be too many at their full size.
    drawn = {
        row * COLUMNS + column: thumbnails(torch.from_numpy(data.images[[index]] / np.float32(255)))
        for row, indices in enumerate(rows)
        for column, index in enumerate(indices)
    }
    images = torch.ones(len(rows) * COLUMNS, *next(iter(drawn.values())).shape[1:])
    images[list(drawn)] = torch.cat(list(drawn.values()))
    height, width = data.images.shape[2:]
    chosen = f"first {COLUMNS} of each class among the" if names else "first of"
    remark = (
        f"; {MAX_CLASS_ROWS} of {len(data.class_names)} classes"
        if len(names) < len(data.class_names)
        else ""
    )
    return Drawing(
        image_grid(images, COLUMNS, row_labels=names),
        f"the {chosen} {len(data):,} training images, {height} x {width} pixels{remark}; "
        f"{len(dataset.test):,} test images",
    )


def draw_distributions(dataset: Dataset, summary: dict[str, Any]) -> Drawing:
    """Images per class in each split, and the histogram of pixel values with the range check."""
    names = tuple(map(label_of, dataset.train.class_names)) or ("all",)
    figure = Figure(figsize=(10, max(4.2, 1.5 + 0.22 * min(len(names), MAX_BARS))))
    left, right = figure.subplots(1, 2)
    splits = summary["splits"]
    _draw_class_counts(left, names, splits)
    _draw_histogram(right, splits["train"]["pixels"])
    prints = (f"{split} images {text[:12]}" for split, text in summary["fingerprints"].items())
    remark = f"; the first {MAX_BARS} of {len(names)} classes" if len(names) > MAX_BARS else ""
    return Drawing(figure, f"SHA-256 of the {', '.join(prints)}{remark}")


def _draw_class_counts(axes: Axes, names: tuple[str, ...], splits: dict[str, Any]) -> None:
    bars = min(len(names), MAX_BARS)
    bottom = np.zeros(bars)
    colors = (TRAIN_COLOR, VALIDATION_COLOR, TEST_COLOR)
    for (split, numbers), color in zip(splits.items(), colors, strict=True):
        counts = np.array(numbers["class_counts"] or [numbers["images"]])
        label = f"{split} ({counts.sum():,})"
        axes.barh(range(bars), counts[:bars], left=bottom, color=color, label=label)
        bottom += counts[:bars]
    axes.set_yticks(range(bars), names[:bars])
    axes.invert_yaxis()
    axes.set_title("Images per class")
    axes.set_xlabel("images")
    axes.grid(visible=False, axis="y")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)


def _draw_histogram(axes: Axes, pixels: dict[str, Any]) -> None:
    histogram = np.array(pixels["histogram"])
    edges = np.linspace(0, 1, len(histogram) + 1)
    shares = histogram / histogram.sum()
    axes.stairs(shares, edges, fill=True, color=TRAIN_COLOR)
    axes.set_yscale("log")
    # From a power of ten below all bars, so that there are at least two ticks with numbers.
    axes.set_ylim(10.0 ** math.floor(math.log10(0.99 * shares[shares > 0].min())), 1.5)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title("Pixel values of the training images")
    axes.set_xlabel("intensity")
    axes.set_ylabel("share of pixels")
    axes.text(
        0.97,
        0.96,
        f"min {pixels['min']:.2f}, max {pixels['max']:.2f}, mean {pixels['mean']:.3f}\n"
        f"{pixels['zero_fraction']:.1%} exactly 0\n"
        f"in [0, 1]: {'yes' if pixels['in_unit_range'] else 'NO'}",
        transform=axes.transAxes,
        ha="right",
        va="top",
    )


IMAGES = DataFigureSpec(
    draw=draw_images,
    title="Images",
    alt="A grid of training images of {data}, one row for each class if there are labels.",
    caption="The first training images, sorted by class if there are labels.",
)
DISTRIBUTIONS = DataFigureSpec(
    draw=draw_distributions,
    title="Distributions",
    alt="Bars: images of each class of {data} by split. Histogram: pixel values.",
    caption="Images per class, and pixel values of the training images.",
    is_on_page=False,
)
