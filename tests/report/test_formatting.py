import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaelab.report.formatting import (
    label_from_name,
    mid_sentence,
    unique_slugs,
    without_location,
    without_paths,
)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("negative_elbo", "Negative ELBO"),
        ("kl", "KL"),
        ("kl_weight", "KL weight"),
        ("total_correlation", "Total correlation"),
        ("mmd", "MMD"),
    ],
)
def test_labels_are_made_from_names(name: str, label: str) -> None:
    assert label_from_name(name) == label


def test_labels_lose_their_capital_inside_a_sentence() -> None:
    labels = ["Negative ELBO", "KL", "FID proxy", "Reconstruction", ""]
    assert [mid_sentence(label) for label in labels] == [
        "negative ELBO",
        "KL",
        "FID proxy",
        "reconstruction",
        "",
    ]


@pytest.mark.parametrize(
    ("source", "text"),
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
def test_sources_are_shown_without_local_paths(source: str, text: str) -> None:
    assert without_location(source) == text


def test_absolute_paths_in_errors_are_shortened() -> None:
    text = "/srv/x/study/rate-1/config.json: training.epochs must be at least 1 (see a/b.txt)"
    assert without_paths(text) == "config.json: training.epochs must be at least 1 (see a/b.txt)"
    assert without_paths("vaelab study quick --data '/srv/my.npz'") == (
        "vaelab study quick --data 'my.npz'"
    )


def test_names_become_slugs() -> None:
    names = ["mlp-vae", "MLP vae", "mlp_vae", "<script>alert(1)</script>", "a\"b'c", "裙子", "ü"]
    assert unique_slugs(names) == [
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
    found = unique_slugs(names)
    assert len(set(found)) == len(names)
    assert all(re.fullmatch("[a-z0-9-]+", slug) for slug in found)


def test_numbered_slugs_avoid_existing_names() -> None:
    assert unique_slugs(["a", "a 2", "A"]) == ["a", "a-2", "a-3"]
