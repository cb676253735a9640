"""Walks through the latent space: along its dimensions, between images, between classes."""

import numpy as np
import torch
from matplotlib.figure import Figure

from vaelab.figures.images import images_of_each_class
from vaelab.figures.style import grid_figure, show_images, title
from vaelab.loaded_run import LoadedRun
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors import kl_per_dimension

STEPS = 11
REACH = 3.0
MAX_DIMENSIONS = 16
PAIRS = 8
KL_COUNT = 2000


@torch.no_grad()
def traversals(loaded: LoadedRun) -> Figure:
    """One dimension at a time, in falling order of KL, from the code of one test image."""
    model = loaded.model
    assert model.prior is not None
    kl = mean_kl_per_dimension(loaded)
    order = kl.argsort(descending=True)[:MAX_DIMENSIONS]
    mean, variance = model.prior.moments()
    batch = loaded.test_batch(images_of_each_class(loaded, 1)[:1])
    start = model.encode(batch.x, batch.labels).mean[0]
    offsets = torch.linspace(-REACH, REACH, STEPS)
    codes = start.repeat(len(order), STEPS, 1)
    for row, dimension in enumerate(order):
        codes[row, :, dimension] = mean[dimension] + offsets * variance[dimension].sqrt()
    labels = None if batch.labels is None else batch.labels.expand(len(order) * STEPS)
    images = model.decode(codes.flatten(0, 1), labels)
    figure, axes = grid_figure(STEPS, len(order), label_inches=1.5)
    show_images(
        axes,
        images.numpy(),
        STEPS,
        row_labels=[f"z{d + 1}  ({kl[d]:.2f} nats)" for d in order.tolist()],
        column_labels=[f"{offset:+.1f}" for offset in offsets.tolist()],
    )
    title(
        figure,
        f"Traversals: {loaded.run.name}",
        f"one dimension at a time, in standard deviations of the prior; "
        f"{len(order)} of {model.latent_size} dimensions, by their KL over "
        f"{min(KL_COUNT, len(loaded.data.test)):,} test images",
    )
    return figure


@torch.no_grad()
def mean_kl_per_dimension(loaded: LoadedRun) -> torch.Tensor:
    """Mean KL (D) of each dimension over the first 2,000 test images, in nats."""
    assert loaded.model.prior is not None
    count = min(KL_COUNT, len(loaded.data.test))
    batch = loaded.test_batch(list(range(count)))
    posterior = loaded.model.encode(batch.x, batch.labels)
    assert isinstance(posterior, DiagonalGaussian)
    return kl_per_dimension(loaded.model.prior, posterior).mean(0)


@torch.no_grad()
def interpolations(loaded: LoadedRun) -> Figure:
    """Straight lines in latent space between pairs of test images."""
    model = loaded.model
    pairs = _pairs(loaded)
    starts = loaded.test_batch([start for start, _ in pairs])
    ends = loaded.test_batch([end for _, end in pairs])
    walks = model.interpolate(starts.x, ends.x, STEPS, starts.labels)
    rows = torch.cat([starts.x.unsqueeze(1), walks, ends.x.unsqueeze(1)], 1)
    columns = STEPS + 2
    figure, axes = grid_figure(columns, len(pairs))
    show_images(
        axes,
        rows.flatten(0, 1).numpy(),
        columns,
        column_labels=["from", *[""] * STEPS, "to"],
    )
    title(
        figure,
        f"Interpolations: {loaded.run.name}",
        f"at both ends the test image, between them its code on the way to the other; "
        f"{loaded.run.data.name}",
    )
    return figure


def _pairs(loaded: LoadedRun) -> list[tuple[int, int]]:
    """Indices of test images: of different classes, or of one where the class is given apart."""
    if loaded.model.is_conditional:
        labels = loaded.data.test.labels
        assert labels is not None
        members = [np.flatnonzero(labels == label)[:2].tolist() for label in np.unique(labels)]
        return [(of[0], of[-1]) for of in members][:PAIRS]
    chosen = images_of_each_class(loaded, 1)
    # Half of the classes further: garments that have little in common show the way best.
    half = max(1, len(chosen) // 2)
    return [(each, chosen[(i + half) % len(chosen)]) for i, each in enumerate(chosen)][:PAIRS]


@torch.no_grad()
def class_interpolations(loaded: LoadedRun) -> Figure:
    """One style, from class to class: the label's one-hot vector moves, z stays."""
    model, names = loaded.model, loaded.run.data.class_names
    batch = loaded.test_batch(images_of_each_class(loaded, 1))
    assert batch.labels is not None
    codes = model.encode(batch.x, batch.labels).mean
    corners = torch.eye(model.class_count)
    share = torch.linspace(0, 1, STEPS).view(-1, 1)
    walks = [(label, (label + 1) % len(names)) for label in batch.labels.tolist()]
    rows = [
        model.decode_condition(
            code.expand(STEPS, -1), torch.lerp(corners[start], corners[end], share)
        )
        for code, (start, end) in zip(codes, walks, strict=True)
    ]
    figure, axes = grid_figure(STEPS, len(rows), label_inches=2.4)
    show_images(
        axes,
        torch.cat(rows).numpy(),
        STEPS,
        row_labels=[f"{names[start]} to {names[end]}" for start, end in walks],
    )
    title(
        figure,
        f"From class to class: {loaded.run.name}",
        f"the style of one test image is kept, its class changes; {loaded.run.data.name}",
    )
    return figure
