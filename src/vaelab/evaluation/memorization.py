"""The training images nearest to samples, and the share of samples that copy one of them.

Letters in shapes: N images, M training images, K neighbors, C channels, H height, W width,
P pixels.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Generator, Tensor

from vaelab.data.image_data import images_at_once
from vaelab.data.unit_images import ImageParts
from vaelab.errors import InputError
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.metric import MetricSpec, MetricValue, proportion_of_images
from vaelab.evaluation.sample_metric import sample_metric

NEIGHBOR_COUNT, NEAR_COPY_RATIO = 50, 0.33
MOST_IMAGES = 2000
# Images that are compared at once, values of the training images that they are compared with, and
# values of the differences that are computed exactly.
BLOCK, TRAINING_VALUES, EXACT_VALUES = 500, 2**21, 2**22


@dataclass(frozen=True, slots=True, eq=False)
class Neighbors:
    """The nearest training images, nearest first, by Euclidean distance of pixels."""

    indices: Int[Tensor, "N K"]
    distances: Float64[Tensor, "N K"]


def nearest(images: Float[Tensor, "N C H W"], training: ImageParts, *, count: int) -> Neighbors:
    """The `count` nearest training images of each image.

    Matrix products in single precision find twice as many candidates; their distances are then
    computed exactly, so that a copy is at distance 0. Memory holds a block of the training images.

    Args:
        images: whose neighbors are searched.
        training: (M, C, H, W).
        count: K.

    Raises:
        InputError: on fewer training images than are asked for.
    """
    if len(training) < count:
        raise InputError(f"{count} nearest training images were requested, found {len(training)}")
    pixels = images.flatten(1)
    candidates = _candidates(pixels, training, min(2 * count, len(training)))
    # Made at once: small tensors between the large ones of the blocks would keep these from being
    # reused.
    indices = pixels.new_empty(len(pixels), count, dtype=torch.int64)
    distances = pixels.new_empty(len(pixels), count, dtype=torch.float64)
    at_once = images_at_once(EXACT_VALUES, (len(pixels), candidates.shape[1], pixels.shape[1]))
    for rows in torch.arange(len(pixels)).split(at_once):
        block, of_block = pixels[rows], candidates[rows]
        others = training[of_block.flatten()].view(*of_block.shape, -1)
        exact = (others.double() - block.double().unsqueeze(1)).norm(dim=2)
        distances[rows], nearest_first = exact.topk(count, 1, largest=False)
        indices[rows] = of_block.gather(1, nearest_first)
    return Neighbors(indices, distances)


def _candidates(
    pixels: Float[Tensor, "N P"], training: ImageParts, count: int
) -> Int[Tensor, "N K"]:
    """The `count` nearest training images in single precision."""
    values, rows = pixels.new_empty(len(pixels), 0), torch.empty(len(pixels), 0, dtype=torch.int64)
    start = 0
    for part in training.split(images_at_once(TRAINING_VALUES, training.shape)):
        others = part.flatten(1)
        norms, own_rows = others.square().sum(1), start + torch.arange(len(others))
        # The image's own norm is the same for all candidates.
        rough = [torch.addmm(norms, each, others.T, alpha=-2) for each in pixels.split(BLOCK)]
        values = torch.cat([values, torch.cat(rough)], 1)
        rows = torch.cat([rows, own_rows.expand(len(pixels), -1)], 1)
        values, chosen = values.topk(min(count, values.shape[1]), 1, largest=False)
        rows, start = rows.gather(1, chosen), start + len(others)
    return rows


def relative_distances(neighbors: Neighbors) -> Float64[Tensor, " N"]:
    """Distance to the nearest training image over the mean distance to all its neighbors.

    The criterion of Carlini et al. 2023 (arXiv:2301.13188), section 5.1: a blurred sample is near
    to many images, a copy is near to one.
    """
    mean = neighbors.distances.mean(1)
    return torch.where(mean > 0, neighbors.distances[:, 0] / mean, 1.0)


def are_copies(neighbors: Neighbors) -> Bool[Tensor, " N"]:
    """Whether the relative distance of each image is below `NEAR_COPY_RATIO`."""
    return relative_distances(neighbors) < NEAR_COPY_RATIO


def memorization_rate(neighbors: Neighbors) -> float:
    """Proportion of images that are copies."""
    rate: float = are_copies(neighbors).double().mean().item()
    return rate


def score(
    samples: ClassifiedImages, real: RealImages, generator: Generator
) -> dict[str, MetricValue]:
    """Of at most 2,000 random samples among all training images; the floor is real test images."""
    training = real.train.images
    count = min(NEIGHBOR_COUNT, len(training))
    of_samples, of_real = (
        nearest(_random_images(images, generator), training, count=count)
        for images in (samples.images, real.test.images)
    )
    return {
        "memorization_rate": proportion_of_images(
            are_copies(of_samples), floor=memorization_rate(of_real)
        )
    }


def _random_images(images: ImageParts, generator: Generator) -> Float[Tensor, "M C H W"]:
    """At most 2,000 at random, because files and folders are often sorted by class."""
    return images[torch.randperm(len(images), generator=generator)[:MOST_IMAGES]]


METRIC = sample_metric(
    "memorization",
    (
        MetricSpec(
            name="memorization_rate",
            label="Memorization rate",
            unit="share",
            meaning="Share of samples that copy a training image, exactly or with little noise.",
            group="Samples",
            direction="lower",
        ),
    ),
    score,
    aliases=("copies",),
)
