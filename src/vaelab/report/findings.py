"""From numbers to sentences; each is made so that it holds for whatever numbers it is given.

What is not known is not spoken of: a function returns None where it has nothing to say. Two numbers
differ when they lie more than two standard errors of their difference apart, as in `comparison`.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vaelab.comparison import LEAD_STANDARD_ERRORS
from vaelab.report.formatting import counted, finite, listed, number, with_unit

# A dimension with less KL than this carries nothing.
EMPTY_NATS = 0.01

# A reconstruction this near to the mean image's, as a share of the way to perfect, says nothing.
LITTLE = 0.1

# A validation loss that falls by more than this share in its last epoch was still falling.
STILL_FALLING = 0.001

Order = Literal["lower", "higher", "alike", "unknown"]

_HIGHER_LOWER: tuple[Order, Order] = ("higher", "lower")


@dataclass(frozen=True, slots=True)
class Reading:
    """A number of something that has a name.

    Attributes:
        name: as a sentence says it, such as `mlp-vae` or `β = 4`.
        value: the number.
        error: its standard error; None if unknown.
    """

    name: str
    value: float
    error: float | None = None


def order(first: Reading, second: Reading) -> Order:
    """Where the first lies beside the second."""
    if first.error is None or second.error is None:
        return "unknown"
    difference = first.value - second.value
    if abs(difference) <= LEAD_STANDARD_ERRORS * math.hypot(first.error, second.error):
        return "alike"
    return "lower" if difference < 0 else "higher"


def trend(
    quantity: str, unit: str, readings: Sequence[Reading], expected: Literal["rises", "falls"]
) -> str | None:
    """How a number goes along a sweep, beside how theory has it go.

    Args:
        quantity: such as `The reconstruction`.
        unit: of the number.
        readings: by rising value of what is swept.
        expected: what theory says.
    """
    if len(readings) < 3:
        return None
    first, last = readings[0], readings[-1]
    span = (
        f"from {with_unit(first.value, unit)} at {first.name} to "
        f"{with_unit(last.value, unit)} at {last.name}"
    )
    steps = list(itertools.pairwise(readings))
    wanted, against = _HIGHER_LOWER if expected == "rises" else _HIGHER_LOWER[::-1]
    by_order: dict[Order, list[str]] = {"higher": [], "lower": [], "alike": [], "unknown": []}
    for before, after in steps:
        by_order[order(after, before)].append(f"{before.name} to {after.name}")
    if len(by_order[wanted]) == len(steps):
        return f"{quantity} {expected} at every step, {span}, as theory says."
    parts = []
    if by_order[against]:
        opposite = "falls" if expected == "rises" else "rises"
        parts.append(f"it {opposite} from {listed(by_order[against])}, which theory does not say")
    if by_order["alike"]:
        parts.append(
            f"from {listed(by_order['alike'])} it changes by no more than two standard errors"
        )
    if by_order["unknown"]:
        parts.append(
            f"from {listed(by_order['unknown'])} it cannot be told for want of a standard error"
        )
    return (
        f"{quantity} goes {span}; it {expected}, as theory says, at {len(by_order[wanted])} of "
        f"{len(steps)} steps; {'; '.join(parts)}."
    )


def best(
    quantity: str, unit: str, readings: Sequence[Reading], better: Literal["lower", "higher"]
) -> str | None:
    """Which has the best value, if any leads.

    Args:
        quantity: such as `the total`.
        unit: of the number.
        readings: in the order in which they were tried.
        better: which direction is.
    """
    if len(readings) < 2:
        return None
    ranked = sorted(readings, key=lambda each: each.value, reverse=better == "higher")
    first, second = ranked[:2]
    superlative = "lowest" if better == "lower" else "highest"
    numbers = (
        f"{with_unit(first.value, unit)} at {first.name}, {with_unit(second.value, unit)} at "
        f"{second.name}"
    )
    relation = order(first, second)
    if relation == better:
        return (
            f"{quantity} is {superlative} at {first.name}, {with_unit(first.value, unit)}; next "
            f"comes {second.name}, {with_unit(second.value, unit)}."
        )
    if relation == "alike":
        return f"{quantity} has no clear best: {numbers}, within two standard errors."
    return f"{quantity} is {superlative} by {numbers}; whether that is a lead cannot be told."


def at_the_edge(quantity: str, readings: Sequence[Reading], better: str) -> str | None:
    """Whether the best value lies at an end of what was tried."""
    if len(readings) < 3:
        return None
    values = [each.value for each in readings]
    place = values.index(min(values) if better == "lower" else max(values))
    if place not in (0, len(values) - 1):
        return None
    end = "smallest" if place == 0 else "largest"
    superlative = "lowest" if better == "lower" else "highest"
    return (
        f"The {superlative} {quantity} lies at the {end} value tried, {readings[place].name}: one "
        "beyond may be better."
    )


def collapse(
    name: str, latent_size: int, active: float | None, kl: Sequence[float] | None
) -> str | None:
    """How many of a model's latent dimensions are used."""
    if active is None and not kl:
        return None
    parts = []
    if active is not None:
        used = int(active)
        if used == 0:
            parts.append(f"none of {counted(latent_size, 'latent dimension')} is active")
        elif used >= latent_size:
            parts.append(
                "its one latent dimension is active"
                if latent_size == 1
                else f"all {latent_size} latent dimensions are active"
            )
        else:
            verb = "is" if used == 1 else "are"
            parts.append(f"{used} of {latent_size} latent dimensions {verb} active")
    if kl:
        empty = sum(value < EMPTY_NATS for value in kl)
        of = f"a KL below {EMPTY_NATS:g} nats"
        parts.append(
            f"{empty} of {len(kl)} {'has' if empty == 1 else 'have'} {of}"
            if empty
            else f"none has {of}"
        )
    collapsed = active == 0
    end = ": the posterior collapsed, and the decoder ignores the code" if collapsed else ""
    return f"{name}: {', and '.join(parts)}{end}."


def activity(readings: Sequence[tuple[int, float]]) -> str | None:
    """Active units by latent size.

    Args:
        readings: latent size and active units, by rising size.
    """
    if len(readings) < 2:
        return None
    sizes = listed(str(size) for size, _ in readings)
    units = listed(f"{active:.3g}" for _, active in readings)
    text = f"Of {sizes} latent dimensions, {units} are active"
    unused = [size for size, active in readings if active < size]
    if not unused:
        return f"{text}: every dimension is used at every size tried."
    return f"{text}: not all are used at {listed(map(str, unused))}."


def over_regularized(
    reading: Reading, floor: float | None, baseline: float | None, unit: str
) -> str | None:
    """Whether a reconstruction is hardly better than the mean image; silent where it is."""
    if floor is None or baseline is None or baseline <= floor:
        return None
    way = (baseline - reading.value) / (baseline - floor)
    numbers = f"{with_unit(reading.value, unit)}, the mean image {with_unit(baseline, unit)}"
    if way <= 0:
        return f"{reading.name} reconstructs no better than the mean training image: {numbers}."
    if way < LITTLE:
        return (
            f"{reading.name} reconstructs hardly better than the mean training image: {numbers}; "
            f"{100 * way:.1f} % of the way to a perfect one."
        )
    return None


def fitting(name: str, records: Sequence[Mapping[str, Any]], unit: str) -> str | None:
    """Which epoch was best, what came after it, and the gap to the training images."""
    losses = [(int(each["epoch"]), finite(each.get("selection_loss"))) for each in records]
    known = [(epoch, loss) for epoch, loss in losses if loss is not None]
    if not known:
        return None
    best_epoch, lowest = min(known, key=lambda each: each[1])
    last_epoch, last_loss = known[-1]
    text = f"{name} has its lowest validation loss at epoch {best_epoch} of {last_epoch}"
    if len(known) == 1:
        return f"{name} was trained for one epoch."
    if best_epoch == last_epoch:
        text += ", the last: it might fall further with more epochs"
    else:
        text += f", and ends {with_unit(last_loss - lowest, unit)} above it"
    gap = _gap(records[-1])
    if gap is None:
        return f"{text}."
    side = "above" if gap >= 0 else "below"
    return (
        f"{text}. In the last epoch, validation lies {with_unit(abs(gap), unit)} {side} the mean "
        "of the training batches."
    )


def _gap(record: Mapping[str, Any]) -> float | None:
    """Validation minus training total of an epoch."""
    totals = []
    for split in ("validation", "train"):
        terms = record.get(split)
        value = finite(terms.get("negative_elbo")) if isinstance(terms, Mapping) else None
        if value is None:
            return None
        totals.append(value)
    return totals[0] - totals[1]


def beside(
    quantity: str,
    unit: str,
    first: Reading,
    second: Reading,
    better: Literal["lower", "higher"],
) -> str:
    """Two runs' numbers beside each other, and which is better.

    Args:
        quantity: such as `total`.
        unit: of the number.
        first: of the run that the sentence is about.
        second: of the other.
        better: which direction is.
    """
    match order(first, second):
        case "alike":
            return (
                f"{quantity}: {_pair(first, second, unit)} differ by no more than two standard "
                "errors."
            )
        case "unknown":
            return f"{quantity}: {_pair(first, second, unit)}; whether they differ cannot be told."
        case found:
            ahead, behind = (first, second) if found == better else (second, first)
            return (
                f"{quantity} is better for {ahead.name} than for {behind.name}: "
                f"{with_unit(ahead.value, unit)} against {with_unit(behind.value, unit)}."
            )


def _pair(first: Reading, second: Reading, unit: str) -> str:
    return (
        f"{first.name} ({with_unit(first.value, unit)}) and {second.name} "
        f"({with_unit(second.value, unit)})"
    )


def label_leakage(reading: Reading, chance: float | None, how: str) -> str | None:
    """How much of the class a conditional model's code still holds.

    Args:
        reading: accuracy, a share.
        chance: accuracy of guessing.
        how: the class was read, such as `a vote of neighbours`.
    """
    if chance is None:
        return None
    numbers = (
        f"{how} names the class of {with_unit(reading.value, 'share')} of test images, "
        f"chance that of {with_unit(chance, 'share')}"
    )
    match order(reading, Reading("chance", chance, 0.0)):
        case "alike" | "lower":
            return f"In {reading.name}, nothing of the class can be read from z: {numbers}."
        case "higher":
            return f"In {reading.name}, some of the class is left in z: {numbers}."
        case _:
            return f"{reading.name}: from z, {numbers}."


def conditional_accuracy(
    reading: Reading, real: float | None, count: int | None, classifier: str
) -> str | None:
    """How often a classifier sees the class asked for, beside real images.

    Args:
        reading: the share.
        real: the same of real test images.
        count: of those images.
        classifier: such as `the reference classifier`.
    """
    share = with_unit(reading.value, "share")
    text = f"{classifier} sees the class asked for in {share} of the samples of {reading.name}"
    if real is None:
        return f"{text}."
    of_real = with_unit(real, "share")
    error = math.sqrt(real * (1 - real) / count) if count and 0 <= real <= 1 else None
    match order(reading, Reading("real images", real, error)):
        case "alike":
            return f"{text}, as in real test images ({of_real}), within two standard errors."
        case "lower":
            return f"{text}, less often than in real test images ({of_real})."
        case "higher":
            return f"{text}, more often than in real test images ({of_real})."
        case _:
            return f"{text}, and in {of_real} of real test images."


def hardest_classes(shares: Sequence[float], names: Sequence[str]) -> str | None:
    """Which class is least often seen as asked."""
    known = [(name, share) for name, share in zip(names, shares, strict=False) if share == share]
    if len(known) < 2 or len(shares) != len(names):
        return None
    least, most = min(share for _, share in known), max(share for _, share in known)
    if least == most:
        return f"Every class alike: {with_unit(least, 'share')}."
    hardest = listed(name for name, share in known if share == least)
    easiest = listed(name for name, share in known if share == most)
    return (
        f"Least often for {hardest}, {with_unit(least, 'share')}; most often for {easiest}, "
        f"{with_unit(most, 'share')}."
    )


def samples_between(reading: Reading, floor: float | None, baseline: float | None) -> str | None:
    """Where samples lie between real images and a Gaussian of pixels, by the FID proxy."""
    if floor is None or baseline is None or baseline <= floor:
        return None
    value = number(reading.value, "squared feature distance")
    real = number(floor, "squared feature distance")
    noise = number(baseline, "squared feature distance")
    share = (baseline - reading.value) / (baseline - floor)
    numbers = f"FID proxy {value}, real images {real}, a Gaussian of their pixels {noise}"
    if share <= 0:
        return f"Samples of {reading.name} are no nearer to real images than noise: {numbers}."
    if share >= 1:
        return f"Samples of {reading.name} are as near to test images as real ones: {numbers}."
    return (
        f"Samples of {reading.name} have gone {100 * share:.0f} % of the way from noise to real "
        f"images: {numbers}."
    )


def unfinished(courses: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], unit: str) -> str | None:
    """Where the validation loss was still falling at the end; silent where it was nowhere.

    Args:
        courses: names, and records of epochs.
        unit: of the loss.
    """
    falls = [(name, _last_fall(records)) for name, records in courses]
    told = [f"by {with_unit(fall, unit)} at {name}" for name, fall in falls if fall is not None]
    if not told:
        return None
    return f"The validation loss was still falling in the last epoch: {listed(told)}."


def _last_fall(records: Sequence[Mapping[str, Any]]) -> float | None:
    """By how much the validation loss fell in the last epoch, where that is more than a trace."""
    losses = [finite(record.get("selection_loss")) for record in records[-2:]]
    if len(losses) < 2:
        return None
    before, last = losses
    if before is None or last is None or before - last <= STILL_FALLING * abs(before):
        return None
    return before - last


def broken_off(name: str, step: str, reason: str) -> str:
    """A run of which there are no numbers."""
    where = f" at the step “{step}”" if step else ""
    why = f": {reason.rstrip('.')}" if reason else ""
    return f"At {name} there are no numbers; the run failed{where}{why}."


def repeated(name: str, quantity: str, unit: str, values: Sequence[float]) -> str | None:
    """Mean and spread over seeds."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return (
        f"{name}, {counted(len(values), 'seed')}: {quantity} {with_unit(mean, unit)} in the mean, "
        f"standard deviation {number(deviation, unit)}."
    )
