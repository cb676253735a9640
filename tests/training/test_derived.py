"""Derived runs: a prior fitted to the codes of a trained run."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import TrainedRuns, tiny
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.randomness import generator
from vaelab.runs import Run, open_run, read_tensors
from vaelab.training import fit
from vaelab.training.derived import fit_prior


def derive(parent: Run, prior: str, out: Path, dataset: Dataset, **changes: str) -> Run:
    settings = {name.replace("__", "."): value for name, value in changes.items()}
    return fit_prior(parent, prior, out, changes=settings, dataset=dataset, show_progress=False)


CASES = {
    "gmm of a VAE": ("mlp-vae", "gmm", {"model__prior__components": "3"}),
    "gmm of an autoencoder": ("autoencoder", "gmm", {"model__prior__components": "3"}),
    "gmm of a two-level VAE": ("hierarchical-vae", "gmm", {"model__prior__components": "3"}),
    "gmm of a ladder VAE": ("ladder-vae", "gmm", {"model__prior__components": "3"}),
    "flow of a VAE": ("mlp-vae", "flow", {"training__epochs": "2", "model__prior__layers": "2"}),
    "autoregressive prior of a VQ-VAE": (
        "vq-vae",
        "autoregressive",
        {"training__epochs": "2", "model__prior__channels": "8", "model__prior__layers": "1"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_only_the_prior_differs_from_the_parent(
    case: str, trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset
) -> None:
    preset, prior, changes = CASES[case]
    parent = trained[preset]
    run = derive(parent, prior, tmp_path / "derived", wardrobe, **changes)
    before, after = (read_tensors(each.weights) for each in (parent, run))
    kept = [name for name in before if not name.startswith("prior.")]
    assert all(torch.equal(before[name], after[name]) for name in kept)
    assert {name for name in after if name not in kept} == {
        name for name in after if name.startswith("prior.")
    }
    config = open_run(run.path).config
    assert config.parent is not None
    assert config.parent.weights_fingerprint == parent.weights_fingerprint()
    assert run.is_finished()
    assert run.capabilities.has_prior
    images = load_run(run.path).model.sample(3, generator(0, "samples"))
    assert images.shape == (3, 1, 28, 28)
    results = evaluate(LoadedRun(run, dataset=wardrobe), metrics=("losses",))
    assert ("negative_elbo" in results) == bool(run.capabilities.kl_levels)


def test_the_same_command_gives_the_same_weights_and_does_not_fit_twice(
    trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset
) -> None:
    runs = [derive(trained["mlp-vae"], "gmm", tmp_path / name, wardrobe) for name in ("a", "b")]
    assert runs[0].weights_fingerprint() == runs[1].weights_fingerprint()
    before = runs[0].weights.stat().st_mtime_ns
    derive(trained["mlp-vae"], "gmm", tmp_path / "a", wardrobe)
    assert runs[0].weights.stat().st_mtime_ns == before


class Interrupting:
    def on_step(self) -> None:
        pass

    def on_epoch(self, record: dict[str, Any], model: object) -> None:
        raise KeyboardInterrupt


def test_a_derived_run_resumes_bit_identically_without_its_parent(
    trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset
) -> None:
    changes = {"training__epochs": "3", "model__prior__layers": "2", "model__prior__width": "8"}
    parent = tmp_path / "parent"
    shutil.copytree(trained["mlp-vae"].path, parent)
    whole = derive(open_run(parent), "flow", tmp_path / "whole", wardrobe, **changes)
    with pytest.raises(KeyboardInterrupt):
        fit(
            whole.config,
            tmp_path / "parts",
            dataset=wardrobe,
            show_progress=False,
            observers=[Interrupting()],
        )
    shutil.rmtree(parent)
    parts = fit(whole.config, tmp_path / "parts", dataset=wardrobe, show_progress=False)
    assert parts.weights_fingerprint() == whole.weights_fingerprint()


def test_a_parent_that_was_trained_again_is_refused(
    trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset
) -> None:
    parent = tmp_path / "parent"
    shutil.copytree(trained["mlp-vae"].path, parent)
    config = derive(open_run(parent), "gmm", tmp_path / "one", wardrobe).config
    shutil.rmtree(parent)
    fit(tiny("mlp-vae", seed="1"), parent, dataset=wardrobe, show_progress=False)
    with pytest.raises(InputError, match="has other weights than"):
        fit(config, tmp_path / "two", dataset=wardrobe, show_progress=False)


@pytest.mark.parametrize(
    ("preset", "prior", "message"),
    [
        ("mlp-vae", "gmmm", "did you mean 'gmm'"),
        ("autoencoder", "flow", "autoencoder has not; fit model.prior=gmm"),
        ("vq-vae", "gmm", "unknown model.prior 'gmm'"),
    ],
)
def test_models_and_priors_that_do_not_fit_together_are_refused(
    preset: str,
    prior: str,
    message: str,
    trained: TrainedRuns,
    tmp_path: Path,
    wardrobe: Dataset,
) -> None:
    with pytest.raises(InputError, match=message):
        derive(trained[preset], prior, tmp_path / "derived", wardrobe)
    assert not (tmp_path / "derived").exists()
