"""A run's losses over epochs, as charts and as a table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vaelab.report.charts import Chart, Series, draw, focus
from vaelab.report.formatting import finite, number, plain
from vaelab.report.stored_runs import StoredRun

PANELS = {"reconstruction": "Reconstruction", "kl": "KL", "negative_elbo": "Total"}
SPLITS = {"train": ("training", "tone-train"), "validation": ("validation", "tone-validation")}
COURSES = {"kl_weight": "KL weight", "learning_rate": "Learning rate"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Curves:
    """What is shown of a run's training.

    Attributes:
        charts: drawn ones.
        constants: what stayed as it was, in words.
        best_epoch: by validation loss; None if unknown.
        heads: of the table.
        rows: an epoch each.
        seconds: that training took; None if unknown.
        images_per_second: in the mean; None if unknown.
    """

    charts: list[dict[str, Any]]
    constants: list[str]
    best_epoch: int | None
    heads: list[str]
    rows: list[list[str]]
    seconds: float | None
    images_per_second: float | None


def curves(run: StoredRun) -> Curves | None:
    """The run's curves; None before its first epoch."""
    if not run.records:
        return None
    best = best_epoch(run)
    shown = [name for name in PANELS if _is_there(run, name)]
    charts = [_panel(run, name, best) for name in shown]
    constants = []
    for name, label in COURSES.items():
        values = {
            value for record in run.records if (value := finite(record.get(name))) is not None
        }
        if len(values) > 1:
            charts.append(_course(run, name, label))
        elif values and (name != "kl_weight" or run.is_vae):
            constants.append(f"{label} {plain(values.pop())} throughout")
    return Curves(
        charts=[drawn for drawn in charts if drawn is not None],
        constants=constants,
        best_epoch=best,
        heads=[
            "Epoch",
            *(f"{PANELS[name]}, {SPLITS[split][0]}" for name in shown for split in SPLITS),
            *COURSES.values(),
            "Seconds",
        ],
        rows=[
            [
                str(record["epoch"]),
                *(
                    number(_term(record, split, name), run.unit)
                    for name in shown
                    for split in SPLITS
                ),
                *(_plain(record.get(name)) for name in COURSES),
                number(finite(record.get("seconds")), "dB"),
            ]
            for record in run.records
        ],
        seconds=_sum(run, "seconds"),
        images_per_second=_mean(run, "images_per_second"),
    )


def best_epoch(run: StoredRun) -> int | None:
    """The epoch with the lowest validation loss, whose weights are kept."""
    losses = [(finite(record.get("selection_loss")), record["epoch"]) for record in run.records]
    known = [(loss, epoch) for loss, epoch in losses if loss is not None]
    return int(min(known)[1]) if known else None


def validation(run: StoredRun, name: str) -> list[tuple[float, float]]:
    """A validation loss by epoch."""
    return _points(run, "validation", name)


def _panel(run: StoredRun, name: str, best: int | None) -> dict[str, Any] | None:
    rows = {split: _points(run, split, name) for split in SPLITS}
    floor = _floor(run) if name == "reconstruction" else None
    ranges = [[y for _, y in points] for points in rows.values() if points]
    return draw(
        Chart(
            slug=f"curve-{name.replace('_', '-')}",
            title=PANELS[name],
            x_label="epoch",
            y_label=f"{run.unit} per image",
            unit=run.unit,
            series=[
                Series(label=SPLITS[split][0], points=points, tone=SPLITS[split][1])
                for split, points in rows.items()
            ],
            level=None if floor is None else (floor, f"floor {number(floor, run.unit)}"),
            mark=None if best is None else (float(best), f"best epoch: {best}"),
            has_whole_steps=True,
            limits=focus(ranges) if len(ranges) > 1 else None,
        )
    )


def _course(run: StoredRun, name: str, label: str) -> dict[str, Any] | None:
    points = [
        (float(record["epoch"]), value)
        for record in run.records
        if (value := finite(record.get(name))) is not None
    ]
    return draw(
        Chart(
            slug=f"course-{name.replace('_', '-')}",
            title=label,
            x_label="epoch",
            y_label="",
            series=[Series(label=label, points=points, tone="tone-muted")],
            has_whole_steps=True,
        )
    )


def _is_there(run: StoredRun, name: str) -> bool:
    """Whether the term has a course; an autoencoder's KL is 0, and its total says nothing new."""
    if not run.is_vae and name != "reconstruction":
        return False
    return any(_points(run, split, name) for split in SPLITS)


def _points(run: StoredRun, split: str, name: str) -> list[tuple[float, float]]:
    return [
        (float(record["epoch"]), value)
        for record in run.records
        if (value := _term(record, split, name)) is not None
    ]


def _term(record: Mapping[str, Any], split: str, name: str) -> float | None:
    terms = record.get(split)
    return finite(terms.get(name)) if isinstance(terms, Mapping) else None


def _floor(run: StoredRun) -> float | None:
    return next(
        (
            floor
            for record in reversed(run.records)
            if (floor := _term(record, "validation", "reconstruction_floor")) is not None
        ),
        None,
    )


def _plain(value: Any) -> str:
    found = finite(value)
    return "" if found is None else plain(found)


def _sum(run: StoredRun, name: str) -> float | None:
    values = [finite(record.get(name)) for record in run.records]
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def _mean(run: StoredRun, name: str) -> float | None:
    total = _sum(run, name)
    return None if total is None else total / len(run.records)
