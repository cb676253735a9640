"""Conditional accuracy: whether samples are of the class that they were generated for.

Letters in shapes: K classes.
"""

from dataclasses import replace
from typing import Any

from jaxtyping import Int
from torch import Generator, Tensor

from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.metric import MetricSpec, MetricValue, proportion_of_images
from vaelab.evaluation.sample_metric import sample_metric
from vaelab.features import confusion_matrix


def accuracy(confusion: Int[Tensor, "K K"]) -> float:
    """Proportion of images on the diagonal."""
    return confusion.trace().item() / confusion.sum().item()


def confusion(images: ClassifiedImages[Any], classifier: str) -> Int[Tensor, "K K"]:
    """Counts of images by their label (row) and the classifier's prediction (column)."""
    assert images.labels is not None
    logits = images.logits(classifier)
    return confusion_matrix(images.labels, logits.argmax(1), logits.shape[1])


def score(
    samples: ClassifiedImages, real: RealImages, _generator: Generator
) -> dict[str, MetricValue]:
    """Proportion of samples that each classifier assigns to their label; the floor is real images.

    The details are, for each classifier, the confusion matrix and the accuracy by class.
    """
    values = {}
    for spec in SPECS:
        assert spec.features is not None
        assert samples.labels is not None
        matrix = confusion(samples, spec.features)
        counts = matrix.sum(1).clamp(min=1)
        is_correct = samples.logits(spec.features).argmax(1) == samples.labels
        values[spec.name] = replace(
            proportion_of_images(is_correct, floor=accuracy(confusion(real.test, spec.features))),
            details={
                f"{spec.name}_confusion": matrix.tolist(),
                f"{spec.name}_per_class": (matrix.diagonal() / counts).tolist(),
            },
        )
    return values


SPECS = (
    MetricSpec(
        name="conditional_accuracy",
        label="Conditional accuracy",
        unit="share",
        meaning="Proportion of samples that the classifier assigns to the requested class.",
        group="Conditional generation",
        direction="higher",
        features="reference-classifier",
        is_headline=True,
    ),
    MetricSpec(
        name="conditional_accuracy_second_classifier",
        label="Conditional accuracy, second classifier",
        unit="share",
        meaning="The same by a classifier of another architecture and seed.",
        group="Conditional generation",
        direction="higher",
        features="second-classifier",
    ),
)

METRIC = sample_metric(
    "conditional-accuracy", SPECS, score, "classifiers", "samples with labels", "labels"
)
