"""Images decoded over the plane of a two-dimensional latent space."""

from statistics import NormalDist

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from vaelab.figures.choices import class_rows
from vaelab.figures.grid import cell_inches, image_grid, show_images
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.loaded_run import LoadedRun

SIZE = 20
STYLES = 9
# These figures have many images, which are smaller than in others.
SCALE, CLASS_SCALE = 0.6, 0.8


def draw_manifold(loaded: LoadedRun) -> Drawing:
    """Images at equal steps of the prior's probability along both dimensions."""
    quantiles = _normal_quantiles(SIZE)
    mean, deviation = _prior_moments(loaded)
    grid = torch.cartesian_prod(quantiles.flip(0), quantiles).flip(1)  # z2 falls row by row
    ends = [f"{quantiles[0]:.1f}", *[""] * (SIZE - 2), f"{quantiles[-1]:.1f}"]
    figure = image_grid(
        loaded.decode(mean + deviation * grid),
        SIZE,
        row_labels=ends[::-1],
        column_labels=ends,
        scale=SCALE,
    )
    (axes,) = figure.axes
    axes.set_xlabel("z1")
    axes.xaxis.set_label_position("top")
    axes.set_ylabel("z2")
    return Drawing(figure, f"decoded at quantiles of the prior; {loaded.run.data.name}")


def draw_class_manifolds(loaded: LoadedRun) -> Drawing:
    """For each class, images along z1 and along z2."""
    names, remark = class_rows(loaded)
    mean, deviation = _prior_moments(loaded)
    quantiles = _normal_quantiles(STYLES)
    labels = torch.arange(len(names)).repeat_interleave(STYLES)
    panels = []
    for dimension in range(2):
        codes = mean.repeat(STYLES, 1)
        codes[:, dimension] += deviation[dimension] * quantiles
        panels.append(loaded.decode(codes.repeat(len(names), 1), labels))
    width, height = (CLASS_SCALE * inches for inches in cell_inches(panels[0]))
    figure = Figure(figsize=(2 * STYLES * width + 1.6, len(names) * height + 1.1))
    for dimension, (axes, images) in enumerate(zip(figure.subplots(1, 2), panels, strict=True)):
        show_images(axes, images, STYLES, row_labels=names if dimension == 0 else ())
        axes.set_title(f"along z{dimension + 1}")
    return Drawing(
        figure,
        "decoded at quantiles of the prior, the other dimension at its mean"
        f"{remark}; {loaded.run.data.name}",
    )


def _prior_moments(loaded: LoadedRun) -> tuple[Float[Tensor, " 2"], Float[Tensor, " 2"]]:
    """Mean and standard deviation of each dimension."""
    moments = loaded.model.prior_moments()
    assert moments is not None
    mean, variance = (each.cpu() for each in moments)
    return mean, variance.sqrt()


def _normal_quantiles(count: int) -> Float[Tensor, " Q"]:
    """Of N(0, 1), in the middle of `count` intervals of equal probability."""
    return torch.tensor([NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)])


NEEDS = ("a prior", "prior moments", "2 latent dimensions")
MANIFOLD = FigureSpec(
    draw=draw_manifold,
    title="Latent manifold",
    alt="A grid of images that {run} decodes from quantiles of the prior in its two-dimensional "
    "latent space.",
    caption="Decoded images on a grid of prior quantiles: every image stands for the same "
    "probability.",
    group="Latent space",
    needs=(*NEEDS, "an unconditional model"),
)
CLASS_MANIFOLDS = FigureSpec(
    draw=draw_class_manifolds,
    title="Style within each class",
    alt="For each class of {data}, images that {run} decodes along the two dimensions of its "
    "latent space.",
    caption="Images at quantiles of the prior along each latent dimension, one class per row.",
    group="Latent space",
    needs=(*NEEDS, "a conditional model"),
)
