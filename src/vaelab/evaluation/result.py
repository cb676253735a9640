"""The form in which every number is stored."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One number with what is needed to read it.

    Attributes:
        value: the number.
        unit: of the number.
        direction: whether lower or higher is better; None where neither is.
        standard_error: of the value over images; None where it is not a mean over images.
        count: of images that it was taken on.
        seed: of the draws that went into it.
        split: that the images are from.
    """

    value: float
    unit: str
    count: int
    seed: int
    direction: Literal["lower", "higher"] | None = None
    standard_error: float | None = None
    split: str = "test"
