import math
from dataclasses import replace
from typing import Any

import pytest

from tests.report.stored_runs import FALLING, config, record, stored
from vaelab.report.curves import Curves, curves


def curves_of(records: list[dict[str, Any]]) -> Curves | None:
    return curves(replace(stored(config()), records=records))


def titles(found: Curves | None) -> list[str]:
    assert found is not None
    return [chart.title for chart in found.charts]


def test_the_curves_of_a_run() -> None:
    found = curves_of(FALLING)
    assert titles(found) == ["Reconstruction", "KL", "Negative ELBO"]
    assert found is not None
    assert found.charts[0].floor == 188.0
    assert found.best_epoch == len(FALLING)
    assert found.constants == ["KL weight 1", "learning rate 0.001"]
    assert found.seconds == 24.0
    assert found.heads[:3] == ["Epoch", "Reconstruction, training", "Reconstruction, validation"]
    assert [row[0] for row in found.rows] == ["1", "2", "3", "4"]


def test_losses_of_any_name_are_drawn_after_the_usual_ones() -> None:
    losses = {"total_correlation": 3.0, "negative_elbo": 240.0, "reconstruction": 230.0}
    found = curves_of([record(epoch, 240.0, train=losses, validation=losses) for epoch in (1, 2)])
    assert titles(found) == ["Reconstruction", "Negative ELBO", "Total correlation"]


def test_a_loss_of_one_split_is_drawn() -> None:
    losses = {"reconstruction": 230.0}
    train = {**losses, "commitment": 0.5}
    found = curves_of([record(epoch, 230.0, train=train, validation=losses) for epoch in (1, 2)])
    assert titles(found) == ["Reconstruction", "Commitment"]
    assert found is not None
    assert [series.label for series in found.charts[1].series] == ["training"]


def test_schedules_that_change_are_drawn() -> None:
    schedules = [{"kl_weight": e / 4, "temperature": 0.1 / e, "momentum": 0.9} for e in (1, 2, 3)]
    found = curves_of([record(e, 250 - e, schedule=schedules[e - 1]) for e in (1, 2, 3)])
    assert titles(found)[3:] == ["KL weight", "Temperature"]
    assert found is not None
    assert found.constants == ["momentum 0.9"]


@pytest.mark.parametrize(
    "damaged",
    [
        {"epoch": 1},
        {"epoch": 1, "train": None, "validation": {"negative_elbo": math.nan}},
        {"epoch": 1, "selection_loss": "low", "schedule": 3},
    ],
)
def test_damaged_records_are_skipped(damaged: dict[str, Any]) -> None:
    found = curves_of([damaged])
    assert found is not None
    assert found.charts == []
    assert found.best_epoch is None


def test_there_are_no_curves_before_the_first_epoch() -> None:
    assert curves_of([]) is None


def test_one_epoch_is_a_table() -> None:
    found = curves_of(FALLING[:1])
    assert found is not None
    assert found.charts == []
    assert len(found.rows) == 1


def test_a_prior_that_is_fitted_at_once_has_no_training() -> None:
    found = curves_of([record(1, 240.0, train={}, schedule={})])
    assert found is not None
    assert not found.has_training
