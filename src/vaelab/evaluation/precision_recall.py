"""Fidelity and diversity apart, by balls around images that reach to their neighbours.

Letters in shapes: N real images, M samples, A and B images, F features.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.probes import accuracy_standard_error
from vaelab.evaluation.result import Estimate, Findings, Measure

MEASURES = {
    "precision": Measure("share", "higher", "reference"),
    "recall": Measure("share", "higher", "reference"),
    "density": Measure("of real images' density", "higher", "reference"),
    "coverage": Measure("share", "higher", "reference"),
}
NEIGHBOURS_OF_PRECISION, NEIGHBOURS_OF_DENSITY = 3, 5
BLOCK = 1000


@dataclass(frozen=True, slots=True)
class ManifoldScores:
    """How samples lie among real images.

    Attributes:
        precision: share of samples inside some real image's ball.
        recall: share of real images inside some sample's ball.
        density: mean number of real balls around a sample, over k; may exceed 1.
        coverage: share of real images with a sample inside their ball.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_scores(real: Float[Tensor, "N F"], generated: Float[Tensor, "M F"]) -> ManifoldScores:
    """Balls reach to the k-th nearest other image of the same kind.

    Precision and recall: Kynkaanniemi et al. 2019 (arXiv:1904.06991), equation 2, k = 3. Density
    and coverage: Naeem et al. 2020 (arXiv:2002.09797), equations 5 and 6, k = 5.

    Raises:
        InputError: on too few images for a k-th neighbour.
    """
    fewest = min(len(real), len(generated))
    if fewest <= NEIGHBOURS_OF_DENSITY:
        raise InputError(
            f"neighbours need more than {NEIGHBOURS_OF_DENSITY} images of each kind, found {fewest}"
        )
    real, generated = real.double(), generated.double()
    radii_of_real = _radii(real, (NEIGHBOURS_OF_PRECISION, NEIGHBOURS_OF_DENSITY))
    (radii_of_generated,) = _radii(generated, (NEIGHBOURS_OF_PRECISION,))
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
        precision=_share(torch.cat(is_precise)),
        recall=_share(torch.cat(is_recalled)),
        density=balls / (NEIGHBOURS_OF_DENSITY * len(generated)),
        coverage=_share(is_covered),
    )


def squared_distances(
    a: Float64[Tensor, "A F"], b: Float64[Tensor, "B F"]
) -> Float64[Tensor, "A B"]:
    """Of every pair, by one matrix product; of equal rows it is 0 up to rounding, which is cut."""
    norms_of_a, norms_of_b = a.square().sum(1, keepdim=True), b.square().sum(1)
    distances = torch.addmm(norms_of_a + norms_of_b, a, b.T, alpha=-2)
    # What cancellation leaves of a zero must not reach out of a ball of radius zero.
    return torch.where(distances < 1e-12 * (norms_of_a + norms_of_b), 0.0, distances)


def _radii(points: Float64[Tensor, "N F"], ranks: tuple[int, ...]) -> list[Float64[Tensor, " N"]]:
    """Squared distances to the k-th nearest other point, for each k.

    Wider by far less than a distance matters, so that the k-th point itself is never left outside
    by the rounding of another matrix product.
    """
    most = max(ranks) + 1  # the nearest is the point itself
    nearest = torch.cat(
        [
            squared_distances(block, points).topk(most, 1, largest=False).values
            for block in points.split(BLOCK)
        ]
    )
    return [nearest[:, rank] * (1 + 1e-9) for rank in ranks]


def _share(flags: Bool[Tensor, " A"]) -> float:
    return flags.double().mean().item()


def score(shown: ClassifiedImages, reference: RealImages, _draws: Generator) -> Findings:
    """Of samples among the real test images."""
    real = reference.test
    found = manifold_scores(real.features, shown.features)

    def estimate(share: float, count: int) -> Estimate:
        return Estimate(share, len(shown), accuracy_standard_error(share, count))

    return Findings(
        {
            "precision": estimate(found.precision, len(shown)),
            "recall": estimate(found.recall, len(real)),
            "density": Estimate(found.density, len(shown)),
            "coverage": estimate(found.coverage, len(real)),
        }
    )
