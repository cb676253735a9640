"""Differences of two stored numbers, and their standard errors.

Runs are evaluated on the same test images. An image that is difficult for one is difficult for the
others, so the mean of the differences image by image has a smaller standard error than the
difference of two independent means.

Letters in shapes: N images, R bootstrap draws.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor

from vaelab.comparison.groups import CONDITIONS, Evaluated
from vaelab.formatting import number, with_unit
from vaelab.runs import PER_IMAGE, REPLICATES, read_values

Order = Literal["lower", "higher", "equal", "unknown"]

# A difference is clear if it is more than so many standard errors.
LEAD_STANDARD_ERRORS = 2.0

OVER_SEEDS = "over seeds"
NOT_STORED = "unpaired: values of single images are not stored"

# What must agree for pairs: the conditions of a comparison, and the random draws.
_PAIRED = {**CONDITIONS, "seed": "seed of the evaluation"}


@dataclass(frozen=True, slots=True, eq=False)
class StoredNumber:
    """A stored number, and where the values of single images are that it rests on.

    Attributes:
        name: of the number.
        result: its fields, as in evaluation.json; of a mean over seeds as in `mean_result`.
        folder: of the run or of the samples; None for a mean over seeds.
        values_fingerprint: of the file of values that belongs to the stored numbers; empty if there
            is none.
    """

    name: str
    result: Mapping[str, Any]
    folder: Evaluated | None = None
    values_fingerprint: str = ""

    def values(self) -> tuple[str, Tensor] | None:
        """What the values are, a prefix of their names, and the values; None without them."""
        if self.folder is None:
            return None
        stored = read_values(self.folder.path, self.values_fingerprint)
        for prefix in (PER_IMAGE, REPLICATES):
            if (values := stored.get(f"{prefix}{self.name}")) is not None:
                return prefix, values
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The first of two numbers minus the second.

    Attributes:
        value: the difference.
        standard_error: of the difference; None if it is unknown.
        basis: of the standard error: `paired over 10,000 images`, or why it is not paired.
        is_paired: whether it is the standard error of paired differences.
        unit: of both numbers.
    """

    value: float
    standard_error: float | None
    basis: str
    is_paired: bool
    unit: str = field(default="")

    @property
    def order(self) -> Order:
        """Whether the first number is clearly lower or higher than the second."""
        if self.standard_error is None:
            return "unknown"
        if abs(self.value) <= LEAD_STANDARD_ERRORS * self.standard_error:
            return "equal"
        return "lower" if self.value < 0 else "higher"

    @property
    def is_clear(self) -> bool:
        """Whether the numbers differ by more than `LEAD_STANDARD_ERRORS`."""
        return self.order in ("lower", "higher")

    @property
    def short_basis(self) -> str:
        """The basis for a sentence: without the reason why it is not paired."""
        return self.basis.partition(":")[0]

    @property
    def signed_text(self) -> str:
        """The difference with its sign and its standard error, for a table."""
        sign = "+" if self.value > 0 else ""
        return f"{sign}{number(self.value, self.unit)}{self._error}"

    @property
    def text(self) -> str:
        """The size of the difference with its standard error: `1.79 ± 0.06 nats`."""
        size = number(abs(self.value), self.unit)
        unit = with_unit(abs(self.value), self.unit).removeprefix(size)
        return f"{size}{self._error}{unit}"

    @property
    def _error(self) -> str:
        error = number(self.standard_error, self.unit)
        return f" ± {error}" if error else ""


def difference(first: StoredNumber, second: StoredNumber) -> Difference:
    """The difference of two numbers: paired where they rest on the same images and draws.

    Paired, the standard error is that of the mean of the differences, s / sqrt(N), or the standard
    deviation of the differences over the same bootstrap draws. Unpaired, it is the root of the sum
    of the squared standard errors. Means over seeds are unpaired. Compared with a mean over seeds,
    a single run is assumed to have the same standard deviation, as in Student's two-sample test
    with one value in one sample.
    """
    error, basis = _paired_error(first, second)
    is_paired = error is not None
    return Difference(
        value=first.result["value"] - second.result["value"],
        standard_error=error if is_paired else _unpaired_error(first, second),
        basis=basis,
        is_paired=is_paired,
        unit=str(first.result.get("unit") or ""),
    )


def _unpaired_error(first: StoredNumber, second: StoredNumber) -> float | None:
    one, other = _errors(first, second), _errors(second, first)
    return None if one is None or other is None else math.hypot(one, other)


def _errors(stored: StoredNumber, other: StoredNumber) -> float | None:
    """The standard error of a number that is compared with another."""
    is_single = _is_over_seeds(other) and not _is_over_seeds(stored)
    error: float | None = (
        other.result.get("standard_deviation") if is_single else stored.result.get("standard_error")
    )
    return error


def _is_over_seeds(stored: StoredNumber) -> bool:
    return int(stored.result.get("seed_count", 1)) > 1


def _paired_error(first: StoredNumber, second: StoredNumber) -> tuple[float | None, str]:
    """The standard error of paired differences, or None; and what it rests on."""
    if _is_over_seeds(first) or _is_over_seeds(second):
        return None, OVER_SEEDS
    if reason := _obstacle(first, second):
        return None, f"unpaired: {reason}"
    mine, theirs = first.values(), second.values()
    if mine is None or theirs is None:
        return None, NOT_STORED
    (prefix, of_first), (other_prefix, of_second) = mine, theirs
    if prefix != other_prefix or of_first.shape != of_second.shape or len(of_first) < 2:
        return None, "unpaired: measured on other images"
    return _error_of_pairs(prefix, of_first, of_second)


def _obstacle(first: StoredNumber, second: StoredNumber) -> str:
    """Why two numbers cannot be paired; empty if they can."""
    if first.folder is None or second.folder is None:
        return "values of single images are not stored"
    if first.folder.data.test_fingerprint != second.folder.data.test_fingerprint:
        return "different test images"
    differing = [
        label for key, label in _PAIRED.items() if first.result.get(key) != second.result.get(key)
    ]
    return f"different {' and '.join(differing)}" if differing else ""


def _error_of_pairs(
    prefix: str, first: Float[Tensor, " N"], second: Float[Tensor, " N"]
) -> tuple[float | None, str]:
    differences = first.double() - second.double()
    if not differences.isfinite().all():
        return None, "unpaired: values of some images are not finite"
    deviation, count = differences.std().item(), len(differences)
    if prefix == REPLICATES:
        return deviation, f"paired over {count:,} bootstrap draws"
    return deviation / math.sqrt(count), f"paired over {count:,} images"
