"""A page of the site, and helpers that several pages share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vaelab.comparison import CONDITIONS, StoredNumber
from vaelab.formatting import counted, listed
from vaelab.report.findings import pairs
from vaelab.report.findings.measurement import Measurement
from vaelab.report.stored_results import StoredResults, StoredRun

T = TypeVar("T")

# The most runs that a sentence lists.
MOST_LISTED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of the site.

    Attributes:
        file: its path in the site.
        template: that renders it.
        title: of the page.
        menu: its entry in the navigation; empty without one.
        content: the variables of the template.
        findings: sentences about the results.
        topic: what it is about, a phrase for the overview; empty without one.
        has_charts: whether it needs the script that draws charts.
    """

    file: str
    template: str
    title: str
    menu: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    topic: str = ""
    has_charts: bool = False


def without_none(items: Iterable[T | None]) -> list[T]:
    """The items that are not None."""
    return [item for item in items if item is not None]


def names_of(runs: Iterable[StoredRun]) -> list[str]:
    """The names of runs."""
    return [run.name for run in runs]


def measurement(results: StoredResults, metric: str) -> Measurement:
    """The value of a metric that the results have."""
    result = results.metrics[metric]
    return Measurement(
        results.name,
        result["value"],
        result["standard_error"],
        result["unit"],
        result["caveat"],
        stored=StoredNumber(metric, result, results.folder, results.values_fingerprint),
    )


def difference(metric: str, first: StoredRun, second: StoredRun) -> str | None:
    """Which of two runs is better by a metric; None if they cannot be compared by it."""
    mine, other = first.metrics.get(metric), second.metrics.get(metric)
    if mine is None or other is None or mine["direction"] is None:
        return None
    if any(mine[key] != other[key] for key in CONDITIONS):
        return None
    return pairs.difference(
        mine["label"], measurement(first, metric), measurement(second, metric), mine["direction"]
    )


def different_epochs(runs: Sequence[StoredRun]) -> str | None:
    """A note if runs were trained for different numbers of epochs."""
    epochs = [run.config.training.epochs for run in runs]
    if len(set(epochs)) == 1:
        return None
    if len(runs) > MOST_LISTED:
        return f"The runs were trained for {min(epochs)} to {max(epochs)} epochs."
    each = [
        f"{run.name} for {counted(count, 'epoch')}" for run, count in zip(runs, epochs, strict=True)
    ]
    return f"The runs were trained for different numbers of epochs: {listed(each)}."
