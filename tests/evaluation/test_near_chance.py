"""Numbers that rest on a classifier near chance say so wherever they are shown."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import noise_images, tiny
from vaelab.comparison import FORMATS, compare
from vaelab.data import Dataset, ImageData
from vaelab.evaluation import METRICS, Results, evaluate
from vaelab.evaluation.near_chance import caveat
from vaelab.loaded_run import LoadedRun
from vaelab.report import build_site
from vaelab.training import fit

# The numbers that rest on a reference classifier.
RESTING = {spec.name for metric in METRICS.values() for spec in metric.specs if spec.features}


def labels(*counts: int) -> torch.Tensor:
    return torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))


def predicted(true: torch.Tensor, right: int) -> torch.Tensor:
    """Predictions of which so many are right, spread over the classes."""
    found = true.clone()
    wrong = torch.randperm(len(true), generator=torch.Generator().manual_seed(0))[right:]
    found[wrong] = (found[wrong] + 1) % (int(true.max()) + 1)
    return found


@pytest.mark.parametrize(
    ("counts", "right", "is_near"),
    [
        ((5, 5), 5, True),
        ((5, 5), 8, True),  # chance gives 8 of 10 in one case of 18
        ((5, 5), 10, False),
        ((500, 500), 540, True),  # clearly above chance, and still hardly better
        ((500, 500), 600, False),
        ((90, 10), 90, True),  # always the most frequent class
        ((90, 10), 99, False),
        ((10,) * 10, 12, True),
        ((10,) * 10, 30, False),
        ((1,) * 30, 2, True),
        ((7,), 7, True),  # one class: nothing to distinguish
    ],
)
def test_what_is_near_chance(counts: tuple[int, ...], right: int, is_near: bool) -> None:
    true = labels(*counts)
    assert bool(caveat("net", predicted(true, right), true)) == is_near


def test_the_caveat_has_its_numbers() -> None:
    true = labels(600, 600)
    assert caveat("plain on mine", predicted(true, 610), true) == (
        "plain on mine is near chance on these data: it is right on 610 of 1,200 test images, and "
        "always predicting the most frequent class would be right on 600"
    )


def separable(count: int) -> Dataset:
    """Two classes, dark and bright."""
    truth = np.arange(count) % 2
    draws = np.random.default_rng(0).integers(0, 60, (count, 1, 9, 9))
    images = (draws + 150 * truth[:, None, None, None]).astype(np.uint8)
    data = ImageData(name="shades", images=images, labels=truth, class_names=("dark", "bright"))
    return Dataset(train=data, test=data.first(60), source="shades")


def noise(count: int) -> Dataset:
    train = noise_images(count, (1, 9, 9), classes=2)
    # Other images, so that the classifier cannot have learned them by heart.
    test = replace(train, images=255 - train.images).first(60)
    return Dataset(train=train, test=test, source="noise")


def evaluated(dataset: Dataset, folder: Path) -> tuple[LoadedRun, Results]:
    run = fit(tiny("cvae", training__epochs="1"), folder, dataset=dataset, show_progress=False)
    loaded = LoadedRun(run, dataset=dataset)
    return loaded, evaluate(loaded, metrics=("losses", "frechet", "conditional-accuracy"))


def test_a_classifier_that_works_has_no_caveat(tmp_path: Path) -> None:
    loaded, results = evaluated(separable(400), tmp_path / "run")
    assert not any(value.caveat for value in results.values())
    assert "[1]" not in repr(results)
    assert "caveat" not in FORMATS["csv"](compare([loaded]).tables)


def test_numbers_of_a_classifier_near_chance_say_so_everywhere(tmp_path: Path) -> None:
    loaded, results = evaluated(noise(300), tmp_path / "cvae")
    resting = RESTING & results.keys()
    assert {"fid_proxy", "conditional_accuracy"} <= resting
    for name, value in results.items():
        assert ("near chance" in value.caveat) == (name in resting), name
    fid = results["fid_proxy"].caveat
    # In the table of an evaluation, in text and in a notebook.
    for shown in (repr(results), results._repr_html_(), loaded._repr_html_()):
        assert f"[1] {fid}" in shown
    (line,) = (line for line in repr(results).splitlines() if " fid_proxy" in line)
    assert "[1]" in line
    # In comparisons, where such numbers are not ranked.
    tables = compare([loaded, replace(loaded)]).tables
    assert tables[0].best("fid_proxy") is None
    assert f"[1] {fid}" in FORMATS["table"](tables)
    assert "near chance" in FORMATS["markdown"](tables)
    assert ",fid_proxy_caveat" in FORMATS["csv"](tables).splitlines()[0]
    assert fid in FORMATS["csv"](tables)
    (table,) = json.loads(FORMATS["json"](tables))
    assert table["rows"][0]["metrics"]["fid_proxy"]["caveat"] == fid
    # In the report: tables, sentences and the page of the run.
    build_site(tmp_path)
    pages = {path.name: path.read_text() for path in (tmp_path / "site").rglob("*.html")}
    for page in ("index.html", "conditional.html", "metrics.html", "cvae.html"):
        assert fid.split(",")[0] in pages[page], page
    assert "(classifier near chance)" in pages["conditional.html"]
    assert "(classifier near chance)" in pages["cvae.html"]
