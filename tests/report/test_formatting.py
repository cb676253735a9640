import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaelab.report.formatting import (
    counted,
    listed,
    number,
    plain,
    slugs,
    source_in_words,
    with_unit,
    without_paths,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (244.4697, "nats", "244.47"),
        (244.4697, "nats, k = 20", "244.47"),
        (0.8266, "share", "82.7"),
        (-4.5e-05, "squared kernel distance", "\u22120.00005"),
        (-0.001, "nats", "0.00"),
        (0.0, "squared grey level in [0, 1]", "0"),
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


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("IDX files in /data/fashion-mnist", "IDX files"),
        ("IDX files in /home/me/my own data/x", "IDX files"),
        ("CSV files in C:\\Users\\me\\data", "CSV files"),
        ("image files in ~/pictures", "image files"),
        ("image files in garments", "image files in garments"),
        ("drawn by vaelab", "drawn by vaelab"),
        (
            "downloaded from https://example.org/a/b.gz",
            "downloaded from https://example.org/a/b.gz",
        ),
    ],
)
def test_a_source_names_no_place_on_the_machine(source: str, words: str) -> None:
    assert source_in_words(source) == words


def test_paths_in_errors_become_names() -> None:
    text = "/srv/x/study/rate-1/config.json: training.epochs must be at least 1 (see a/b.txt)"
    assert without_paths(text) == "config.json: training.epochs must be at least 1 (see a/b.txt)"
    assert without_paths("vaelab study quick --data '/srv/my.npz'") == (
        "vaelab study quick --data 'my.npz'"
    )


def test_names_become_slugs() -> None:
    names = ["mlp-vae", "MLP vae", "mlp_vae", "<script>alert(1)</script>", "a\"b'c", "裙子", "ü"]
    assert slugs(names) == [
        "mlp-vae",
        "mlp-vae-2",
        "mlp-vae-3",
        "script-alert-1-script",
        "a-b-c",
        "run",
        "run-2",
    ]


@given(st.lists(st.text(max_size=6)))
def test_slugs_are_safe_and_unique(names: list[str]) -> None:
    found = slugs(names)
    assert len(set(found)) == len(names)
    assert all(re.fullmatch("[a-z0-9-]+", slug) for slug in found)


def test_a_slug_that_is_taken_by_counting_is_passed_over() -> None:
    assert slugs(["a", "a 2", "A"]) == ["a", "a-2", "a-3"]
