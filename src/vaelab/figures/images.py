"""Grids of images: reconstructions and samples."""

import numpy as np
import torch
from matplotlib.figure import Figure

from vaelab.figures.style import grid_figure, show_images, title
from vaelab.loaded_run import LoadedRun
from vaelab.pictures import rows_in_pairs
from vaelab.randomness import generator

SAMPLE_COUNT = 50
COLUMNS = 10
CLASS_COLUMNS = 10


@torch.no_grad()
def reconstructions(loaded: LoadedRun) -> Figure:
    """Two test images of each class over their reconstructions."""
    batch = loaded.test_batch(images_of_each_class(loaded, 2))
    rebuilt = loaded.model.reconstruct(batch.x, batch.labels)
    columns = min(COLUMNS, len(batch))
    images = rows_in_pairs(batch.x, rebuilt, columns)
    pairs = len(images) // columns // 2
    figure, axes = grid_figure(columns, 2 * pairs, label_inches=1.1)
    show_images(
        axes,
        images.numpy(),
        columns,
        row_labels=["original", "reconstruction"] * pairs,
        group_rows=2,
    )
    title(figure, f"Reconstructions: {loaded.run.name}", _reconstruction_detail(loaded))
    return figure


def _reconstruction_detail(loaded: LoadedRun) -> str:
    text = f"{loaded.run.data.name} test images; the code is the posterior's mean"
    metrics = loaded.run.read_evaluation().get("metrics", {})
    if "reconstruction" in metrics:
        result = metrics["reconstruction"]
        text += f"; mean over the test set {result['value']:.2f}"
        return text if result["floor"] is None else f"{text} (floor {result['floor']:.3f})"
    floor = loaded.run.read_metrics()[-1]["validation"]["reconstruction_floor"]
    return text if floor is None else f"{text}; floor on the validation images {floor:.3f}"


def images_of_each_class(loaded: LoadedRun, count: int) -> list[int]:
    """Indices of the first `count` test images of each class, one of each class after the other.

    Without labels, the first test images, as many as for ten classes.
    """
    labels = loaded.data.test.labels
    if labels is None:
        return list(range(min(count * COLUMNS, len(loaded.data.test))))
    members = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return [int(of[i]) for i in range(count) for of in members if i < len(of)]


@torch.no_grad()
def samples(loaded: LoadedRun) -> Figure:
    """50 images decoded from draws of the prior (R3)."""
    noise = generator(loaded.config.seed, "samples")
    labels = None
    if loaded.model.is_conditional:
        labels = torch.arange(SAMPLE_COUNT) % loaded.model.class_count
    images = loaded.model.sample(SAMPLE_COUNT, noise, labels)
    figure, axes = grid_figure(COLUMNS, SAMPLE_COUNT // COLUMNS)
    show_images(axes, images.numpy(), COLUMNS)
    title(
        figure,
        f"Samples: {loaded.run.name}",
        f"decoded from {SAMPLE_COUNT} draws of the prior, none picked; {loaded.run.data.name}",
    )
    return figure


@torch.no_grad()
def class_samples(loaded: LoadedRun) -> Figure:
    """A row a class, a column a code: the same style in every class."""
    names = loaded.run.data.class_names
    assert loaded.model.prior is not None
    codes = loaded.model.prior.sample(CLASS_COLUMNS, generator(loaded.config.seed, "samples"))
    labels = torch.arange(len(names)).repeat_interleave(CLASS_COLUMNS)
    images = loaded.model.decode(codes.repeat(len(names), 1), labels)
    figure, axes = grid_figure(CLASS_COLUMNS, len(names), label_inches=1.2)
    show_images(axes, images.numpy(), CLASS_COLUMNS, row_labels=names)
    title(
        figure,
        f"Samples of each class: {loaded.run.name}",
        f"each row a class, each column one draw of z; {loaded.run.data.name}",
    )
    return figure
