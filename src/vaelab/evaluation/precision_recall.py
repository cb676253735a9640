"""Precision and recall, density and coverage: fidelity and diversity of samples.

Letters in shapes: N real images, M samples, A and B images, F features.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Float64
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.metric import MetricSpec, MetricValue, proportion_of_images
from vaelab.evaluation.sample_metric import sample_metric

NEIGHBORS_OF_PRECISION, NEIGHBORS_OF_DENSITY = 3, 5
BLOCK = 1000


@dataclass(frozen=True, slots=True, eq=False)
class ManifoldScores:
    """Samples against the manifold of real images, and the other way round.

    Attributes:
        is_precise: whether each sample is inside some real image's ball.
        is_recalled: whether each real image is inside some sample's ball.
        density: mean number of real balls around a sample, over k; may exceed 1.
        is_covered: whether each real image has a sample inside its ball.
    """

    is_precise: Bool[Tensor, " M"]
    is_recalled: Bool[Tensor, " N"]
    density: float
    is_covered: Bool[Tensor, " N"]

    @property
    def precision(self) -> float:
        """Proportion of precise samples."""
        return _proportion(self.is_precise)

    @property
    def recall(self) -> float:
        """Proportion of recalled real images."""
        return _proportion(self.is_recalled)

    @property
    def coverage(self) -> float:
        """Proportion of covered real images."""
        return _proportion(self.is_covered)


def manifold_scores(real: Float[Tensor, "N F"], generated: Float[Tensor, "M F"]) -> ManifoldScores:
    """The scores by balls whose radius is the distance to the k-th nearest other image.

    Precision and recall: Kynkaanniemi et al. 2019 (arXiv:1904.06991), equation 2, k = 3. Density
    and coverage: Naeem et al. 2020 (arXiv:2002.09797), equations 5 and 6, k = 5.

    Raises:
        InputError: on too few images for a k-th neighbor.
    """
    fewest = min(len(real), len(generated))
    if fewest <= NEIGHBORS_OF_DENSITY:
        raise InputError(
            f"neighbors need more than {NEIGHBORS_OF_DENSITY} images of each kind, found {fewest}"
        )
    real, generated = real.double(), generated.double()
    radii_of_real = _radii(real, (NEIGHBORS_OF_PRECISION, NEIGHBORS_OF_DENSITY))
    (radii_of_generated,) = _radii(generated, (NEIGHBORS_OF_PRECISION,))
    is_precise, balls = [], 0
    is_covered = torch.zeros(len(real), dtype=torch.bool)
    for block in generated.split(BLOCK):
        distances = squared_distances(block, real)
        is_precise.append((distances <= radii_of_real[0]).any(1))
        inside = distances <= radii_of_real[1]
        balls += int(inside.sum())
        is_covered |= inside.any(0)
    is_recalled = [
        (squared_distances(block, generated) <= radii_of_generated).any(1)
        for block in real.split(BLOCK)
    ]
    return ManifoldScores(
        is_precise=torch.cat(is_precise),
        is_recalled=torch.cat(is_recalled),
        density=balls / (NEIGHBORS_OF_DENSITY * len(generated)),
        is_covered=is_covered,
    )


def squared_distances(
    a: Float64[Tensor, "A F"], b: Float64[Tensor, "B F"]
) -> Float64[Tensor, "A B"]:
    """Squared distances of all pairs by one matrix product; of equal rows they are exactly 0."""
    norms_of_a, norms_of_b = a.square().sum(1, keepdim=True), b.square().sum(1)
    distances = torch.addmm(norms_of_a + norms_of_b, a, b.T, alpha=-2)
    # The rounding error of a zero must not lie outside of a ball of radius zero.
    return torch.where(distances < 1e-12 * (norms_of_a + norms_of_b), 0.0, distances)


def _radii(points: Float64[Tensor, "N F"], ranks: tuple[int, ...]) -> list[Float64[Tensor, " N"]]:
    """Squared distances to the k-th nearest other point, for each k.

    They are larger by one part in 10^9, so that rounding never leaves the k-th point outside.
    """
    most = max(ranks) + 1  # the nearest is the point itself
    nearest = torch.cat(
        [
            squared_distances(block, points).topk(most, 1, largest=False).values
            for block in points.split(BLOCK)
        ]
    )
    return [nearest[:, rank] * (1 + 1e-9) for rank in ranks]


def _proportion(flags: Bool[Tensor, " A"]) -> float:
    return flags.double().mean().item()


def score(
    samples: ClassifiedImages, real: RealImages, _generator: Generator
) -> dict[str, MetricValue]:
    """The scores of the samples among the real test images."""
    found = manifold_scores(real.test.features, samples.features)

    def proportion(flags: Tensor) -> MetricValue:
        return replace(proportion_of_images(flags), count=len(samples))

    return {
        "precision": proportion(found.is_precise),
        "recall": proportion(found.is_recalled),
        "density": MetricValue(value=found.density, count=len(samples)),
        "coverage": proportion(found.is_covered),
    }


def _spec(name: str, meaning: str, unit: str = "share") -> MetricSpec:
    return MetricSpec(
        name=name,
        label=name.capitalize(),
        unit=unit,
        meaning=meaning,
        group="Samples",
        direction="higher",
        features="chosen",
    )


METRIC = sample_metric(
    "precision-recall",
    (
        _spec("precision", "Proportion of samples that lie among real images."),
        _spec("recall", "Proportion of real images that lie among the samples."),
        _spec("density", "Density of real images around the samples.", "of real images' density"),
        _spec("coverage", "Proportion of real images with a sample in their neighborhood."),
    ),
    score,
    "a feature extractor",
    aliases=("prdc", "density-coverage"),
)
