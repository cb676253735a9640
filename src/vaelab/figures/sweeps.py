"""Runs that differ in one setting: rate and distortion, images, KL by dimension.

Letters in shapes: S seeds, D latent dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import mean, stdev

import matplotlib as mpl
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from vaelab.comparison import settings_without_seed
from vaelab.figures.choices import images_of_each_class
from vaelab.figures.grid import cell_inches, show_images
from vaelab.figures.images import reconstructed
from vaelab.figures.spec import ComparisonFigureSpec, Drawing
from vaelab.figures.style import MUTED_COLOR, TRAIN_COLOR, label_of
from vaelab.figures.traversals import MEASURED_COUNT, measured, traversal
from vaelab.loaded_run import LoadedRun

# Settings with a symbol; others are shown by name.
SYMBOLS = {"objective.beta": "β"}
TRAVERSAL_STEPS, MIN_COLUMNS = 7, 4
IMAGE_SCALE = 0.85


@dataclass(frozen=True, slots=True)
class Point:
    """The runs at one value of the setting.

    Attributes:
        label: such as "β = 4"; the run's name where runs differ in more than one setting.
        runs: one for each seed.
    """

    label: str
    runs: list[LoadedRun]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Runs in the order of the setting in which they differ.

    Attributes:
        symbol: of the setting; None where runs differ in more than one, or in none.
        points: by rising value, or in the order given.
    """

    symbol: str | None
    points: list[Point]

    @property
    def first_seeds(self) -> list[LoadedRun]:
        """One run for each value."""
        return [point.runs[0] for point in self.points]

    @property
    def has_seeds(self) -> bool:
        """Whether a value has runs of several seeds."""
        return any(len(point.runs) > 1 for point in self.points)

    @property
    def basis(self) -> str:
        """Such as " by β"."""
        return "" if self.symbol is None else f" by {self.symbol}"


def find_sweep(runs: Sequence[LoadedRun]) -> Sweep:
    """The setting in which runs differ, found from their configurations."""
    fields = [settings_without_seed(run.config) for run in runs]
    names = {name for each in fields for name in each}
    varied = [name for name in sorted(names) if len({each.get(name) for each in fields}) > 1]
    if len(varied) != 1:
        return Sweep(None, [Point(label_of(run.run.name), [run]) for run in runs])
    (name,) = varied
    symbol = SYMBOLS.get(name, name.removesuffix(".kind").rpartition(".")[2].replace("_", " "))
    values = {id(run): each.get(name, "none") for run, each in zip(runs, fields, strict=True)}
    ordered = sorted(runs, key=lambda run: _order(values[id(run)]))
    points = [
        Point(_label(symbol, value), list(group))
        for value, group in groupby(ordered, key=lambda run: values[id(run)])
    ]
    return Sweep(symbol, points)


def _order(value: str) -> tuple[bool, float, str]:
    """Numbers by size, then words by alphabet."""
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value


def _label(symbol: str, value: str) -> str:
    """A letter equals a value, words precede it."""
    is_word, number, _ = _order(value)
    shown = label_of(value) if is_word else f"{number:g}"
    return f"{symbol} = {shown}" if len(symbol) == 1 else f"{symbol} {shown}"


def draw_rate_distortion(runs: Sequence[LoadedRun]) -> Drawing:
    """KL against reconstruction, one point for each value, the mean over seeds."""
    sweep = find_sweep(runs)
    first = runs[0].read_evaluation()["metrics"]
    rates, rate_spreads = _over_seeds(sweep, "kl")
    distortions, distortion_spreads = _over_seeds(sweep, "reconstruction")
    figure = Figure(figsize=(6.6, 4.4))
    axes = figure.add_subplot()
    line = "-" if sweep.symbol else "none"
    axes.errorbar(
        rates,
        distortions,
        xerr=rate_spreads,
        yerr=distortion_spreads,
        color=TRAIN_COLOR,
        marker="o",
        markersize=6,
        linestyle=line,
        ecolor=MUTED_COLOR,
        capsize=2,
    )
    for point, rate, distortion in zip(sweep.points, rates, distortions, strict=True):
        axes.annotate(point.label, (rate, distortion), (7, 5), textcoords="offset points")
    axes.margins(x=0.16, y=0.12)
    axes.set_xlabel("rate: KL, nats per image")
    axes.set_ylabel(f"distortion: reconstruction,\n{first['reconstruction']['unit']} per image")
    floor = first["reconstruction"]["floor"]
    limit = "" if floor is None else f"; lower bound of the distortion {floor:.3f}"
    seeds = "; means over seeds ± one standard deviation" if sweep.has_seeds else ""
    return Drawing(
        figure,
        f"KL and reconstruction{sweep.basis}; {first['kl']['count']:,} {runs[0].run.data.name} "
        f"test images{limit}{seeds}",
    )


def _over_seeds(sweep: Sweep, metric: str) -> tuple[list[float], list[float] | None]:
    """Mean and standard deviation over seeds of each value; no deviations without seeds."""
    values = [
        [float(run.read_evaluation()["metrics"][metric]["value"]) for run in point.runs]
        for point in sweep.points
    ]
    means = [mean(each) for each in values]
    return means, [_deviation(each) for each in values] if sweep.has_seeds else None


def _deviation(values: Sequence[float]) -> float:
    """The standard deviation over seeds; 0 for one seed."""
    return stdev(values) if len(values) > 1 else 0.0


def draw_sweep_images(runs: Sequence[LoadedRun]) -> Drawing:
    """Reconstructions, and a traversal of the dimension that carries most, by value."""
    sweep = find_sweep(runs)
    shown = sweep.first_seeds
    chosen = images_of_each_class(shown[0], 1)
    pairs = [reconstructed(run, chosen) for run in shown]
    originals = pairs[0][0]
    width, height = (IMAGE_SCALE * inches for inches in cell_inches(originals))
    # The title of the left side needs room.
    left_columns = max(len(chosen), MIN_COLUMNS)
    columns = left_columns + TRAVERSAL_STEPS
    figure = Figure(
        figsize=(max(columns * width + 1.2, 5.4), max((len(shown) + 1) * height + 1.2, 2.4))
    )
    left, right = figure.subplots(1, 2, width_ratios=[left_columns, TRAVERSAL_STEPS])
    show_images(
        left,
        torch.cat([originals, *(images for _, images in pairs)]),
        len(chosen),
        row_labels=["original", *(point.label for point in sweep.points)],
    )
    left.set_title("Reconstructions")
    traversals = [_main_traversal(run) for run in shown]
    # White in the row of the originals, so that the rows of both sides are level.
    white = torch.ones_like(traversals[0])
    show_images(right, torch.cat([white, *traversals]), TRAVERSAL_STEPS)
    right.set_title("Main latent dimension, -3 to +3")
    return Drawing(
        figure,
        f"reconstructions, and a traversal of the latent dimension with the largest KL or variance"
        f"{sweep.basis}; {shown[0].run.data.name} test images",
    )


def _main_traversal(run: LoadedRun) -> Tensor:
    dimensions = measured(run)
    return traversal(run, dimensions, int(dimensions.order[0]), TRAVERSAL_STEPS)


def draw_sweep_kl(runs: Sequence[LoadedRun]) -> Drawing:
    """KL of every dimension in falling order, one line for each value, the mean over seeds."""
    sweep = find_sweep(runs)
    figure = Figure(figsize=(6.6, 4.0))
    axes = figure.add_subplot()
    colors = mpl.colormaps["viridis"]
    lines = []
    for index, point in enumerate(sweep.points):
        kl = _ranked_kl(point)
        ranks = range(1, kl.shape[1] + 1)
        color = colors(0.9 * index / max(1, len(sweep.points) - 1))
        means = kl.mean(0)
        lines += axes.plot(ranks, means.tolist(), marker="o", markersize=4, color=color)
        if len(kl) > 1:
            spreads = kl.std(0)
            low, high = (means - spreads).tolist(), (means + spreads).tolist()
            axes.fill_between(ranks, low, high, color=color, alpha=0.2, linewidth=0)
    axes.axhline(0, color=MUTED_COLOR, linewidth=0.8)
    axes.set_xlabel("latent dimension, in falling order of KL")
    axes.set_ylabel("KL, nats per image")
    axes.legend(lines, [point.label for point in sweep.points])
    count = min(MEASURED_COUNT, len(runs[0].data.test))
    seeds = "; means over seeds, bands of ± one standard deviation" if sweep.has_seeds else ""
    return Drawing(
        figure,
        f"KL of each latent dimension{sweep.basis}; at 0 a dimension is not used; "
        f"{count:,} {runs[0].run.data.name} test images{seeds}",
    )


def _ranked_kl(point: Point) -> Float[Tensor, "S D"]:
    """The KL of the latent dimensions in falling order, for each seed."""
    found = [measured(run).kl for run in point.runs]
    return torch.stack([kl.sort(descending=True).values for kl in found if kl is not None])


RATE_DISTORTION = ComparisonFigureSpec(
    draw=draw_rate_distortion,
    title="Rate and distortion",
    alt="KL against reconstruction of {run}, joined in the order of the setting that they vary.",
    needs=("a prior",),
    metrics=("kl", "reconstruction"),
    is_on_page=False,
)
SWEEP_IMAGES = ComparisonFigureSpec(
    draw=draw_sweep_images,
    title="Images by setting",
    alt="For each of {run}: reconstructions of the same test images of {data}, and a traversal of "
    "the latent dimension with the largest KL.",
    caption="Left: reconstructions. Right: a traversal of the latent dimension with the largest "
    "KL.",
)
SWEEP_KL = ComparisonFigureSpec(
    draw=draw_sweep_kl,
    title="KL of each dimension",
    alt="The KL of every latent dimension in falling order, one line for each of {run}.",
    needs=("KL by dimension",),
    is_on_page=False,
)
