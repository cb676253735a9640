"""The Fréchet distance between sets of images in feature space: the "FID proxy".

FID itself is defined by Inception features. The values of other features are not comparable with
it, nor with each other.

Letters in shapes: N images, F features.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.baselines import pixel_mean
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import Metric, MetricSpec, MetricValue, with_replicates
from vaelab.evaluation.sample_metric import sample_metric
from vaelab.statistics import bootstrap


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStatistics:
    """The Gaussian fitted to features."""

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
    centered = exact - mean
    return FeatureStatistics(mean, centered.T @ centered / (len(features) - 1))


def frechet_distance(a: FeatureStatistics, b: FeatureStatistics) -> float:
    """|m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)): Heusel et al. 2017 (arXiv:1706.08500), eq. 6.

    The trace of (A B)^(1/2) equals that of (A^(1/2) B A^(1/2))^(1/2), the sum of the singular
    values of A^(1/2) B^(1/2). So there are no complex numbers and no root of a rounded zero, and
    singular covariances are no problem.
    """
    inner = torch.linalg.svdvals(_root(a.covariance) @ _root(b.covariance)).sum()
    traces = a.covariance.trace() + b.covariance.trace() - 2 * inner
    return max(0.0, float((a.mean - b.mean).square().sum() + traces))


def _root(covariance: Float64[Tensor, "F F"]) -> Float64[Tensor, "F F"]:
    """The positive square root."""
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


def score(
    samples: ClassifiedImages, real: RealImages, generator: Generator
) -> dict[str, MetricValue]:
    """Distance of the samples to the real test images."""
    of_real = feature_statistics(real.test.features)

    def distance(features: Tensor) -> float:
        return frechet_distance(feature_statistics(features), of_real)

    replicates = bootstrap(distance, samples.features, generator=generator)
    return {
        "fid_proxy": with_replicates(distance(samples.features), replicates, count=len(samples))
    }


def compute_of_reconstructions(context: EvaluationContext) -> dict[str, MetricValue]:
    """Distance of reconstructions to the test images; the baseline is the mean training image."""
    real = feature_statistics(context.real.test.features)
    reconstructed = feature_statistics(context.reconstructions.features)
    mean = context.classified(pixel_mean(context.dataset.train), None).features
    constant = FeatureStatistics(mean[0], torch.zeros_like(real.covariance))
    return {
        "reconstruction_fid_proxy": MetricValue(
            value=frechet_distance(reconstructed, real),
            count=len(context.reconstructions),
            floor=0.0,
            baseline=frechet_distance(constant, real),
        )
    }


METRIC = sample_metric(
    "frechet",
    (
        MetricSpec(
            name="fid_proxy",
            label="FID proxy",
            unit="squared feature distance",
            meaning="Fréchet distance of samples to real test images in feature space.",
            group="Samples",
            direction="lower",
            features="chosen",
            is_headline=True,
        ),
    ),
    score,
    "a feature extractor",
    aliases=("fid",),
)

RECONSTRUCTION_METRIC = Metric(
    (
        MetricSpec(
            name="reconstruction_fid_proxy",
            label="Reconstruction FID proxy",
            unit="squared feature distance",
            meaning="Fréchet distance of reconstructions to their images in feature space.",
            group="Reconstructions",
            direction="lower",
            features="chosen",
        ),
    ),
    compute_of_reconstructions,
    ("a trained model", "a feature extractor", "2 images"),
    aliases=("rfid", "reconstruction-fid"),
)
