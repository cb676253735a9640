"""Walks through the latent space: along its dimensions, between images, between classes."""

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
# From a boot to a bag and so on: pairs that have little in common show the way best.
PAIRS = 8


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
        f"{len(order)} of {model.latent_size} dimensions, by their KL",
    )
    return figure


@torch.no_grad()
def mean_kl_per_dimension(loaded: LoadedRun) -> torch.Tensor:
    """Mean KL (D) of each dimension over the first 2,000 test images, in nats."""
    assert loaded.model.prior is not None
    count = min(2000, len(loaded.data.test))
    batch = loaded.test_batch(list(range(count)))
    posterior = loaded.model.encode(batch.x, batch.labels)
    assert isinstance(posterior, DiagonalGaussian)
    return kl_per_dimension(loaded.model.prior, posterior).mean(0)


@torch.no_grad()
def interpolations(loaded: LoadedRun) -> Figure:
    """Straight lines in latent space between pairs of test images."""
    model = loaded.model
    chosen = images_of_each_class(loaded, 2)
    count = min(PAIRS, len(chosen) // 2)
    starts = loaded.test_batch(chosen[:count])
    # Within the class for a conditional model, which would otherwise change it on the way.
    offset = len(chosen) // 2 if model.is_conditional else len(chosen) // 2 + 3
    ends = loaded.test_batch([chosen[(i + offset) % len(chosen)] for i in range(count)])
    walks = model.interpolate(starts.x, ends.x, STEPS, starts.labels)
    rows = torch.cat([starts.x.unsqueeze(1), walks, ends.x.unsqueeze(1)], 1)
    columns = STEPS + 2
    figure, axes = grid_figure(columns, count)
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


@torch.no_grad()
def class_interpolations(loaded: LoadedRun) -> Figure:
    """One style, from class to class: the label's one-hot vector moves, z stays."""
    model, names = loaded.model, loaded.run.data.class_names
    batch = loaded.test_batch(images_of_each_class(loaded, 1))
    codes = model.encode(batch.x, batch.labels).mean
    corners = torch.eye(model.class_count)
    share = torch.linspace(0, 1, STEPS).view(-1, 1)
    rows = [
        model.decode_condition(
            code.expand(STEPS, -1), torch.lerp(corners[i], corners[(i + 1) % len(corners)], share)
        )
        for i, code in enumerate(codes)
    ]
    figure, axes = grid_figure(STEPS, len(rows), label_inches=2.4)
    show_images(
        axes,
        torch.cat(rows).numpy(),
        STEPS,
        row_labels=[f"{names[i]} to {names[(i + 1) % len(names)]}" for i in range(len(rows))],
    )
    title(
        figure,
        f"From class to class: {loaded.run.name}",
        f"the style of one test image is kept, its class changes; {loaded.run.data.name}",
    )
    return figure
