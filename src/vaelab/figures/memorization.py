"""Samples above their nearest training images."""

from vaelab.data.unit_images import UnitImages
from vaelab.evaluation.memorization import nearest
from vaelab.figures.grid import image_grid
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.loaded_run import LoadedRun
from vaelab.pictures import rows_in_pairs

COUNT, COLUMNS = 30, 10


def draw_memorization(loaded: LoadedRun) -> Drawing:
    """Samples above the training images nearest to them in pixels."""
    samples = loaded.sample(COUNT)
    training = UnitImages(loaded.data.train.images)
    rows = nearest(samples, training, count=1).indices[:, 0]
    images = rows_in_pairs(samples, training[rows], COLUMNS)
    pairs = len(images) // COLUMNS // 2
    return Drawing(
        image_grid(images, COLUMNS, row_labels=["sample", "nearest"] * pairs, group_rows=2),
        f"samples above the nearest of {len(training):,} {loaded.run.data.name} training images, "
        "by Euclidean distance of pixels",
    )


MEMORIZATION = FigureSpec(
    draw=draw_memorization,
    title="Nearest training images",
    alt="Samples of {run}, each above the training image of {data} with the smallest pixel "
    "distance.",
    caption="Samples above their nearest training images.",
    group="Samples",
    needs=("a prior",),
)
