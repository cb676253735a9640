"""Whether a generator makes the class that it is asked for, by two independent classifiers.

Letters in shapes: N images, K classes.
"""

from jaxtyping import Int
from torch import Generator, Tensor

from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.probes import accuracy_standard_error
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.features import ClassifierOutput, confusion_matrix

MEASURES = {
    "conditional_accuracy": Measure("share", "higher", "reference"),
    "conditional_accuracy_second_classifier": Measure("share", "higher", "second"),
}


def accuracy(confusion: Int[Tensor, "K K"]) -> float:
    """Share of images named as they should be."""
    return confusion.trace().item() / confusion.sum().item()


def confusion(shown: ClassifiedImages, seen: ClassifierOutput) -> Int[Tensor, "K K"]:
    """Images by the class asked for (row) and the class that a classifier names (column)."""
    assert shown.labels is not None
    return confusion_matrix(shown.labels, seen.logits.argmax(1), seen.logits.shape[1])


def score(shown: ClassifiedImages, reference: RealImages, _draws: Generator) -> Findings:
    """Share of samples that each classifier assigns to the class asked for.

    The details hold, for each classifier, the confusion matrix and the share for each class.
    """
    estimates, details = {}, {}
    for name, seen, real in (
        ("conditional_accuracy", shown.reference, reference.test.reference),
        ("conditional_accuracy_second_classifier", shown.second, reference.test.second),
    ):
        matrix = confusion(shown, seen)
        value = accuracy(matrix)
        estimates[name] = Estimate(
            value=value,
            count=len(shown),
            standard_error=accuracy_standard_error(value, len(shown)),
            floor=accuracy(confusion(reference.test, real)),
        )
        asked = matrix.sum(1).clamp(min=1)
        details[f"{name}_confusion"] = matrix.tolist()
        details[f"{name}_per_class"] = (matrix.diagonal() / asked).tolist()
    return Findings(estimates, details)
