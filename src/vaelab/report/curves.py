"""The losses and schedules of a run by epoch, as charts and as a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vaelab.formatting import number, plain
from vaelab.report.charts import (
    NEUTRAL,
    TRAINING,
    VALIDATION,
    Chart,
    Series,
    drawable,
    range_without_first,
)
from vaelab.report.formatting import finite, label_from_name, mid_sentence
from vaelab.report.stored_results import StoredRun

# The first panels; any other stored loss follows in the order of the records.
FIRST_LOSSES = ("reconstruction", "kl", "negative_elbo")
SPLITS = {"train": ("training", TRAINING), "validation": ("validation", VALIDATION)}
SCHEDULE = "schedule"
FLOOR = "_floor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Curves:
    """What a page shows of a run's training.

    Attributes:
        charts: one for each loss and for each schedule.
        constants: the schedules that never changed, a phrase each.
        best_epoch: the epoch with the lowest validation loss; None if unknown.
        heads: of the table.
        rows: one for each epoch.
        has_training: whether training losses are known; not of a prior that is fitted at once.
        seconds: training time; None if unknown.
        images_per_second: mean over the epochs; None if unknown.
    """

    charts: list[Chart]
    constants: list[str]
    best_epoch: int | None
    heads: list[str]
    rows: list[list[str]]
    has_training: bool
    seconds: float | None
    images_per_second: float | None


def curves(run: StoredRun) -> Curves | None:
    """The curves of a run; None before its first epoch."""
    if not run.records:
        return None
    best = best_epoch(run.records)
    losses = _names(run.records, *SPLITS)
    schedules = _names(run.records, SCHEDULE)
    charts = [_loss_chart(run, name, best) for name in losses]
    constants = []
    for name in schedules:
        points = _points(run.records, SCHEDULE, name)
        if len({value for _, value in points}) > 1:
            charts.append(_schedule_chart(name, points))
        else:
            constants.append(f"{mid_sentence(label_from_name(name))} {plain(points[0][1])}")
    columns = [
        *((split, name) for name in losses for split in SPLITS),
        *((SCHEDULE, name) for name in schedules),
    ]
    return Curves(
        # One epoch is no curve; the table has its values.
        charts=[each for each in charts if each is not None] if len(run.records) > 1 else [],
        constants=constants,
        best_epoch=best,
        heads=["Epoch", *(_head(part, name) for part, name in columns), "Seconds"],
        rows=[
            [
                str(record["epoch"]),
                *(_cell(run, record, part, name) for part, name in columns),
                _seconds(record),
            ]
            for record in run.records
        ],
        has_training=any(_part(record, "train") for record in run.records),
        seconds=_sum(run.records, "seconds"),
        images_per_second=_mean(run.records, "images_per_second"),
    )


def best_epoch(records: Sequence[Mapping[str, Any]]) -> int | None:
    """The epoch with the lowest validation loss; None if no loss is known."""
    losses = [(finite(record.get("selection_loss")), record["epoch"]) for record in records]
    known = [(loss, epoch) for loss, epoch in losses if loss is not None]
    return int(min(known)[1]) if known else None


def validation_points(run: StoredRun, name: str) -> list[tuple[float, float]]:
    """A validation loss by epoch."""
    return _points(run.records, "validation", name)


def loss_unit(run: StoredRun, name: str) -> str:
    """The unit of a loss: that of the likelihood, or nats for the KL; other losses have none."""
    units = {"reconstruction": run.unit, "kl": "nats", "negative_elbo": run.unit}
    return units.get(name, "")


def _names(records: Sequence[Mapping[str, Any]], *parts: str) -> list[str]:
    """The names with a finite value in some part of some record."""
    found = {
        name: None
        for record in records
        for part in parts
        for name, value in _part(record, part).items()
        if finite(value) is not None and not name.endswith(FLOOR)
    }
    first = [name for name in FIRST_LOSSES if name in found]
    return [*first, *(name for name in found if name not in first)]


def _loss_chart(run: StoredRun, name: str, best: int | None) -> Chart | None:
    points = {split: _points(run.records, split, name) for split in SPLITS}
    values = [[y for _, y in each] for each in points.values() if each]
    floors = _points(run.records, "validation", name + FLOOR)
    unit = loss_unit(run, name)
    return drawable(
        Chart(
            slug=f"curve-{name.replace('_', '-')}",
            title=label_from_name(name),
            x_label="epoch",
            y_label=f"{unit} per image" if unit else "",
            unit=unit,
            series=[
                Series(label=label, points=points[split], color=color)
                for split, (label, color) in SPLITS.items()
            ],
            floor=floors[-1][1] if floors else None,
            best=None if best is None else (float(best), f"best epoch: {best}"),
            y_range=range_without_first(values) if len(values) > 1 else None,
        )
    )


def _schedule_chart(name: str, points: Sequence[tuple[float, float]]) -> Chart:
    label = label_from_name(name)
    return Chart(
        slug=f"schedule-{name.replace('_', '-')}",
        title=label,
        x_label="epoch",
        y_label="",
        series=[Series(label=label, points=points, color=NEUTRAL)],
    )


def _head(part: str, name: str) -> str:
    label = label_from_name(name)
    return f"{label}, {SPLITS[part][0]}" if part in SPLITS else label


def _cell(run: StoredRun, record: Mapping[str, Any], part: str, name: str) -> str:
    value = finite(_part(record, part).get(name))
    if part in SPLITS:
        return number(value, loss_unit(run, name))
    return "" if value is None else plain(value)


def _seconds(record: Mapping[str, Any]) -> str:
    value = finite(record.get("seconds"))
    return "" if value is None else f"{value:.2f}"


def _points(
    records: Sequence[Mapping[str, Any]], part: str, name: str
) -> list[tuple[float, float]]:
    return [
        (float(record["epoch"]), value)
        for record in records
        if (value := finite(_part(record, part).get(name))) is not None
    ]


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _sum(records: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [value for record in records if (value := finite(record.get(name))) is not None]
    return math.fsum(values) if values else None


def _mean(records: Sequence[Mapping[str, Any]], name: str) -> float | None:
    total = _sum(records, name)
    return None if total is None else total / len(records)
