"""The kernel distance between images in the reference classifier's features (KID).

Letters in shapes: N real images, M samples, F features.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.result import Estimate, Findings, Measure

MEASURES = {"kernel_distance": Measure("squared kernel distance", "lower", "reference")}
SUBSET_COUNT, SUBSET_SIZE = 100, 1000


@dataclass(frozen=True, slots=True)
class KernelDistance:
    """The mean over subsets, and their standard deviation."""

    value: float
    standard_deviation: float


def kernel_distance(
    real: Float[Tensor, "N F"],
    generated: Float[Tensor, "M F"],
    *,
    generator: Generator,
    subset_count: int = SUBSET_COUNT,
    subset_size: int = SUBSET_SIZE,
) -> KernelDistance:
    """Squared maximum mean discrepancy, unbiased: Binkowski et al. 2018 (arXiv:1801.01401), 4.

    Both sets are cut to random subsets of one size, without replacement.

    Raises:
        InputError: on fewer images than a subset needs.
    """
    fewest = min(len(real), len(generated))
    if fewest < subset_size:
        raise InputError(
            f"the kernel distance needs {subset_size} images of each kind, found {fewest}"
        )

    def subset(features: Tensor) -> Tensor:
        return features[torch.randperm(len(features), generator=generator)[:subset_size]].double()

    distances = torch.tensor(
        [squared_discrepancy(subset(real), subset(generated)) for _ in range(subset_count)],
        dtype=torch.float64,
    )
    return KernelDistance(distances.mean().item(), distances.std().item())


def squared_discrepancy(a: Float64[Tensor, "N F"], b: Float64[Tensor, "M F"]) -> float:
    """Mean kernel inside a and inside b, without each image with itself, less twice that across."""

    def mean_of_others(kernel: Tensor) -> Tensor:
        count = len(kernel)
        return (kernel.sum() - kernel.trace()) / (count * (count - 1))

    inside = mean_of_others(_kernel(a, a)) + mean_of_others(_kernel(b, b))
    return (inside - 2 * _kernel(a, b).mean()).item()


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """(a . b / F + 1)^3."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def score(shown: ClassifiedImages, reference: RealImages, draws: Generator) -> Findings:
    """Of samples to the real test images."""
    real, generated = reference.test.features, shown.features
    fewest = min(len(real), len(generated))
    if fewest < 4:
        raise InputError(f"the kernel distance needs 4 images of each kind or more, found {fewest}")
    # Subsets that held all images would not differ, whatever the images.
    size = min(SUBSET_SIZE, fewest // 2)
    found = kernel_distance(real, generated, generator=draws, subset_size=size)
    # The jackknife that leaves out all but a subset: Shao and Wu 1989.
    error = found.standard_deviation * math.sqrt(size / (fewest - size))
    return Findings({"kernel_distance": Estimate(found.value, len(shown), error)})
