import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.stored_runs import FALLING, config, record, stored
from vaelab.report.charts import FOOT, LEFT, RIGHT, TOP, WIDTH, Chart, Series, draw, focus
from vaelab.report.curves import curves


def drawn(points: list[tuple[float, float]], **changes: Any) -> dict[str, Any]:
    chart = Chart(
        slug="c",
        title="Total",
        x_label="epoch",
        y_label="nats",
        **{"unit": "nats", "series": [Series(label="run", points=points)], **changes},
    )
    found = draw(chart)
    assert found is not None
    return found


finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(finite, min_size=1, max_size=40), st.booleans(), finite)
def test_every_point_lies_in_the_frame(values: list[float], bars: bool, level: float) -> None:
    points = [(float(x), y) for x, y in enumerate(values, 1)]
    found = drawn(points, is_bars=bars, has_whole_steps=True, level=(level, "floor"))
    for x, y in zip(found["reading"]["x"], found["reading"]["series"][0]["y"], strict=True):
        assert LEFT - 0.01 <= x <= WIDTH - RIGHT + 0.01
        assert TOP - 0.01 <= y <= FOOT + 0.01
    assert all(height >= 0 for line in found["lines"] for _, _, height in line["bars"])
    assert 1 <= len(found["y_ticks"]) <= 12


def test_values_are_told_at_every_x() -> None:
    found = drawn([(1, 250.0), (2, 245.126)])
    assert found["reading"]["names"] == ["epoch 1", "epoch 2"]
    assert found["reading"]["series"][0]["values"] == ["250.00", "245.13"]
    assert "from 250.00 at epoch 1 to 245.13 at epoch 2" in found["description"]


def test_higher_values_stand_higher() -> None:
    first, second = drawn([(1, 250.0), (2, 240.0)])["reading"]["series"][0]["y"]
    assert first < second


def test_ratios_are_even_on_a_logarithmic_axis() -> None:
    found = drawn([(0.25, 1.0), (1, 2.0), (4, 3.0)], is_logarithmic=True)
    left, middle, right = found["reading"]["x"]
    assert middle - left == pytest.approx(right - middle, abs=0.02)
    assert [text for _, text in found["x_ticks"]] == ["0.25", "1", "4"]


def test_powers_of_ten_mark_a_logarithmic_height() -> None:
    found = drawn([(0.5, 0.5), (1.5, 0.008)], is_bars=True, is_logarithmic_y=True, unit="share")
    assert [text for _, text in found["y_ticks"]] == ["0.1", "1", "10", "100"]


def test_a_near_floor_is_drawn_and_a_far_one_is_told() -> None:
    near = drawn([(1, 200.0), (2, 195.0)], level=(193.0, "floor 193"))
    far = drawn([(1, 240.0), (2, 235.0)], level=(188.0, "floor 188"))
    assert near["level"]["outside"] == ""
    assert far["level"]["outside"] == "The floor 188 lies below the frame."


def test_lines_that_end_earlier_have_no_value_there() -> None:
    series = [Series(label="a", points=[(1, 1.0)]), Series(label="b", points=[(1, 2.0), (2, 3.0)])]
    found = drawn([], series=series)
    assert found["reading"]["series"][0]["values"] == ["1.00", ""]
    assert found["reading"]["series"][0]["y"][1] is None


def test_nothing_is_drawn_of_nothing() -> None:
    chart = Chart(slug="c", title="", x_label="", y_label="", series=[Series(label="", points=[])])
    assert draw(chart) is None


def test_a_first_training_loss_does_not_flatten_the_rest() -> None:
    assert focus([[500.0, 245.0, 240.0], [250.0, 244.0, 241.0]]) is not None
    assert focus([[252.0, 245.0, 240.0], [250.0, 244.0, 241.0]]) is None
    assert focus([[500.0], [250.0]]) is None


def test_the_curves_of_a_run() -> None:
    found = curves(stored(config()))
    assert found is not None
    assert [chart["chart"].title for chart in found.charts] == ["Reconstruction", "KL", "Total"]
    assert found.best_epoch == len(FALLING)
    assert found.constants == ["KL weight 1 throughout", "Learning rate 0.001 throughout"]
    assert found.seconds == 24.0
    assert len(found.rows) == len(FALLING)
    assert found.rows[0][0] == "1"


def with_records(name: str, records: list[dict[str, Any]]) -> Any:
    return curves(replace(stored(config(name)), records=records))


def test_an_autoencoder_has_one_curve() -> None:
    found = with_records("autoencoder", FALLING)
    assert [chart["chart"].title for chart in found.charts] == ["Reconstruction"]


def test_what_changes_while_training_is_drawn() -> None:
    records = [record(e, 250 - e, kl_weight=e / 4, learning_rate=0.1 / e) for e in (1, 2, 3)]
    found = with_records("mlp-vae", records)
    assert [chart["chart"].title for chart in found.charts][3:] == ["KL weight", "Learning rate"]
    assert found.constants == []


@pytest.mark.parametrize(
    "damaged",
    [
        {"epoch": 1},
        {"epoch": 1, "train": None, "validation": {"negative_elbo": math.nan}},
        {"epoch": 1, "selection_loss": "low"},
    ],
)
def test_damaged_records_are_passed_over(damaged: dict[str, Any]) -> None:
    found = with_records("mlp-vae", [damaged])
    assert found.charts == []
    assert found.best_epoch is None


def test_before_the_first_epoch_there_are_no_curves() -> None:
    assert with_records("mlp-vae", []) is None
