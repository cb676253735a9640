"""A first look at the data (R2)."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vaelab.data.image_data import Dataset
from vaelab.figures.style import TRAIN_COLOR, VALIDATION_COLOR, grid_figure, show_images, title

SAMPLES_PER_CLASS = 10


def labelled_samples(dataset: Dataset, _summary: dict[str, Any]) -> Figure:
    """The first training images of each class."""
    data = dataset.train
    if data.labels is None:
        rows = np.array_split(np.arange(min(50, len(data))), 5)
    else:
        rows = [
            np.flatnonzero(data.labels == label)[:SAMPLES_PER_CLASS]
            for label in range(len(data.class_names))
        ]
    images = np.ones((len(rows) * SAMPLES_PER_CLASS, *data.images.shape[1:]), np.float32)
    for row, indices in enumerate(rows):
        start = row * SAMPLES_PER_CLASS
        images[start : start + len(indices)] = data.images[indices] / np.float32(255)
    figure, axes = grid_figure(SAMPLES_PER_CLASS, len(rows), label_inches=1.2)
    show_images(axes, images, SAMPLES_PER_CLASS, row_labels=data.class_names)
    height, width = data.images.shape[2:]
    shown = f"first {SAMPLES_PER_CLASS} of each class" if data.class_names else "first"
    title(
        figure,
        f"Images: {dataset.name}",
        f"the {shown} of {len(data):,} training images, {height} x {width} pixels; "
        f"{len(dataset.test):,} for testing",
    )
    return figure


def distributions(dataset: Dataset, summary: dict[str, Any]) -> Figure:
    """Images per class in each split, and the histogram of pixel values with the range check."""
    names = dataset.train.class_names or ("all",)
    figure = Figure(figsize=(10, max(4.2, 1.5 + 0.22 * len(names))))
    left, right = figure.subplots(1, 2)
    splits = summary["splits"]
    bottom = np.zeros(len(names))
    for (split, numbers), color in zip(
        splits.items(), (TRAIN_COLOR, VALIDATION_COLOR, "#ffa90e"), strict=True
    ):
        counts = np.array(numbers["class_counts"] or [numbers["images"]])
        left.barh(
            range(len(names)), counts, left=bottom, color=color, label=f"{split} ({counts.sum():,})"
        )
        bottom += counts
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set_title("Images per class")
    left.set_xlabel("images")
    left.grid(visible=False, axis="y")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)
    pixels = splits["train"]["pixels"]
    histogram = np.array(pixels["histogram"])
    edges = np.linspace(0, 1, len(histogram) + 1)
    right.stairs(histogram / histogram.sum(), edges, fill=True, color=TRAIN_COLOR)
    right.set_yscale("log")
    right.set_title("Pixel values of the training images")
    right.set_xlabel("intensity")
    right.set_ylabel("share of pixels")
    right.text(
        0.97,
        0.96,
        f"min {pixels['min']:.2f}, max {pixels['max']:.2f}, mean {pixels['mean']:.3f}\n"
        f"{pixels['zero_fraction']:.1%} exactly 0\n"
        f"in [0, 1]: {'yes' if pixels['in_unit_range'] else 'NO'}",
        transform=right.transAxes,
        ha="right",
        va="top",
    )
    prints = (f"{split} images {text[:12]}" for split, text in summary["fingerprints"].items())
    title(figure, f"Distributions: {dataset.name}", f"SHA-256 of the {', '.join(prints)}")
    return figure
