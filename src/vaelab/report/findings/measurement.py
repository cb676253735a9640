"""A measured value with a name, and the comparison of two."""

import math
from dataclasses import dataclass
from typing import Literal

from vaelab.comparison import LEAD_STANDARD_ERRORS
from vaelab.evaluation.near_chance import SHORT_CAVEAT
from vaelab.formatting import with_unit

Direction = Literal["lower", "higher"]
Order = Literal["lower", "higher", "equal", "unknown"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value.

    Attributes:
        name: of what was measured, for a sentence: `mlp-vae` or `β = 4`.
        value: the number.
        standard_error: of the value; None if unknown.
        unit: of the value.
        caveat: why the value says little; empty if it does not.
    """

    name: str
    value: float
    standard_error: float | None = None
    unit: str = ""
    caveat: str = ""

    @property
    def text(self) -> str:
        """The value and its unit, and whether it says little."""
        text = with_unit(self.value, self.unit)
        return f"{text} ({SHORT_CAVEAT})" if self.caveat else text


def order(first: Measurement, second: Measurement) -> Order:
    """Whether the first value is lower or higher than the second, or equal within the error."""
    if first.standard_error is None or second.standard_error is None:
        return "unknown"
    difference = first.value - second.value
    if abs(difference) <= LEAD_STANDARD_ERRORS * math.hypot(
        first.standard_error, second.standard_error
    ):
        return "equal"
    return "lower" if difference < 0 else "higher"
