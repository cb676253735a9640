"""How much the samples of one class differ, beside real images of that class.

Letters in shapes: N images, F features.
"""

import torch
from jaxtyping import Float64, Int
from torch import Generator, Tensor

from vaelab.evaluation.bootstrap import bootstrap_standard_deviation
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.result import Estimate, Findings, Measure

MEASURES = {"class_diversity": Measure("of real test images' variance", None, "reference")}


def within_class_variance(features: Float64[Tensor, "N F"], labels: Int[Tensor, " N"]) -> float:
    """Total variance of the features around their class's mean: the trace of its covariance.

    Each class counts alike; one with fewer than two images does not count.
    """
    members = [features[labels == label] for label in labels.unique()]
    variances = [of.var(0).sum() for of in members if len(of) > 1]
    return torch.stack(variances).mean().item() if variances else 0.0


def score(shown: ClassifiedImages, reference: RealImages, draws: Generator) -> Findings:
    """The variance inside the classes over that of the real test images.

    1 is as diverse as real images, 0 one picture a class; more than 1 is no virtue.
    """
    real = reference.test
    assert shown.labels is not None
    assert real.labels is not None
    of_real = within_class_variance(real.features, real.labels)

    def ratio(features: Tensor, labels: Tensor) -> float:
        return within_class_variance(features, labels) / of_real

    value = ratio(shown.features, shown.labels)
    error = bootstrap_standard_deviation(ratio, shown.features, shown.labels, generator=draws)
    return Findings({"class_diversity": Estimate(value, len(shown), error)})
