"""Sentences about the training of a run, and about runs that differ in the seed."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from vaelab.formatting import counted, number, with_unit
from vaelab.report.formatting import finite
from vaelab.runs import summary

# The loss whose gap between training and validation is stated: the first of these that was stored.
GAP_LOSSES = {"negative_elbo": "negative ELBO", "reconstruction": "reconstruction"}


def best_epoch(name: str, records: Sequence[Mapping[str, Any]], unit: str) -> str | None:
    """The epoch with the lowest validation loss, and the gap between training and validation.

    Args:
        name: of the run.
        records: one for each epoch.
        unit: of the losses.
    """
    losses = [(int(each["epoch"]), finite(each.get("selection_loss"))) for each in records]
    known = [(epoch, loss) for epoch, loss in losses if loss is not None]
    if not known:
        return None
    if len(known) == 1:
        # A prior that is fitted at once has one record without training losses.
        return f"{name} was trained for one epoch." if records[0].get("train") else None
    best, lowest = min(known, key=lambda each: each[1])
    last, last_loss = known[-1]
    text = f"The validation loss of {name} is lowest at epoch {best} of {last}"
    if best == last:
        text += ", the last one: more epochs may lower it further"
    else:
        # Not every prior is fitted by its likelihood: flow matching minimizes a squared error.
        is_of_prior = "prior_loss" in (records[-1].get("validation") or {})
        higher = with_unit(last_loss - lowest, "" if is_of_prior else unit)
        text += f"; at the last epoch it is {higher} higher"
    return f"{text}.{_gap(records[-1], unit)}"


def divergence(name: str, records: Sequence[Mapping[str, Any]]) -> str | None:
    """That the training of a run diverged; None if it did not."""
    problem = summary.divergence(records)
    return f"{name}: {problem}." if problem else None


def _gap(record: Mapping[str, Any], unit: str) -> str:
    """The gap between training and validation of one epoch; empty if it is unknown."""
    for loss, label in GAP_LOSSES.items():
        validation, train = (
            finite(terms.get(loss)) if isinstance(terms, Mapping) else None
            for terms in (record.get("validation"), record.get("train"))
        )
        if validation is not None and train is not None:
            side = "above" if validation >= train else "below"
            return (
                f" In the last epoch, the validation {label} is "
                f"{with_unit(abs(validation - train), unit)} {side} the mean training {label}."
            )
    return ""


def seeds(names: str, metric: str, unit: str, values: Sequence[float]) -> str | None:
    """Mean and standard deviation of a metric over seeds.

    Args:
        names: of the runs.
        metric: its label inside a sentence.
        unit: of the values.
        values: one for each seed.
    """
    if len(values) < 2:
        return None
    return (
        f"{names} ({counted(len(values), 'seed')}): mean {metric} {with_unit(mean(values), unit)}, "
        f"standard deviation {number(stdev(values), unit)}."
    )
