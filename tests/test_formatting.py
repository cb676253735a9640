"""Numbers, counts, lists and tables as text."""

import math

import pytest

from vaelab.formatting import counted, listed, number, plain, setting, text_table, with_unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (244.4697, "nats", "244.47"),
        (244.4697, "nats, k = 20", "244.47"),
        (0.8266, "share", "82.7"),
        (-4.5e-05, "squared kernel distance", "\u22120.00005"),
        (-0.001, "nats", "0.00"),
        (0.0, "squared gray level in [0, 1]", "0"),
        (1234.5, "nats", "1,234.50"),
        (10.0, "dimensions", "10"),
        (2.31058, "of the straight way", "2.311"),
        (3.0, "something else", "3"),
        (None, "nats", ""),
        (math.nan, "nats", ""),
        (math.inf, "nats", ""),
    ],
)
def test_a_number_has_the_decimals_of_its_unit(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_settings_are_written_plainly() -> None:
    assert [plain(value) for value in (1.0, 0.0001, 0.25, 1e-7)] == [
        "1",
        "0.0001",
        "0.25",
        "1 \u00d7 10^-7",
    ]


def test_units_stand_in_sentences_where_they_are_words() -> None:
    assert with_unit(244.47, "nats") == "244.47\u00a0nats"
    assert with_unit(0.5, "share") == "50.0\u00a0%"
    assert with_unit(1.2, "squared feature distance") == "1.200"
    assert with_unit(math.nan, "nats") == ""


def test_counts_and_lists() -> None:
    assert counted(1, "run") == "1 run"
    assert counted(2, "class", "classes") == "2 classes"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_settings_that_are_no_numbers_stay_as_they_are() -> None:
    assert [setting(text) for text in ("0.00123456", "100000", "warmup", "32,64")] == [
        "0.001235",
        "100000",
        "warmup",
        "32,64",
    ]


def test_a_table_is_aligned_column_by_column() -> None:
    rows = [("run", "loss"), ("conv-vae", "240.56"), ("vae", "9.1")]
    assert text_table(rows, "lr").splitlines() == [
        "run         loss",
        "conv-vae  240.56",
        "vae          9.1",
    ]
