"""Several runs beside each other."""

from collections.abc import Sequence

import matplotlib as mpl
import torch
from matplotlib.figure import Figure
from torch import Tensor

from vaelab.data.batches import Batch
from vaelab.figures.images import images_of_each_class
from vaelab.figures.style import (
    CELL_INCHES,
    MUTED_COLOR,
    TRAIN_COLOR,
    show_images,
    title,
)
from vaelab.figures.traversals import KL_COUNT, REACH, mean_kl_per_dimension
from vaelab.loaded_run import LoadedRun
from vaelab.randomness import generator

COLUMNS = 10
TRAVERSAL_STEPS = 7


@torch.no_grad()
def autoencoder_beside_vae(runs: Sequence[LoadedRun]) -> Figure:
    """Reconstructions of the same images, and what random codes decode to (R5)."""
    chosen = images_of_each_class(runs[0], 1)
    batch = runs[0].test_batch(chosen)
    figure = Figure(figsize=(COLUMNS * CELL_INCHES + 1.7, (1 + 2 * len(runs)) * CELL_INCHES + 1.6))
    axes, below = figure.subplots(2, 1, height_ratios=[1 + len(runs), len(runs)])
    rebuilt = [run.model.reconstruct(batch.x, batch.labels) for run in runs]
    names = [run.run.name for run in runs]
    show_images(
        axes, torch.cat([batch.x, *rebuilt]).numpy(), len(batch), row_labels=["original", *names]
    )
    axes.set_title("Reconstructions")
    show_images(
        below,
        torch.cat([_from_random_codes(run, batch) for run in runs]).numpy(),
        len(batch),
        row_labels=names,
    )
    below.set_title("Decoded from codes drawn at random from N(0, I)")
    title(
        figure,
        "Autoencoder beside VAE",
        f"only the VAE's codes were held to N(0, I); {runs[0].run.data.name} test images",
    )
    return figure


def _from_random_codes(run: LoadedRun, batch: Batch) -> Tensor:
    codes = torch.empty(len(batch), run.model.latent_size)
    return run.model.decode(codes.normal_(generator=generator(0, "random codes")), batch.labels)


def rate_distortion(runs: Sequence[LoadedRun]) -> Figure:
    """KL against reconstruction, a point a run, joined in the order of beta."""
    runs = sorted(runs, key=_beta)
    metrics = [run.run.read_evaluation()["metrics"] for run in runs]
    rates = [each["kl"]["value"] for each in metrics]
    distortions = [each["reconstruction"]["value"] for each in metrics]
    figure = Figure(figsize=(6.6, 4.4))
    axes = figure.add_subplot()
    axes.plot(rates, distortions, color=TRAIN_COLOR, marker="o", markersize=6)
    for run, rate, distortion in zip(runs, rates, distortions, strict=True):
        axes.annotate(f"β = {_beta(run):g}", (rate, distortion), (7, 5), textcoords="offset points")
    axes.margins(x=0.16, y=0.12)
    axes.set_xlabel("rate: KL, nats per image")
    axes.set_ylabel(f"distortion: reconstruction,\n{runs[0].model.likelihood.unit} per image")
    floor = metrics[0]["reconstruction"]["floor"]
    limit = "" if floor is None else f"; no distortion can go below {floor:.3f}"
    title(
        figure,
        "Rate against distortion by β",
        f"{metrics[0]['kl']['count']:,} {runs[0].run.data.name} test images{limit}",
    )
    return figure


@torch.no_grad()
def beta_images(runs: Sequence[LoadedRun]) -> Figure:
    """Reconstructions, and a traversal of the dimension with most KL, by beta."""
    runs = sorted(runs, key=_beta)
    batch = runs[0].test_batch(images_of_each_class(runs[0], 1))
    names = [f"β = {_beta(run):g}" for run in runs]
    columns = len(batch) + TRAVERSAL_STEPS
    figure = Figure(
        figsize=(columns * 0.85 * CELL_INCHES + 1.2, (len(runs) + 1) * 0.85 * CELL_INCHES + 1.2)
    )
    left, right = figure.subplots(1, 2, width_ratios=[len(batch), TRAVERSAL_STEPS])
    rebuilt = [run.model.reconstruct(batch.x, batch.labels) for run in runs]
    show_images(
        left, torch.cat([batch.x, *rebuilt]).numpy(), len(batch), row_labels=["original", *names]
    )
    left.set_title("Reconstructions")
    walks = [_strongest_walk(run, batch.x[:1], batch.labels) for run in runs]
    # Nothing beside the originals, so that the rows of both sides stay level.
    blank = torch.ones_like(walks[0])
    show_images(right, torch.cat([blank, *walks]).numpy(), TRAVERSAL_STEPS)
    right.set_title("Along the dimension with most KL, -3 to +3")
    title(figure, "What β does to images", f"{runs[0].run.data.name} test images")
    return figure


def _strongest_walk(run: LoadedRun, x: Tensor, labels: Tensor | None) -> Tensor:
    label = None if labels is None else labels[:1]
    strongest = mean_kl_per_dimension(run).argmax()
    codes = run.model.encode(x, label).mean.repeat(TRAVERSAL_STEPS, 1)
    assert run.model.prior is not None
    mean, variance = (moment[strongest] for moment in run.model.prior.moments())
    codes[:, strongest] = mean + variance.sqrt() * torch.linspace(-REACH, REACH, TRAVERSAL_STEPS)
    return run.model.decode(codes, None if label is None else label.expand(TRAVERSAL_STEPS))


def kl_by_beta(runs: Sequence[LoadedRun]) -> Figure:
    """KL of every dimension, sorted, a line a run: how many dimensions each beta keeps."""
    runs = sorted(runs, key=_beta)
    figure = Figure(figsize=(6.6, 4.0))
    axes = figure.add_subplot()
    colors = mpl.colormaps["viridis"]
    for index, run in enumerate(runs):
        kl = mean_kl_per_dimension(run).sort(descending=True).values.tolist()
        axes.plot(
            range(1, len(kl) + 1),
            kl,
            marker="o",
            markersize=4,
            color=colors(0.9 * index / max(1, len(runs) - 1)),
            label=f"β = {_beta(run):g}",
        )
    axes.axhline(0, color=MUTED_COLOR, linewidth=0.8)
    axes.set_xlabel("latent dimension, in falling order of KL")
    axes.set_ylabel("KL, nats per image")
    axes.legend()
    title(
        figure,
        "KL of each dimension by β",
        f"a dimension at 0 carries nothing; {min(KL_COUNT, len(runs[0].data.test)):,} "
        f"{runs[0].run.data.name} test images",
    )
    return figure


def _beta(run: LoadedRun) -> float:
    objective = run.config.objective
    return objective.beta if objective.kind == "elbo" else 0.0
