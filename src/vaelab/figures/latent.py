"""The latent space seen from above.

Letters in shapes: N images, D latent dimensions.
"""

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import NormalDist

import matplotlib.patheffects as patheffects
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from vaelab.data import ImageData
from vaelab.figures.style import CELL_INCHES, TEXT_COLOR, class_color, show_images, title
from vaelab.loaded_run import LoadedRun

SCATTER_COUNT = 10_000
TSNE_COUNT = 3000
MANIFOLD_SIZE = 20
STYLES = 9


def latent(loaded: LoadedRun) -> Figure:
    """The 2-D posterior means of training images themselves (R1)."""
    data = _first(loaded.data.train, SCATTER_COUNT)
    points = loaded.codes(data).numpy()
    return _scatter(loaded, data, points, "Latent space", ("z1", "z2"), "training")


def pca(loaded: LoadedRun) -> Figure:
    """The posterior means on their two principal axes."""
    data = _first(loaded.data.test, SCATTER_COUNT)
    codes = loaded.codes(data).double().numpy()
    projection = PCA(n_components=2, svd_solver="full").fit(codes)
    shares = projection.explained_variance_ratio_
    axes = tuple(f"component {i + 1} ({share:.0%} of variance)" for i, share in enumerate(shares))
    return _scatter(loaded, data, projection.transform(codes), "Latent space by PCA", axes)


def tsne(loaded: LoadedRun) -> Figure:
    """The first 3,000 posterior means by t-SNE (van der Maaten and Hinton 2008)."""
    data = _first(loaded.data.test, TSNE_COUNT)
    method = TSNE(
        random_state=loaded.config.seed, init="pca", perplexity=min(30.0, (len(data) - 1) / 3)
    )
    points = method.fit_transform(loaded.codes(data).numpy())
    return _scatter(loaded, data, points, "Latent space by t-SNE", ("", ""))


def umap(loaded: LoadedRun) -> Figure:
    """The posterior means by UMAP (McInnes et al. 2018), from the optional package umap-learn."""
    with warnings.catch_warnings():
        # It warns of an absent package that none of this needs.
        warnings.simplefilter("ignore", ImportWarning)
        from umap import UMAP

    data = _first(loaded.data.test, SCATTER_COUNT)
    method = UMAP(random_state=loaded.config.seed, n_jobs=1)
    codes = loaded.codes(data).numpy()
    with _threads_kept():
        points = method.fit_transform(codes)
    return _scatter(loaded, data, points, "Latent space by UMAP", ("", ""))


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Leave torch's threads as they are: Numba, on which UMAP runs, sets their number anew.

    With another number of threads a run that is trained next would come to other last bits.
    """
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _first(data: ImageData, count: int) -> ImageData:
    return data.take(np.arange(min(count, len(data))))


def _scatter(
    loaded: LoadedRun,
    data: ImageData,
    points: NDArray[np.floating],
    heading: str,
    axis_labels: tuple[str, ...],
    split: str = "test",
) -> Figure:
    """Points (N, 2) coloured by class, each class named at its median and in a legend."""
    figure = Figure(figsize=(7.8, 6.4))
    axes = figure.add_subplot()
    if data.labels is None:
        axes.scatter(
            points[:, 0],
            points[:, 1],
            s=5,
            color=class_color(0),
            alpha=0.6,
            linewidths=0,
            rasterized=True,
        )
    else:
        _scatter_classes(axes, points, data.labels, data.class_names)
    axes.set_xlabel(axis_labels[0])
    axes.set_ylabel(axis_labels[1])
    if not axis_labels[0]:
        axes.set_xticks([])
        axes.set_yticks([])
    title(
        figure,
        f"{heading}: {loaded.run.name}",
        f"posterior means of {len(points):,} {data.name} {split} images",
    )
    return figure


def _scatter_classes(
    axes: Axes, points: NDArray[np.floating], labels: NDArray[np.int64], names: tuple[str, ...]
) -> None:
    # One shuffled layer, lest the last class hide the others.
    order = np.random.default_rng(0).permutation(len(points))
    colors = np.array([class_color(label) for label in labels.tolist()])
    across, up = points[order].T
    axes.scatter(across, up, s=5, c=colors[order], alpha=0.6, linewidths=0, rasterized=True)
    present = np.unique(labels).tolist()
    medians = np.array([np.median(points[labels == label], axis=0) for label in present])
    positions = _apart(medians, np.ptp(points, axis=0), [len(names[label]) for label in present])
    for label, position in zip(present, positions, strict=True):
        text = axes.annotate(
            names[label],
            position,
            ha="center",
            va="center",
            weight="bold",
            color=TEXT_COLOR,
        )
        text.set_path_effects([patheffects.withStroke(linewidth=3.5, foreground="white")])
        axes.scatter([], [], s=30, color=class_color(label), label=names[label])
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _apart(
    positions: NDArray[np.floating], extent: NDArray[np.floating], lengths: list[int]
) -> NDArray[np.floating]:
    """Labels of so many letters, moved up and down until none covers another."""
    height = 0.035 * extent[1]
    widths = 0.016 * extent[0] * np.array(lengths)
    moved = positions.copy()
    for _ in range(200):
        for i, j in itertools.combinations(range(len(moved)), 2):
            distance = moved[j] - moved[i]
            is_clear = abs(distance[0]) > (widths[i] + widths[j]) / 2 or abs(distance[1]) >= height
            if not is_clear:
                push = (height - abs(distance[1])) / 2 * (1 if distance[1] >= 0 else -1)
                moved[i, 1] -= push
                moved[j, 1] += push
    return moved


@torch.no_grad()
def manifold(loaded: LoadedRun) -> Figure:
    """Images decoded over the plane of a 2-D latent space, at equal steps of prior probability."""
    model = loaded.model
    assert model.prior is not None
    mean, variance = model.prior.moments()
    quantiles = [NormalDist().inv_cdf((i + 0.5) / MANIFOLD_SIZE) for i in range(MANIFOLD_SIZE)]
    across = torch.tensor(quantiles)
    grid = torch.cartesian_prod(across.flip(0), across).flip(1)  # z2 falls row by row
    codes = mean + variance.sqrt() * grid
    figure = Figure(
        figsize=(0.6 * CELL_INCHES * MANIFOLD_SIZE, 0.6 * CELL_INCHES * MANIFOLD_SIZE + 0.6)
    )
    axes = figure.add_subplot()
    ends = [f"{quantiles[0]:.1f}", *[""] * (MANIFOLD_SIZE - 2), f"{quantiles[-1]:.1f}"]
    show_images(
        axes,
        model.decode(codes).numpy(),
        MANIFOLD_SIZE,
        row_labels=ends[::-1],
        column_labels=ends,
    )
    axes.set_xlabel("z1")
    axes.xaxis.set_label_position("top")
    axes.set_ylabel("z2")
    title(
        figure,
        f"Latent manifold: {loaded.run.name}",
        f"decoded at the prior's quantiles; {loaded.run.data.name}",
    )
    return figure


@torch.no_grad()
def class_manifolds(loaded: LoadedRun) -> Figure:
    """For a conditional 2-D model: each class along z1 and along z2."""
    model, names = loaded.model, loaded.run.data.class_names
    assert model.prior is not None
    mean, variance = model.prior.moments()
    across = torch.tensor([NormalDist().inv_cdf((i + 0.5) / STYLES) for i in range(STYLES)])
    labels = torch.arange(len(names)).repeat_interleave(STYLES)
    figure = Figure(
        figsize=(2 * STYLES * 0.8 * CELL_INCHES + 1.6, len(names) * 0.8 * CELL_INCHES + 1.1)
    )
    for dimension, axes in enumerate(figure.subplots(1, 2)):
        codes = mean.repeat(STYLES, 1)
        codes[:, dimension] += variance[dimension].sqrt() * across
        images = model.decode(codes.repeat(len(names), 1), labels)
        row_labels = names if dimension == 0 else ()
        show_images(axes, images.numpy(), STYLES, row_labels=row_labels)
        axes.set_title(f"along z{dimension + 1}")
    title(
        figure,
        f"Style within each class: {loaded.run.name}",
        f"at the prior's quantiles, the other dimension at its mean; {loaded.run.data.name}",
    )
    return figure
