"""Reconstructions and samples.

Letters in shapes: B images, C channels, H height, W width.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.figures.choices import MAX_IMAGE_CLASSES, class_rows, images_of_each_class
from vaelab.figures.grid import image_grid
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.loaded_run import LoadedRun
from vaelab.pictures import rows_in_pairs
from vaelab.randomness import generator

SAMPLE_COUNT, COLUMNS, CLASS_COLUMNS = 50, 10, 10


@torch.no_grad()
def reconstructed(
    loaded: LoadedRun, indices: list[int]
) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "B C H W"]]:
    """Some test images and their reconstructions."""
    batch = loaded.test_batch(indices)
    return batch.x.cpu(), loaded.model.reconstruct(batch.x, batch.labels).cpu()


def draw_reconstructions(loaded: LoadedRun) -> Drawing:
    """Two test images of each class above their reconstructions."""
    chosen = images_of_each_class(loaded, 2)
    columns = min(COLUMNS, len(chosen))
    images = rows_in_pairs(*reconstructed(loaded, chosen), columns)
    pairs = len(images) // columns // 2
    figure = image_grid(
        images, columns, row_labels=["original", "reconstruction"] * pairs, group_rows=2
    )
    return Drawing(figure, _reconstruction_detail(loaded))


def _reconstruction_detail(loaded: LoadedRun) -> str:
    classes = len(loaded.run.data.class_names)
    choice = "" if classes <= MAX_IMAGE_CLASSES else f" of {MAX_IMAGE_CLASSES} of {classes} classes"
    text = f"{loaded.run.data.name} test images{choice}"
    if loaded.capabilities.has_gaussian_posterior:
        text += ", decoded at the posterior's mean"
    metrics = loaded.read_evaluation().get("metrics", {})
    if "reconstruction" in metrics:
        result = metrics["reconstruction"]
        text += f"; mean over the test set {result['value']:.2f} {result['unit']}"
        return text if result["floor"] is None else f"{text} (floor {result['floor']:.3f})"
    floor = loaded.run.read_metrics()[-1]["validation"].get("reconstruction_floor")
    return text if floor is None else f"{text}; floor on the validation images {floor:.3f}"


def draw_samples(loaded: LoadedRun) -> Drawing:
    """50 images decoded from draws of the prior."""
    images = loaded.sample(SAMPLE_COUNT, seed=loaded.config.seed)
    return Drawing(
        image_grid(images, COLUMNS),
        f"the first {SAMPLE_COUNT} draws of the prior, without selection; {loaded.run.data.name}",
    )


@torch.no_grad()
def draw_class_samples(loaded: LoadedRun) -> Drawing:
    """One row for each class, one column for each draw: the same style in every class."""
    names, remark = class_rows(loaded)
    labels = torch.arange(len(names)).repeat_interleave(CLASS_COLUMNS)
    codes = [
        # The same noise for each class: a prior that does not depend on the class gives each
        # column one code.
        loaded.model.sample_prior(
            CLASS_COLUMNS,
            generator(loaded.config.seed, "samples", device=loaded.device),
            row.to(loaded.device),
        ).flat()
        for row in labels.split(CLASS_COLUMNS)
    ]
    images = loaded.decode(torch.cat(codes), labels)
    return Drawing(
        image_grid(images, CLASS_COLUMNS, row_labels=names),
        "one row for each class, one column for each draw from the prior"
        f"{remark}; {loaded.run.data.name}",
    )


RECONSTRUCTIONS = FigureSpec(
    draw=draw_reconstructions,
    title="Reconstructions",
    alt="Pairs of rows: test images of {data} above their reconstructions by {run}.",
    caption="Test images above their reconstructions.",
    group="Reconstructions",
)
SAMPLES = FigureSpec(
    draw=draw_samples,
    title="Samples",
    alt="A grid of 50 images that {run} decoded from draws of its prior.",
    caption="The first 50 samples from the prior, without selection.",
    group="Samples",
    needs=("a prior",),
)
CLASS_SAMPLES = FigureSpec(
    draw=draw_class_samples,
    title="Samples of each class",
    alt="A grid with one row for each class of {data}: samples of {run} for that class. All images "
    "in a column come from the same noise.",
    caption="One class per row. All images in a column come from the same noise.",
    group="Samples",
    needs=("a prior", "a conditional model"),
)
