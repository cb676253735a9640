"""The kernel distance between sets of images in feature space (KID).

Letters in shapes: N real images, M samples, F features, S subsets.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.metric import MetricSpec, MetricValue, with_replicates
from vaelab.evaluation.sample_metric import sample_metric

SUBSET_COUNT, SUBSET_SIZE = 100, 1000


@dataclass(frozen=True, slots=True, eq=False)
class KernelDistance:
    """Of each of S subsets."""

    of_subsets: Float64[Tensor, " S"]

    @property
    def value(self) -> float:
        """The mean over subsets."""
        return self.of_subsets.mean().item()


def kernel_distance(
    real: Float[Tensor, "N F"],
    generated: Float[Tensor, "M F"],
    *,
    generator: Generator,
    subset_count: int = SUBSET_COUNT,
    subset_size: int = SUBSET_SIZE,
) -> KernelDistance:
    """Squared maximum mean discrepancy, unbiased: Binkowski et al. 2018 (arXiv:1801.01401), 4.

    The mean over random subsets of one size, drawn from both sets without replacement.

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
    return KernelDistance(distances)


def squared_discrepancy(a: Float64[Tensor, "N F"], b: Float64[Tensor, "M F"]) -> float:
    """Mean kernel within a and within b, without the diagonals, minus twice that between them."""

    def mean_of_others(kernel: Tensor) -> Tensor:
        count = len(kernel)
        return (kernel.sum() - kernel.trace()) / (count * (count - 1))

    inside = mean_of_others(_kernel(a, a)) + mean_of_others(_kernel(b, b))
    return (inside - 2 * _kernel(a, b).mean()).item()


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """(a . b / F + 1)^3."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def score(
    samples: ClassifiedImages, real: RealImages, generator: Generator
) -> dict[str, MetricValue]:
    """Distance of the samples to the real test images."""
    of_real, generated = real.test.features, samples.features
    fewest = min(len(of_real), len(generated))
    if fewest < 4:
        raise InputError(f"the kernel distance needs 4 images of each kind or more, found {fewest}")
    # Subsets of all images would not differ, whatever the images.
    size = min(SUBSET_SIZE, fewest // 2)
    found = kernel_distance(of_real, generated, generator=generator, subset_size=size)
    # The delete-d jackknife: Shao and Wu 1989.
    scale = math.sqrt(size / (fewest - size))
    replicates = found.value + scale * (found.of_subsets - found.value)
    return {"kernel_distance": with_replicates(found.value, replicates, count=len(samples))}


METRIC = sample_metric(
    "kernel-distance",
    (
        MetricSpec(
            name="kernel_distance",
            label="Kernel distance",
            unit="squared kernel distance",
            meaning="Squared MMD of samples and real test images in feature space, unbiased.",
            group="Samples",
            direction="lower",
            features="chosen",
        ),
    ),
    score,
    "a feature extractor",
    aliases=("kid", "mmd"),
)
