import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaelab.report.charts import Chart, Series, drawable, range_without_first


def chart(points: list[tuple[float, float]], **changes: Any) -> Chart:
    fields = {"unit": "nats", "series": [Series(label="run", points=points)], **changes}
    return Chart(slug="c", title="KL", x_label="epoch", y_label="nats", **fields)


finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(finite, min_size=1, max_size=40), st.booleans(), finite)
def test_the_range_holds_every_value(values: list[float], has_bars: bool, floor: float) -> None:
    points = [(float(x), y) for x, y in enumerate(values, 1)]
    drawing = chart(points, has_bars=has_bars, floor=floor).drawing
    low, high = drawing["yRange"]
    assert low < high
    assert all(low <= y <= high for y in values)
    assert drawing["floor"] is None or low <= drawing["floor"][0] <= high
    json.dumps(drawing, allow_nan=False)


def test_every_value_has_a_name_and_a_text() -> None:
    drawing = chart([(1, 250.0), (2, 245.126)]).drawing
    assert drawing["names"] == ["epoch 1", "epoch 2"]
    assert drawing["series"][0]["text"] == ["250.00", "245.13"]


def test_the_description_states_first_and_last_values() -> None:
    description = chart([(1, 250.0), (2, 245.126)], floor=188.0).description
    assert description == (
        "KL, nats, by epoch. run: from 250.00 at epoch 1 to 245.13 at epoch 2. Floor 188.00."
    )


def test_the_table_has_a_row_for_each_x() -> None:
    series = [Series(label="a", points=[(1, 1.0)]), Series(label="b", points=[(1, 2.0), (2, 3.0)])]
    assert chart([], series=series).rows == [["epoch 1", "1.00", "2.00"], ["epoch 2", "", "3.00"]]


def test_shares_are_drawn_in_percent() -> None:
    found = chart([(0.5, 0.5), (1.5, 0.008)], has_bars=True, has_log_y=True, unit="share")
    assert found.drawing["series"][0]["y"] == [50.0, 0.8]
    assert found.drawing["yRange"] == [0.1, 100.0]
    assert found.value_unit == "%"


def test_a_near_floor_is_drawn_and_a_far_one_is_a_note() -> None:
    near = chart([(1, 200.0), (2, 195.0)], floor=193.0)
    far = chart([(1, 240.0), (2, 235.0)], floor=188.0)
    assert near.drawing["floor"] == [193.0, "floor 193.00"]
    assert near.floor_note == ""
    assert far.drawing["floor"] is None
    assert far.floor_note == "The floor 188.00 is below the range of this chart."


def test_empty_series_are_left_out() -> None:
    empty, full = Series(label="a", points=[]), Series(label="b", points=[(1, 1.0)])
    found = drawable(chart([], series=[empty, full]))
    assert found is not None
    assert [series.label for series in found.series] == ["b"]
    assert drawable(chart([], series=[empty])) is None


def test_a_high_first_training_loss_is_cut_off() -> None:
    found = range_without_first([[500.0, 245.0, 240.0], [250.0, 244.0, 241.0]])
    assert found is not None
    assert found[0] < 240 < 250 < found[1] < 500
    assert range_without_first([[252.0, 245.0, 240.0], [250.0, 244.0, 241.0]]) is None
    assert range_without_first([[500.0], [250.0]]) is None


def test_a_value_that_is_cut_off_is_stated() -> None:
    points = [(1, 500.0), (2, 245.0), (3, 240.0)]
    cut = chart(points, series=[Series(label="training", points=points)], y_range=(230.0, 260.0))
    assert cut.range_notes == [
        "Training at epoch 1 is 500.00\u00a0nats, above the range of this chart."
    ]
    assert chart(points).range_notes == []


def test_a_band_is_in_the_range_and_in_the_table() -> None:
    points = [(1, 240.0), (2, 230.0)]
    drawn = chart(points, series=[Series(label="run", points=points, deviations=[5.0, 0.0])])
    assert drawn.drawing["series"][0]["band"] == [[1, 235.0, 245.0], [2, 230.0, 230.0]]
    assert drawn.drawing["yRange"][1] > 245
    assert [row[1] for row in drawn.rows] == ["240.00 ± 5.00", "230.00"]
    assert "one standard deviation over seeds" in drawn.band_note
    assert chart(points).band_note == ""


@pytest.mark.parametrize("value", [math.pi, -3.0, 0.0])
def test_a_single_value_has_a_range(value: float) -> None:
    low, high = chart([(1, value)]).drawing["yRange"]
    assert low < value < high


def test_rounding_errors_do_not_fill_the_range() -> None:
    low, high = chart([(1, 237.749490), (2, 237.749491)]).drawing["yRange"]
    assert high - low > 10
