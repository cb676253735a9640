"""Interpolations between images and between classes."""

import numpy as np
import torch

from vaelab.figures.choices import images_of_each_class
from vaelab.figures.grid import image_grid
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.figures.style import label_of
from vaelab.loaded_run import LoadedRun

STEPS = 11
MAX_PAIRS = 8


@torch.no_grad()
def draw_interpolations(loaded: LoadedRun) -> Drawing:
    """Straight lines in latent space between pairs of test images."""
    pairs = _pairs(loaded)
    starts = loaded.test_batch([start for start, _ in pairs])
    ends = loaded.test_batch([end for _, end in pairs])
    decoded = loaded.model.interpolate(starts.x, ends.x, STEPS, starts.labels)
    rows = torch.cat([starts.x.unsqueeze(1), decoded, ends.x.unsqueeze(1)], 1).cpu()
    columns = STEPS + 2
    return Drawing(
        image_grid(rows.flatten(0, 1), columns, column_labels=["from", *[""] * STEPS, "to"]),
        "test images at both ends, between them the decoded line from one code to the other; "
        f"{loaded.run.data.name}",
    )


def _pairs(loaded: LoadedRun) -> list[tuple[int, int]]:
    """Indices of test images: of different classes, for a conditional model of the same class."""
    if loaded.capabilities.is_conditional:
        labels = loaded.data.test.labels
        assert labels is not None
        members = [np.flatnonzero(labels == label)[:2].tolist() for label in np.unique(labels)]
        return [(of[0], of[-1]) for of in members][:MAX_PAIRS]
    chosen = images_of_each_class(loaded, 1)
    # Half of the classes further: neighboring classes are often alike.
    half = max(1, len(chosen) // 2)
    return [(each, chosen[(i + half) % len(chosen)]) for i, each in enumerate(chosen)][:MAX_PAIRS]


@torch.no_grad()
def draw_class_interpolations(loaded: LoadedRun) -> Drawing:
    """The one-hot label moves from class to class, z stays."""
    model, names = loaded.model, [label_of(each) for each in loaded.run.data.class_names]
    batch = loaded.test_batch(images_of_each_class(loaded, 1))
    assert batch.labels is not None
    one_hot = torch.eye(model.class_count, device=loaded.device)
    weights = torch.linspace(0, 1, STEPS, device=loaded.device).view(-1, 1)
    pairs = [(label, (label + 1) % len(names)) for label in batch.labels.tolist()]
    rows = [
        model.decode_condition(
            code.expand(STEPS, -1), torch.lerp(one_hot[start], one_hot[end], weights)
        )
        for code, (start, end) in zip(
            model.encode(batch.x, batch.labels).flat(), pairs, strict=True
        )
    ]
    return Drawing(
        image_grid(
            torch.cat(rows).cpu(),
            STEPS,
            row_labels=[f"{names[start]} to {names[end]}" for start, end in pairs],
        ),
        "each row decodes the code z of one test image while the class changes; "
        f"{loaded.run.data.name}",
    )


GROUP = "Traversals and interpolations"
INTERPOLATIONS = FigureSpec(
    draw=draw_interpolations,
    title="Interpolations",
    alt="Each row leads from one test image of {data} to another: between them, {run} decodes "
    "points on the straight line between their codes.",
    caption="Linear interpolation between the codes of two test images.",
    group=GROUP,
)
CLASS_INTERPOLATIONS = FigureSpec(
    draw=draw_class_interpolations,
    title="Interpolations between classes",
    alt="Rows of images by {run}: the code of a test image is fixed, and the class that it is "
    "decoded with changes from one to the next.",
    caption="The code is fixed; the class changes.",
    group=GROUP,
    needs=("a conditional model",),
)
