"""Diversity within classes: the variance of samples over that of real images.

Letters in shapes: N images, F features.
"""

import torch
from jaxtyping import Float64, Int
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.metric import MetricSpec, MetricValue, with_replicates
from vaelab.evaluation.sample_metric import sample_metric
from vaelab.statistics import bootstrap


def within_class_variance(features: Float64[Tensor, "N F"], labels: Int[Tensor, " N"]) -> float:
    """Trace of the covariance of the features within a class, mean over classes.

    Classes with fewer than two images are left out.
    """
    members = [features[labels == label] for label in labels.unique()]
    variances = [of.var(0).sum() for of in members if len(of) > 1]
    return torch.stack(variances).mean().item() if variances else 0.0


def score(
    samples: ClassifiedImages, real: RealImages, generator: Generator
) -> dict[str, MetricValue]:
    """The variance within classes over that of the real test images.

    1 is as diverse as real images, 0 is one image per class.
    """
    assert samples.labels is not None
    assert real.test.labels is not None
    of_real = within_class_variance(real.test.features, real.test.labels)
    if of_real == 0:
        raise InputError("no class has two test images of different features")

    def ratio(features: Tensor, labels: Tensor) -> float:
        return within_class_variance(features, labels) / of_real

    value = ratio(samples.features, samples.labels)
    replicates = bootstrap(ratio, samples.features, samples.labels, generator=generator)
    return {"class_diversity": with_replicates(value, replicates, count=len(samples))}


METRIC = sample_metric(
    "diversity",
    (
        MetricSpec(
            name="class_diversity",
            label="Diversity within classes",
            unit="of real test images' variance",
            meaning="Feature variance within a class, over that of real images.",
            group="Conditional generation",
            features="chosen",
        ),
    ),
    score,
    "a feature extractor",
    "samples with labels",
    "labels",
)
