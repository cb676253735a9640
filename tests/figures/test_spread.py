"""What figures say of the spread between seeds, and of values that they cut off."""

from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
from matplotlib.collections import LineCollection, PolyCollection

from tests.conftest import tiny
from tests.report.stored_runs import record
from vaelab.data import Dataset
from vaelab.evaluation import evaluate
from vaelab.figures.curves import draw_curves
from vaelab.figures.sweeps import draw_rate_distortion, draw_sweep_kl
from vaelab.loaded_run import LoadedRun
from vaelab.runs import Run
from vaelab.training import fit


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory, wardrobe: Dataset) -> list[LoadedRun]:
    """Two values of beta with two seeds each."""
    folder: Path = tmp_path_factory.mktemp("repeated")
    runs = []
    for beta in ("1", "4"):
        for seed in ("0", "1"):
            config = tiny("mlp-vae", objective__beta=beta, seed=seed, training__epochs="1")
            path = folder / f"beta-{beta}-seed-{seed}"
            run = fit(config, path, dataset=wardrobe, show_progress=False)
            runs.append(LoadedRun(run, dataset=wardrobe))
            evaluate(runs[-1], metrics=("losses",))
    return runs


def test_rate_and_distortion_have_the_spread_over_seeds(repeated: list[LoadedRun]) -> None:
    drawn = draw_rate_distortion(repeated)
    (axes,) = drawn.figure.axes
    bars = [each for each in axes.collections if isinstance(each, LineCollection)]
    values = [run.read_evaluation()["metrics"]["reconstruction"]["value"] for run in repeated[:2]]
    vertical = bars[1].get_segments()[0][:, 1]
    assert vertical == pytest.approx(
        [mean(values) - stdev(values), mean(values) + stdev(values)], rel=1e-6
    )
    assert "means over seeds ± one standard deviation" in drawn.detail


def test_the_kl_has_a_band_for_each_value(repeated: list[LoadedRun]) -> None:
    drawn = draw_sweep_kl(repeated)
    (axes,) = drawn.figure.axes
    assert len([each for each in axes.collections if isinstance(each, PolyCollection)]) == 2
    assert "bands of ± one standard deviation" in drawn.detail
    (axes,) = draw_sweep_kl(repeated[::2]).figure.axes
    assert not [each for each in axes.collections if isinstance(each, PolyCollection)]


def test_a_first_training_loss_that_is_cut_off_is_stated(
    trained: Any, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = LoadedRun(trained["mlp-vae"], dataset=wardrobe)
    records = [record(epoch, 240.0 + 20.0 / epoch) for epoch in (1, 2, 3)]
    monkeypatch.setattr(Run, "read_metrics", lambda _: records)
    assert "above the range" not in draw_curves(loaded).detail
    records[0]["train"]["negative_elbo"] = 500.0
    drawn = draw_curves(loaded)
    assert "above the range, training in epoch 1: Negative ELBO 500.00" in drawn.detail
    assert drawn.figure.axes[0].get_ylim()[1] < 500
