"""Losses of trained runs against an independent computation, and how they are stored."""

import json
import math
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.conftest import tiny
from vaelab.comparison import group_by_data, read_rows, render
from vaelab.data import Dataset
from vaelab.data.summary import entropy_nats_per_image
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.presets import PRESETS
from vaelab.randomness import generator
from vaelab.runs import open_run
from vaelab.training import fit


@pytest.fixture
def loaded(trained: Any, wardrobe: Dataset) -> LoadedRun:
    return LoadedRun(trained["mlp-vae"], dataset=wardrobe)


def test_losses_agree_with_the_textbook_written_out(loaded: LoadedRun) -> None:
    results = evaluate(loaded, seed=3)
    model, noise = loaded.model, generator(3, "evaluation")
    x = torch.from_numpy(loaded.data.test.images).float() / 255
    mean, log_variance = model.encoder(x, torch.empty(len(x), 0)).chunk(2, 1)
    z = mean + (0.5 * log_variance).exp() * torch.empty_like(mean).normal_(generator=noise)
    probability = torch.sigmoid(model.decoder(z))
    reconstruction = functional.binary_cross_entropy(probability, x, reduction="sum") / len(x)
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum() / len(x)
    assert results["reconstruction"].value == pytest.approx(reconstruction.item(), rel=1e-5)
    assert results["kl"].value == pytest.approx(kl.item(), rel=1e-5)
    assert results["total"].value == pytest.approx((reconstruction + kl).item(), rel=1e-5)
    assert results["total"].count == len(x)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_judged(name: str, trained: Any, wardrobe: Dataset) -> None:
    loaded = LoadedRun(trained[name], dataset=wardrobe)
    results = evaluate(loaded)
    stored = loaded.run.read_evaluation()["metrics"]
    assert {metric: stored[metric]["value"] for metric in stored} == {
        metric: result.value for metric, result in results.items()
    }
    assert results["reconstruction"].value > results["reconstruction_floor"].value
    assert all(math.isfinite(result.value) for result in results.values())
    if loaded.model.prior is None:
        assert results["kl"].value == 0
        assert "active_units" not in results


def test_the_floor_is_the_entropy_of_the_test_images(loaded: LoadedRun) -> None:
    floor = evaluate(loaded)["reconstruction_floor"].value
    assert floor == pytest.approx(entropy_nats_per_image(loaded.data.test), rel=1e-6)


def test_the_same_seed_gives_the_same_numbers(loaded: LoadedRun) -> None:
    one, same, other = (evaluate(loaded, seed=seed)["total"].value for seed in (0, 0, 1))
    assert one == same != other


def test_a_run_judges_only_by_the_images_that_it_was_trained_beside(trained: Any) -> None:
    run = trained["mlp-vae"]
    assert len(load_run(run.path).data.test) == 120
    card = replace(run.data, test_fingerprint="of something else")
    with pytest.raises(InputError, match="was trained on other test images"):
        evaluate(LoadedRun(replace(run, data=card)))


@pytest.fixture
def rows(trained: Any, wardrobe: Dataset) -> Any:
    runs = [trained[name] for name in ("mlp-vae", "autoencoder")]
    for run in runs:
        evaluate(LoadedRun(run, dataset=wardrobe))
    return [read_rows(group) for group in group_by_data(runs)]


def test_comparison_forms(rows: Any) -> None:
    records = json.loads(render(rows, "json"))
    assert [record["run"] for record in records] == ["mlp-vae", "autoencoder"]
    value = f"{records[0]['total']:.2f}"
    table = render(rows, "table")
    assert value in table
    assert "floor of any reconstruction" in table
    assert "120 test images" in table
    markdown = render(rows, "markdown")
    assert markdown.startswith("| run | preset | reconstruction (nats) |")
    assert value in markdown
    lines = render(rows, "csv").splitlines()
    assert lines[0].startswith("run,preset,data,unit,reconstruction,kl,total")
    assert len(lines) == 3
    assert lines[1].split(",")[6] == repr(records[0]["total"])
    with pytest.raises(InputError, match="did you mean 'json'"):
        render(rows, "jsn")


def test_runs_of_other_units_are_kept_apart(rows: Any, trained: Any) -> None:
    run = trained["mlp-vae"]
    model = replace(run.config.model, likelihood="squared-error")
    other = replace(run, config=replace(run.config, model=model))
    assert [len(group) for group in group_by_data([run, other])] == [1, 1]


def test_a_run_without_evaluation_is_told(tmp_path: Any, trained: Any) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained["cvae"].path, copy)
    (copy / "evaluation.json").unlink(missing_ok=True)
    with pytest.raises(InputError, match="was not evaluated yet; run `vaelab evaluate"):
        read_rows([open_run(copy)])


@pytest.mark.real_data
def test_floor_of_the_real_test_images(tmp_path: Any) -> None:
    config = tiny("mlp-vae", data__name="fashion-mnist", data__test_count="none")
    run = fit(config, tmp_path / "run", show_progress=False)
    results = evaluate(load_run(run.path))
    assert results["reconstruction_floor"].value == pytest.approx(189.858, abs=1e-3)
    assert results["total"].count == 10_000
    assert np.isfinite(results["total"].value)
