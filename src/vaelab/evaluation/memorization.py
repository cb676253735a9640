"""Which training images samples are nearest to, and how many samples are near copies.

Letters in shapes: N images, M training images, K neighbours, C channels, H height, W width.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.probes import accuracy_standard_error
from vaelab.evaluation.result import Estimate, Findings, Measure

MEASURES = {"memorization_rate": Measure("share", "lower")}
NEIGHBOUR_COUNT, NEAR_COPY_RATIO = 50, 0.33
MOST_IMAGES, BLOCK = 2000, 500


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest training images, nearest first, by Euclidean distance of pixels."""

    indices: Int[Tensor, "N K"]
    distances: Float64[Tensor, "N K"]


def nearest(
    images: Float[Tensor, "N C H W"], training: Float[Tensor, "M C H W"], *, count: int
) -> Neighbours:
    """The `count` nearest training images of each image.

    Candidates are found by matrix products in single precision, twice as many as asked for; their
    distances are then taken exactly, so that a copy is at distance 0.

    Raises:
        InputError: on fewer training images than are asked for.
    """
    if len(training) < count:
        raise InputError(f"{count} neighbours were asked for among {len(training)} images")
    pixels, norms = training.flatten(1), training.flatten(1).square().sum(1)
    indices, distances = [], []
    for block in images.flatten(1).split(BLOCK):
        # The image's own norm is the same for all candidates.
        rough = torch.addmm(norms, block, pixels.T, alpha=-2)
        candidates = rough.topk(min(2 * count, len(training)), 1, largest=False).indices
        exact = (pixels[candidates].double() - block.double().unsqueeze(1)).norm(dim=2)
        near = exact.topk(count, 1, largest=False)
        indices.append(candidates.gather(1, near.indices))
        distances.append(near.values)
    return Neighbours(torch.cat(indices), torch.cat(distances))


def relative_distances(neighbours: Neighbours) -> Float64[Tensor, " N"]:
    """Distance to the nearest training image over the mean distance to all its neighbours.

    Carlini et al. 2023 (arXiv:2301.13188), section 5.1, tell copies so: a blurred sample is near
    to many images, a copy near to one.
    """
    mean = neighbours.distances.mean(1)
    return torch.where(mean > 0, neighbours.distances[:, 0] / mean, 1.0)


def memorization_rate(neighbours: Neighbours) -> float:
    """Share of images within a third of their neighbours' distance of one training image."""
    return (relative_distances(neighbours) < NEAR_COPY_RATIO).double().mean().item()


def score(shown: ClassifiedImages, reference: RealImages, draws: Generator) -> Findings:
    """Of at most 2,000 samples, drawn, to all training images; perfect are real test images."""
    training = reference.train.images
    count = min(NEIGHBOUR_COUNT, len(training))
    share, of_real = (
        memorization_rate(nearest(_some(images, draws), training, count=count))
        for images in (shown.images, reference.test.images)
    )
    evaluated = min(MOST_IMAGES, len(shown))
    error = accuracy_standard_error(share, evaluated)
    return Findings({"memorization_rate": Estimate(share, evaluated, error, floor=of_real)})


def _some(images: Float[Tensor, "N C H W"], draws: Generator) -> Float[Tensor, "M C H W"]:
    """At most 2,000, at random: files and folders are often in the order of classes."""
    return images[torch.randperm(len(images), generator=draws)[:MOST_IMAGES]]
