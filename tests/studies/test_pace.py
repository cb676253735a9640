"""Fewer epochs where a machine is slow: for all runs alike, measured once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import tiny
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.studies import pace
from vaelab.studies.builtin import quick
from vaelab.studies.study import Study
from vaelab.training import Hardware

CPU = Hardware(accelerator="cpu")


def study(seconds: float | None) -> Study:
    configs = {
        "one": tiny("mlp-vae", training__epochs="6"),
        "two": tiny("conv-vae", training__epochs="6"),
        "short": tiny("mlp-vae", training__epochs="1"),
    }
    return Study(
        name="small",
        configs=configs,
        runs_with_figures=(),
        comparisons={},
        training_seconds=seconds,
    )


def epochs(planned: Study) -> dict[str, int]:
    return {name: config.training.epochs for name, config in planned.configs.items()}


@pytest.mark.parametrize(
    ("needed", "expected"), [(50.0, 6), (100.0, 6), (150.0, 4), (201.0, 2), (1e6, 1)]
)
def test_all_runs_are_shortened_alike(
    needed: float, expected: int, tmp_path: Path, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "estimated_seconds", lambda *_: needed)
    shortened, factor = pace.at_pace(study(100.0), tmp_path, wardrobe, CPU)
    assert epochs(shortened) == {"one": expected, "two": expected, "short": 1}
    assert (factor < 1) == (needed > 100)


def test_the_factor_is_measured_once(
    tmp_path: Path, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = [200.0]
    monkeypatch.setattr(pace, "estimated_seconds", lambda *_: needed[0])
    first, _ = pace.at_pace(study(100.0), tmp_path, wardrobe, CPU)
    needed[0] = 1000.0
    again, _ = pace.at_pace(study(100.0), tmp_path, wardrobe, CPU)
    assert epochs(again) == epochs(first) == {"one": 3, "two": 3, "short": 1}
    assert json.loads((tmp_path / pace.FILE).read_text()) == {"epoch_factor": 0.5}


def test_a_study_of_runs_that_cannot_be_trained_is_not_shortened(
    tmp_path: Path, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "estimated_seconds", lambda *_: 0.0)
    assert pace.at_pace(study(100.0), tmp_path, wardrobe, CPU)[1] == 1


@pytest.mark.parametrize("content", ["{}", '{"epoch_factor": "half"}', '{"epoch_factor": 0}'])
def test_a_damaged_factor_is_reported(content: str, tmp_path: Path, wardrobe: Dataset) -> None:
    (tmp_path / pace.FILE).write_text(content)
    with pytest.raises(InputError, match=r"pace\.json: epoch_factor should be a number"):
        pace.at_pace(study(100.0), tmp_path, wardrobe, CPU)


def test_without_a_limit_nothing_is_measured(tmp_path: Path, wardrobe: Dataset) -> None:
    assert pace.at_pace(study(None), tmp_path, wardrobe, CPU) == (study(None), 1.0)
    assert not list(tmp_path.iterdir())


def test_the_estimate_is_that_of_the_machine(wardrobe: Dataset) -> None:
    """Proportional to epochs, and without seconds for a run that cannot be trained."""
    configs = {"one": tiny("mlp-vae", training__epochs="2")}
    twice = {"one": tiny("mlp-vae", training__epochs="200")}
    short, long = (pace.estimated_seconds(each, wardrobe, CPU) for each in (configs, twice))
    assert 20 * short < long
    unlabeled = replace(
        wardrobe,
        train=replace(wardrobe.train, labels=None, class_names=()),
        test=replace(wardrobe.test, labels=None, class_names=()),
    )
    assert pace.estimated_seconds({"cvae": tiny("cvae")}, unlabeled, CPU) == 0


def test_the_quick_study_compares_equals() -> None:
    """All runs have the same number of epochs, and no two are the same training."""
    planned = quick()
    assert len({config.training.epochs for config in planned.configs.values()}) == 1
    trainings = [replace(config, preset="") for config in planned.configs.values()]
    without_previews = [
        replace(each, training=replace(each.training, preview_every_epochs=0)) for each in trainings
    ]
    assert all(without_previews.count(each) == 1 for each in without_previews)
    betas = {
        getattr(planned.configs[name].objective, "beta", None)
        for name in planned.comparisons["rate-distortion"]
    }
    assert len(betas) >= 5
