"""Scatter plots of the latent space: the codes themselves, PCA, t-SNE, UMAP.

Letters in shapes: N images, D dimensions of the flat code.
"""

import itertools

import matplotlib.patheffects as patheffects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vaelab import projections
from vaelab.data import ImageData
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.figures.style import TEXT_COLOR, class_colors, label_of
from vaelab.loaded_run import LoadedRun
from vaelab.names import text_width

SCATTER_COUNT, TSNE_COUNT = 10_000, 3000
# Classes that are named; the names of more would cover the points.
MAX_NAMED_CLASSES = 20
# Height of a name and width of one of its letters, as shares of the axes.
NAME_HEIGHT, LETTER_WIDTH = 0.035, 0.016


def draw_latent(loaded: LoadedRun) -> Drawing:
    """The two-dimensional codes of training images."""
    data = loaded.data.train.of_all_classes(SCATTER_COUNT)
    return _scatter(loaded, data, loaded.codes(data).numpy(), ("z1", "z2"), "training")


def draw_pca(loaded: LoadedRun) -> Drawing:
    """The codes of test images on their first two principal components."""
    data = _test_images(loaded, SCATTER_COUNT)
    codes = loaded.codes(data)
    plane = projections.principal_plane(codes)
    return _scatter(loaded, data, plane.project(codes).numpy(), plane.axis_labels)


def draw_tsne(loaded: LoadedRun) -> Drawing:
    """The codes of the first 3,000 test images by t-SNE."""
    data = _test_images(loaded, TSNE_COUNT)
    points = projections.tsne(loaded.codes(data), loaded.config.seed)
    return _scatter(loaded, data, points.numpy())


def draw_umap(loaded: LoadedRun) -> Drawing:
    """The codes of test images by UMAP."""
    data = _test_images(loaded, SCATTER_COUNT)
    points = projections.umap(loaded.codes(data), loaded.config.seed)
    return _scatter(loaded, data, points.numpy())


def _test_images(loaded: LoadedRun, count: int) -> ImageData:
    most = projections.max_count(loaded.capabilities.latent_size, count)
    return loaded.data.test.of_all_classes(most)


def _scatter(
    loaded: LoadedRun,
    data: ImageData,
    points: NDArray[np.floating],
    axis_labels: tuple[str, str] | None = None,
    split: str = "test",
) -> Drawing:
    """Points (N, 2) colored by class; without axis labels, the axes carry no numbers."""
    figure = Figure(figsize=(7.8, 6.4))
    axes = figure.add_subplot()
    remark = ""
    if data.labels is None:
        _draw_points(axes, points, class_colors(1) * len(points))
    else:
        remark = _draw_classes(axes, points, data.labels, data.class_names)
    if axis_labels is None:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    else:
        axes.set_xlabel(axis_labels[0])
        axes.set_ylabel(axis_labels[1])
    count = f"{len(points):,} {data.name} {split} images"
    return Drawing(figure, f"{_kind_of_codes(loaded)} of {count}{remark}")


def _kind_of_codes(loaded: LoadedRun) -> str:
    levels = loaded.capabilities.levels
    if len(levels) > 1:
        return f"codes (levels {', '.join(level.name for level in levels)} together)"
    return "posterior means" if loaded.capabilities.has_gaussian_posterior else "codes"


def _draw_points(axes: Axes, points: NDArray[np.floating], colors: list[str]) -> None:
    x, y = points.T
    # Few points are larger.
    size = min(max(5, 5_000 / len(points)), 40)
    axes.scatter(x, y, s=size, c=colors, alpha=0.6, linewidths=0, rasterized=True)


def _draw_classes(
    axes: Axes, points: NDArray[np.floating], labels: NDArray[np.int64], names: tuple[str, ...]
) -> str:
    """Color points by class, name classes at their medians and in a legend.

    Returns:
        A remark where some classes are not named.
    """
    colors = class_colors(len(names))
    # In random order, so that the last class does not cover the others.
    order = np.random.default_rng(0).permutation(len(points))
    _draw_points(axes, points[order], [colors[label] for label in labels[order].tolist()])
    present = np.unique(labels).tolist()
    named = present[:MAX_NAMED_CLASSES]
    shown = [label_of(names[label]) for label in named]
    medians = np.array([np.median(points[labels == label], axis=0) for label in named])
    positions = _separated(medians, np.ptp(points, axis=0), list(map(text_width, shown)))
    for name, position in zip(shown, positions, strict=True):
        text = axes.annotate(
            name, position, ha="center", va="center", weight="bold", color=TEXT_COLOR
        )
        text.set_path_effects([patheffects.withStroke(linewidth=3.5, foreground="white")])
    # With its labels given, a legend also shows those that begin with an underscore.
    handles = [axes.scatter([], [], s=30, color=colors[label]) for label in named]
    axes.legend(handles, shown, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return "" if named == present else f"; {len(named)} of {len(present)} classes are named"


def _separated(
    positions: NDArray[np.floating], extent: NDArray[np.floating], lengths: list[int]
) -> NDArray[np.floating]:
    """Positions of names of these lengths, moved up and down until none overlaps another."""
    height = NAME_HEIGHT * extent[1]
    widths = LETTER_WIDTH * extent[0] * np.array(lengths)
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


GROUP = "Latent space"
LATENT = FigureSpec(
    draw=draw_latent,
    title="Latent space",
    alt="A scatter plot of the two-dimensional codes of training images of {data} by {run}, "
    "colored by class.",
    caption="Posterior means of training images, colored by class.",
    group=GROUP,
    needs=("2 latent dimensions",),
)
PCA = FigureSpec(
    draw=draw_pca,
    title="Latent space by PCA",
    alt="A scatter plot of the codes of test images of {data} by {run} along their first two "
    "principal components, colored by class.",
    caption="PCA of the codes of test images.",
    group=GROUP,
    needs=("more than 2 latent dimensions", "3 test images"),
)
TSNE = FigureSpec(
    draw=draw_tsne,
    title="Latent space by t-SNE",
    alt="A t-SNE plot of the codes of test images of {data} by {run}, colored by class.",
    caption="t-SNE of the codes of test images. It preserves neighborhoods, but not distances "
    "between clusters.",
    group=GROUP,
    needs=("more than 2 latent dimensions", "5 test images"),
)
UMAP = FigureSpec(
    draw=draw_umap,
    title="Latent space by UMAP",
    alt="A UMAP plot of the codes of test images of {data} by {run}, colored by class.",
    caption="UMAP of the codes of test images. It preserves neighborhoods better than distances "
    "between clusters.",
    group=GROUP,
    needs=("more than 2 latent dimensions", "5 test images", "umap-learn"),
    is_default=False,
)
