"""Latent traversals: one dimension of the code at a time."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.figures.choices import images_of_each_class
from vaelab.figures.grid import image_grid
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.latent_dimensions import LatentDimensions, measure_dimensions
from vaelab.loaded_run import LoadedRun

STEPS = 11
# In standard deviations, on either side.
REACH = 3.0
MAX_DIMENSIONS = 16
# Test images over which dimensions are measured.
MEASURED_COUNT = 2000


def draw_traversals(loaded: LoadedRun) -> Drawing:
    """One dimension at a time, from the code of the first test image."""
    dimensions = measured(loaded)
    order = dimensions.order[:MAX_DIMENSIONS].tolist()
    rows = [traversal(loaded, dimensions, index, STEPS) for index in order]
    # Adding 0 turns -0.0 into 0.0.
    offsets = (torch.linspace(-REACH, REACH, STEPS).round(decimals=1) + 0.0).tolist()
    figure = image_grid(
        torch.cat(rows),
        STEPS,
        row_labels=[_label(dimensions, index) for index in order],
        column_labels=[f"{offset:+.1f}" for offset in offsets],
    )
    unit = "prior" if dimensions.is_of_prior else "codes"
    ordered_by = "variance" if dimensions.kl is None else "KL"
    return Drawing(
        figure,
        f"one dimension at a time, in standard deviations of the {unit}; the {len(order)} of "
        f"{len(dimensions.names)} dimensions with the largest {ordered_by} over "
        f"{min(MEASURED_COUNT, len(loaded.data.test)):,} {loaded.run.data.name} test images",
    )


def measured(loaded: LoadedRun) -> LatentDimensions:
    """The dimensions of the flat code, measured on the first 2,000 test images."""
    return measure_dimensions(loaded, loaded.data.test.first(MEASURED_COUNT))


def traversal(
    loaded: LoadedRun, dimensions: LatentDimensions, index: int, steps: int
) -> Float[Tensor, "S C H W"]:
    """The code of the first test image decoded with one dimension at S values in turn."""
    first = loaded.data.test.take(np.array(images_of_each_class(loaded, 1)[:1]))
    codes = loaded.codes(first).repeat(steps, 1)
    labels = None if first.labels is None else torch.from_numpy(first.labels).expand(steps)
    offsets = torch.linspace(-REACH, REACH, steps)
    codes[:, index] = dimensions.center[index] + dimensions.scale[index] * offsets
    return loaded.decode(codes, labels)


def _label(dimensions: LatentDimensions, index: int) -> str:
    name = dimensions.names[index]
    if dimensions.kl is None:
        return f"{name}  (sd {dimensions.scale[index]:.2f})"
    return f"{name}  ({dimensions.kl[index]:.2f} nats)"


TRAVERSALS = FigureSpec(
    draw=draw_traversals,
    title="Latent traversals",
    alt="One row for each of at most 16 latent dimensions of {run}, by falling KL or variance: "
    "decoded images while that dimension moves from 3 standard deviations below the mean to 3 "
    "above.",
    caption="One latent dimension moves per row; the others are fixed. Dimensions with a KL near "
    "0 hardly change the image.",
    group="Traversals and interpolations",
)
