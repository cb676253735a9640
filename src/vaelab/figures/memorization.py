"""Samples above their nearest training images.

Letters in shapes: N samples, C channels, H height, W width.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vaelab.data.batches import Batches
from vaelab.evaluation.memorization import nearest
from vaelab.figures.grid import image_grid
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.loaded_run import LoadedRun
from vaelab.pictures import rows_in_pairs
from vaelab.randomness import generator

COUNT, COLUMNS = 30, 10
BATCH_SIZE = 10_000


def draw_memorization(loaded: LoadedRun) -> Drawing:
    """Samples above the training images nearest to them in pixels."""
    samples = loaded.sample(COUNT)
    training = Batches(loaded.data.train, torch.device("cpu"))
    rows = _nearest_rows(samples, training)
    images = rows_in_pairs(samples, training.at(rows, generator(0, "binarize")).x, COLUMNS)
    pairs = len(images) // COLUMNS // 2
    return Drawing(
        image_grid(images, COLUMNS, row_labels=["sample", "nearest"] * pairs, group_rows=2),
        f"samples above the nearest of {len(training):,} {loaded.run.data.name} training images, "
        "by Euclidean distance of pixels",
    )


def _nearest_rows(samples: Float[Tensor, "N C H W"], training: Batches) -> Int[Tensor, " N"]:
    """The index of the training image nearest to each sample, searched batch by batch."""
    found = [
        nearest(samples, batch.x, count=1)
        for batch in training.in_order(BATCH_SIZE, generator(0, "binarize"))
    ]
    distances = torch.cat([each.distances for each in found], 1)
    rows = torch.cat([BATCH_SIZE * i + each.indices for i, each in enumerate(found)], 1)
    return rows.gather(1, distances.argmin(1, keepdim=True))[:, 0]


MEMORIZATION = FigureSpec(
    draw=draw_memorization,
    title="Nearest training images",
    alt="Samples of {run}, each above the training image of {data} with the smallest pixel "
    "distance.",
    caption="Samples above their nearest training images.",
    group="Samples",
    needs=("a prior",),
)
