"""The forms in which numbers are declared, found and stored."""

from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a metric declares of a number before it is taken.

    Attributes:
        unit: of the number.
        direction: whether lower or higher is better; None where neither is.
        classifier: whose features or classes it rests on.
    """

    unit: str
    direction: Direction | None = None
    classifier: Literal["reference", "second"] | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number as a metric finds it.

    Attributes:
        value: the number.
        count: of images that it was taken on.
        standard_error: of the value: over images, or over bootstrap draws of them.
        floor: what a perfect model would have, or real data in the place of samples.
        baseline: what a model that learned nothing would have.
        unit: where it is not the declared one.
    """

    value: float
    count: int
    standard_error: float | None = None
    floor: float | None = None
    baseline: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What one pass of a metric yields.

    Attributes:
        estimates: by the names that the metric declares; those that are not defined are left out.
        details: what is too large for a number, such as a confusion matrix; plain JSON values.
    """

    estimates: dict[str, Estimate]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One number with what is needed to read it.

    Attributes:
        value: the number.
        unit: of the number.
        direction: whether lower or higher is better; None where neither is.
        standard_error: of the value, over images or over bootstrap draws of them; None if unknown.
        floor: the floor: what a perfect model would have, or real data in the place of samples.
        baseline: the ceiling: what a model that learned nothing would have.
        count: of images that it was taken on.
        seed: of the draws that went into it.
        split: that the images are from, or are compared with.
        classifier: SHA-256 of the weights of the classifier that it rests on; None if on none.
    """

    value: float
    unit: str
    count: int
    seed: int
    direction: Direction | None = None
    standard_error: float | None = None
    floor: float | None = None
    baseline: float | None = None
    split: str = "test"
    classifier: str | None = None
