"""What classifiers say of samples: which class they see, and which training image is nearest."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaelab.evaluation import evaluate
from vaelab.evaluation.memorization import nearest
from vaelab.figures.style import grid_figure, show_images, title
from vaelab.loaded_run import LoadedRun
from vaelab.pictures import rows_in_pairs
from vaelab.randomness import generator

NEIGHBOUR_COUNT, COLUMNS = 30, 10
CLASSIFIERS = {
    "conditional_accuracy": "reference classifier",
    "conditional_accuracy_second_classifier": "second classifier",
}


def conditional_accuracy(loaded: LoadedRun) -> Figure:
    """Classes asked for against classes that each classifier names, in percent."""
    stored = _evaluated(loaded)
    names = loaded.run.data.class_names
    figure = Figure(figsize=(11.6, 5.9))
    for axes, (metric, classifier) in zip(figure.subplots(1, 2), CLASSIFIERS.items(), strict=True):
        result = stored["metrics"][metric]
        _draw_confusion(axes, np.array(stored["details"][f"{metric}_confusion"]), names)
        axes.set_title(
            f"{classifier}: {result['value']:.1%} as asked (real images {result['floor']:.1%})"
        )
    figure.axes[0].set_ylabel("class asked for")
    figure.axes[1].set_yticklabels([])
    count = stored["metrics"]["conditional_accuracy"]["count"]
    title(
        figure,
        f"Controllability: {loaded.run.name}",
        f"{count:,} samples by the class predicted by a classifier of {loaded.run.data.name}, "
        "in percent of each row",
    )
    return figure


def _evaluated(loaded: LoadedRun) -> dict[str, Any]:
    """The stored evaluation, with its conditional_accuracy taken now if it was not before."""
    if "conditional_accuracy_confusion" not in loaded.run.read_evaluation().get("details", {}):
        evaluate(loaded, metrics=("conditional-accuracy",))
    return loaded.run.read_evaluation()


def _draw_confusion(axes: Axes, counts: np.ndarray, names: tuple[str, ...]) -> None:
    percents = 100 * counts / counts.sum(1, keepdims=True).clip(min=1)
    axes.imshow(percents, cmap="Blues", vmin=0, vmax=100)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    ticks = range(len(names))
    axes.set_xticks(ticks, list(names), rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, list(names))
    axes.set_xlabel("class named")
    for row, column in np.argwhere(percents >= 1):
        share = percents[row, column]
        color = "white" if share > 55 else "#222222"
        axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=8, color=color)


@torch.no_grad()
def neighbours(loaded: LoadedRun) -> Figure:
    """Samples over the training images nearest to them in pixels."""
    labels = None
    if loaded.model.is_conditional:
        labels = torch.arange(NEIGHBOUR_COUNT) % len(loaded.run.data.class_names)
    samples = loaded.model.sample(NEIGHBOUR_COUNT, generator(0, "samples"), labels)
    training = torch.from_numpy(loaded.data.train.images).float() / 255
    found = nearest(samples, training, count=1).indices[:, 0]
    images = rows_in_pairs(samples, training[found], COLUMNS)
    pairs = len(images) // COLUMNS // 2
    figure, axes = grid_figure(COLUMNS, 2 * pairs, label_inches=1.1)
    show_images(
        axes,
        images.numpy(),
        COLUMNS,
        row_labels=["sample", "nearest"] * pairs,
        group_rows=2,
    )
    title(
        figure,
        f"Nearest training images: {loaded.run.name}",
        f"samples over the nearest of {len(training):,} {loaded.run.data.name} training images, "
        "by Euclidean distance of pixels",
    )
    return figure
