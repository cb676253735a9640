"""Sentences about conditional models."""

import math
from collections.abc import Sequence

from vaelab.formatting import listed, with_unit
from vaelab.report.findings.measurement import Measurement, order


def label_leakage(measured: Measurement, chance: float | None, probe: str) -> str | None:
    """Whether the code of a conditional model still predicts the class.

    Args:
        measured: accuracy of the prediction.
        chance: accuracy of guessing.
        probe: that predicts the class, such as `a logistic regression`.
    """
    if chance is None:
        return None
    accuracy = (
        f"{probe} on z predicts the class of {measured.text} of the test images; chance is "
        f"{with_unit(chance, 'share')}"
    )
    match order(measured, Measurement("chance", chance, 0.0)):
        case "equal" | "lower":
            return f"The code of {measured.name} does not encode the class: {accuracy}."
        case "higher":
            return f"The code of {measured.name} still encodes the class in part: {accuracy}."
        case _:
            return f"{measured.name}: {accuracy}."


def conditional_accuracy(
    measured: Measurement, real: float | None, count: int | None, classifier: str
) -> str:
    """How often a classifier recognizes the requested class, compared with real images.

    Args:
        measured: the accuracy on samples.
        real: the accuracy on real test images.
        count: number of real test images.
        classifier: such as `The reference classifier`.
    """
    text = (
        f"{classifier} recognizes the requested class in {measured.text} of the samples of "
        f"{measured.name}"
    )
    if real is None:
        return f"{text}."
    error = math.sqrt(real * (1 - real) / count) if count and 0 <= real <= 1 else None
    reference = Measurement("real images", real, error, "share")
    match order(measured, reference):
        case "equal":
            return f"{text}, as often as in real test images ({reference.text})."
        case "lower":
            return f"{text}, less often than in real test images ({reference.text})."
        case "higher":
            return f"{text}, more often than in real test images ({reference.text})."
        case _:
            return f"{text}, and in {reference.text} of the real test images."


def hardest_classes(accuracies: Sequence[float], names: Sequence[str]) -> str | None:
    """The classes with the lowest and the highest conditional accuracy."""
    if len(accuracies) != len(names):
        return None
    known = [
        (name, value) for name, value in zip(names, accuracies, strict=True) if math.isfinite(value)
    ]
    if len(known) < 2:
        return None
    lowest, highest = min(value for _, value in known), max(value for _, value in known)
    if lowest == highest:
        return f"Every class has the same conditional accuracy, {with_unit(lowest, 'share')}."
    hardest = listed(name for name, value in known if value == lowest)
    easiest = listed(name for name, value in known if value == highest)
    return (
        f"Lowest conditional accuracy: {hardest}, {with_unit(lowest, 'share')}. Highest: "
        f"{easiest}, {with_unit(highest, 'share')}."
    )
