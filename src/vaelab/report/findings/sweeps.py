"""Sentences about runs that differ in one setting."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from vaelab.comparison import Order
from vaelab.formatting import listed, with_unit
from vaelab.report.findings.measurement import Direction, Measurement, compared, order
from vaelab.report.formatting import finite

# A validation loss that decreases by more than this share in the last epoch was still decreasing.
STILL_DECREASING = 0.001

Trend = Literal["rises", "falls"]

_ORDER: dict[Trend, Order] = {"rises": "higher", "falls": "lower"}
_OPPOSITE: dict[Trend, Trend] = {"rises": "falls", "falls": "rises"}


def trend(metric: str, measurements: Sequence[Measurement], expected: Trend) -> str | None:
    """How a metric changes along a sweep, compared with the trend that theory predicts.

    Args:
        metric: its label inside a sentence.
        measurements: by rising value of the swept setting.
        expected: the predicted trend.
    """
    if len(measurements) < 3:
        return None
    first, last = measurements[0], measurements[-1]
    span = f"from {first.text} at {first.name} to {last.text} at {last.name}"
    steps: dict[Order, list[str]] = {"higher": [], "lower": [], "equal": [], "unknown": []}
    for before, after in itertools.pairwise(measurements):
        steps[order(after, before)].append(f"{before.name} to {after.name}")
    as_expected, count = len(steps[_ORDER[expected]]), len(measurements) - 1
    if as_expected == count:
        return f"The {metric} {expected} at every step, {span}, as expected."
    opposite = _OPPOSITE[expected]
    exceptions = []
    if steps[_ORDER[opposite]]:
        exceptions.append(f"it {opposite} from {listed(steps[_ORDER[opposite]])}")
    if steps["equal"]:
        exceptions.append(
            f"from {listed(steps['equal'])} it changes by less than two standard errors"
        )
    if steps["unknown"]:
        exceptions.append(
            f"from {listed(steps['unknown'])} the change is undetermined without standard errors"
        )
    return (
        f"The {metric} changes {span}. It {expected}, as expected, in {as_expected} of {count} "
        f"steps; {'; '.join(exceptions)}."
    )


def best(metric: str, measurements: Sequence[Measurement], better: Direction) -> str | None:
    """Which value of the setting has the best value of a metric.

    Args:
        metric: its label inside a sentence.
        measurements: one for each value of the setting.
        better: whether lower or higher values are better.
    """
    if len(measurements) < 2:
        return None
    first, *others = sorted(measurements, key=lambda each: each.value, reverse=better == "higher")
    superlative = _superlative(better)
    found = [(other, compared(first, other)) for other in others]
    # The best value must lead each of the others.
    other, difference = next((each for each in found if not each[1].is_clear), found[0])
    values = f"{first.name} ({first.text}) and {other.name} ({other.text})"
    match difference.order:
        case "equal":
            return (
                f"No value has a clearly {superlative} {metric}: {values} differ by "
                f"{difference.text} ({difference.short_basis}), less than two standard errors."
            )
        case "unknown":
            return (
                f"The {superlative} {metric} is not clear: without standard errors, the order of "
                f"{values} is undetermined."
            )
        case _:
            return (
                f"The {metric} is {superlative} at {first.name} ({first.text}), {difference.text} "
                f"{better} than at {other.name} ({difference.short_basis})."
            )


def best_at_the_edge(
    metric: str, measurements: Sequence[Measurement], better: Direction
) -> str | None:
    """A warning where the best value is at an end of the sweep; None elsewhere.

    Args:
        metric: its label inside a sentence.
        measurements: by rising value of the swept setting.
        better: whether lower or higher values are better.
    """
    if len(measurements) < 3:
        return None
    values = [each.value for each in measurements]
    place = values.index(min(values) if better == "lower" else max(values))
    if place not in (0, len(values) - 1):
        return None
    end, direction = ("smallest", "smaller") if place == 0 else ("largest", "larger")
    return (
        f"The {_superlative(better)} {metric} is at the {end} value tried, "
        f"{measurements[place].name}; a {direction} value may be better."
    )


def _superlative(better: Direction) -> str:
    return "lowest" if better == "lower" else "highest"


def still_decreasing(records: Mapping[str, Sequence[Mapping[str, Any]]], unit: str) -> str | None:
    """Which runs' validation loss was still decreasing in the last epoch.

    Args:
        records: of all epochs, by value of the setting.
        unit: of the loss.
    """
    decreases = {name: _last_decrease(epochs) for name, epochs in records.items()}
    found = [
        f"by {with_unit(decrease, unit)} at {name}"
        for name, decrease in decreases.items()
        if decrease is not None
    ]
    if not found:
        return None
    return f"The validation loss was still decreasing in the last epoch: {listed(found)}."


def _last_decrease(records: Sequence[Mapping[str, Any]]) -> float | None:
    losses = [finite(record.get("selection_loss")) for record in records[-2:]]
    if len(losses) < 2:
        return None
    before, last = losses
    if before is None or last is None or before - last <= STILL_DECREASING * abs(before):
        return None
    return before - last


def failed_value(name: str, step: str, reason: str) -> str:
    """A value of the setting whose run failed."""
    where = f" at the step “{step}”" if step else ""
    why = f": {reason.rstrip('.')}" if reason else ""
    return f"There are no results for {name}: the run failed{where}{why}."
