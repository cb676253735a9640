"""The Fréchet distance between images in the reference classifier's features: the "FID proxy".

It is not FID, whose features are Inception's, and must never be put beside one.

Letters in shapes: N images, F features.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.baselines import pixel_mean
from vaelab.evaluation.bootstrap import bootstrap_standard_deviation
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Estimate, Findings, Measure

MEASURES = {"fid_proxy": Measure("squared feature distance", "lower", "reference")}
MEASURES_OF_RECONSTRUCTIONS = {
    "reconstruction_fid_proxy": Measure("squared feature distance", "lower", "reference")
}


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStatistics:
    """The Gaussian that features are taken for."""

    mean: Float64[Tensor, " F"]
    covariance: Float64[Tensor, "F F"]


def feature_statistics(features: Float[Tensor, "N F"]) -> FeatureStatistics:
    """Mean and unbiased covariance, in float64.

    Raises:
        InputError: on fewer than 2 images, or features that are not finite.
    """
    if len(features) < 2:
        raise InputError(f"a covariance of features needs 2 images or more, found {len(features)}")
    if not features.isfinite().all():
        raise InputError("features must be finite, found NaN or infinity")
    exact = features.double()
    mean = exact.mean(0)
    centred = exact - mean
    return FeatureStatistics(mean, centred.T @ centred / (len(features) - 1))


def frechet_distance(a: FeatureStatistics, b: FeatureStatistics) -> float:
    """|m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)): Heusel et al. 2017 (arXiv:1706.08500), eq. 6.

    The trace of (A B)^(1/2) is that of (A^(1/2) B A^(1/2))^(1/2), which is the sum of the singular
    values of A^(1/2) B^(1/2): no complex numbers arise, and no rounded zero is put under a root,
    so that singular covariances do no harm.
    """
    inner = torch.linalg.svdvals(_root(a.covariance) @ _root(b.covariance)).sum()
    traces = a.covariance.trace() + b.covariance.trace() - 2 * inner
    return max(0.0, float((a.mean - b.mean).square().sum() + traces))


def _root(covariance: Float64[Tensor, "F F"]) -> Float64[Tensor, "F F"]:
    """The positive square root."""
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


def score(shown: ClassifiedImages, reference: RealImages, draws: Generator) -> Findings:
    """Of samples to the real test images."""
    real = feature_statistics(reference.test.features)

    def distance(features: Tensor) -> float:
        return frechet_distance(feature_statistics(features), real)

    error = bootstrap_standard_deviation(distance, shown.features, generator=draws)
    return Findings({"fid_proxy": Estimate(distance(shown.features), len(shown), error)})


def measure_reconstructions(context: EvaluationContext) -> Findings:
    """Of reconstructions to the test images themselves; useless is the mean training image."""
    real = feature_statistics(context.reference.test.features)
    rebuilt = feature_statistics(context.shown_reconstructions.features)
    mean = ClassifiedImages(pixel_mean(context.dataset.train), None, context.classifiers).features
    constant = FeatureStatistics(mean[0], torch.zeros_like(real.covariance))
    return Findings(
        {
            "reconstruction_fid_proxy": Estimate(
                frechet_distance(rebuilt, real),
                len(context.shown_reconstructions),
                floor=0.0,
                baseline=frechet_distance(constant, real),
            )
        }
    )
