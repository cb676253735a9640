"""Whether a generator makes the class that it is asked for, by two independent judges.

Letters in shapes: N images, K classes.
"""

from jaxtyping import Int
from torch import Generator, Tensor

from vaelab.evaluation.probes import accuracy_standard_error
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.evaluation.shown import Reference, Shown
from vaelab.judges import Seen, confusion_matrix

MEASURES = {
    "controllability": Measure("share", "higher", "reference"),
    "controllability_second_judge": Measure("share", "higher", "second"),
}


def accuracy(confusion: Int[Tensor, "K K"]) -> float:
    """Share of images named as they should be."""
    return confusion.trace().item() / confusion.sum().item()


def confusion(shown: Shown, seen: Seen) -> Int[Tensor, "K K"]:
    """Images by the class asked for (row) and the class that a judge names (column)."""
    assert shown.labels is not None
    return confusion_matrix(shown.labels, seen.logits.argmax(1), seen.logits.shape[1])


def score(shown: Shown, reference: Reference, _draws: Generator) -> Findings:
    """Share of samples whose class both judges name as asked; perfect is their share on real test.

    The details hold, for each judge, the confusion matrix and the share for each class.
    """
    estimates, details = {}, {}
    for name, seen, real in (
        ("controllability", shown.reference, reference.test.reference),
        ("controllability_second_judge", shown.second, reference.test.second),
    ):
        matrix = confusion(shown, seen)
        value = accuracy(matrix)
        estimates[name] = Estimate(
            value=value,
            count=len(shown),
            standard_error=accuracy_standard_error(value, len(shown)),
            perfect=accuracy(confusion(reference.test, real)),
        )
        asked = matrix.sum(1).clamp(min=1)
        details[f"{name}_confusion"] = matrix.tolist()
        details[f"{name}_per_class"] = (matrix.diagonal() / asked).tolist()
    return Findings(estimates, details)
