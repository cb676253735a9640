"""A measured value with a name, and the comparison of two."""

from dataclasses import dataclass
from typing import Literal

from vaelab.comparison import Difference, Order, StoredNumber, difference
from vaelab.evaluation.near_chance import SHORT_CAVEAT
from vaelab.formatting import with_unit

Direction = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value.

    Attributes:
        name: of what was measured, for a sentence: `mlp-vae` or `β = 4`.
        value: the number.
        standard_error: of the value; None if unknown.
        unit: of the value.
        caveat: why the value says little; empty if it does not.
        deviation: standard deviation over seeds; None for one seed.
        seed_count: seeds that the value is the mean over.
        stored: the number in a run folder, for paired differences; None for any other value.
    """

    name: str
    value: float
    standard_error: float | None = None
    unit: str = ""
    caveat: str = ""
    deviation: float | None = None
    seed_count: int = 1
    stored: StoredNumber | None = None

    @property
    def number(self) -> StoredNumber:
        """The number, for differences."""
        if self.stored is not None:
            return self.stored
        result = {
            "value": self.value,
            "standard_error": self.standard_error,
            "unit": self.unit,
            "standard_deviation": self.deviation,
            "seed_count": self.seed_count,
        }
        return StoredNumber(self.name, result)

    @property
    def text(self) -> str:
        """The value and its unit, and whether it says little."""
        text = with_unit(self.value, self.unit)
        return f"{text} ({SHORT_CAVEAT})" if self.caveat else text


def compared(first: Measurement, second: Measurement) -> Difference:
    """The first value minus the second, paired where they rest on the same images."""
    return difference(first.number, second.number)


def order(first: Measurement, second: Measurement) -> Order:
    """Whether the first value is lower or higher than the second, or equal within the error."""
    return compared(first, second).order
