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
from vaelab.models.contract import TermsRequest
from vaelab.models.gaussian.model import GaussianVae
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import generator
from vaelab.runs import Run, open_run, read_tensors
from vaelab.training import fit
from vaelab.training.derived import fit_prior


def derive(parent: Run, prior: str, out: Path, dataset: Dataset, **changes: str) -> Run:
    settings = {name.replace("__", "."): value for name, value in changes.items()}
    return fit_prior(parent, prior, out, changes=settings, dataset=dataset, show_progress=False)


SMALL = {"model__prior__layers": "1", "training__epochs": "2"}
NARROW = {**SMALL, "model__prior__width": "16"}
FEW = {"model__prior__components": "3"}
CASES: dict[str, tuple[str, str, dict[str, str]]] = {
    "gmm of a VAE": ("mlp-vae", "gmm", FEW),
    "gmm of an autoencoder": ("autoencoder", "gmm", FEW),
    "gmm of a two-level VAE": ("hierarchical-vae", "gmm", FEW),
    "gmm of a ladder VAE": ("ladder-vae", "gmm", FEW),
    "gmm of a conditional VAE": ("cvae", "gmm", FEW),
    "standard normal prior of an autoencoder": ("autoencoder", "standard-normal", {}),
    "mixture of an autoencoder": ("autoencoder", "mixture", {**FEW, "training__epochs": "2"}),
    "flow of a VAE": ("mlp-vae", "flow", NARROW),
    "flow of an autoencoder": ("autoencoder", "flow", NARROW),
    "VampPrior of a VAE": ("mlp-vae", "vamp", {**FEW, "training__epochs": "2"}),
    "class Gaussians of a VAE": ("cvae", "class-gaussian", {"training__epochs": "2"}),
    "flow matching of a VAE": ("mlp-vae", "flow-matching", NARROW),
    "flow matching of an autoencoder": ("autoencoder", "flow-matching", NARROW),
    "flow matching of a two-level VAE": ("hierarchical-vae", "flow-matching", NARROW),
    "flow matching of a conditional VAE": ("cvae", "flow-matching", NARROW),
    "autoregressive prior of a ladder VAE": ("ladder-vae", "autoregressive", NARROW),
    "autoregressive prior of a conditional VAE": ("cvae", "autoregressive", NARROW),
    "autoregressive prior of a VQ-VAE": (
        "vq-vae",
        "autoregressive",
        {**SMALL, "model__prior__channels": "8"},
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
    assert run.capabilities.has_prior
    options = SamplingOptions(temperature=0.5)
    assert load_run(run.path).sample(3, options=options).shape == (3, 1, 28, 28)
    assert run.is_finished()
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


def test_the_loss_of_a_fitted_prior_falls(
    trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset
) -> None:
    changes = {**NARROW, "training__epochs": "12", "training__batch_size": "32"}
    run = derive(trained["autoencoder"], "flow-matching", tmp_path / "run", wardrobe, **changes)
    losses = [record["validation"]["prior_loss"] for record in run.read_metrics()]
    assert min(losses) < 0.97 * losses[0]
    assert {"prior_loss"} == set(run.read_metrics()[0]["train"])


def test_the_loss_of_a_prior_with_a_density_is_the_kl_without_the_entropy(
    trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset
) -> None:
    run = derive(trained["mlp-vae"], "flow", tmp_path / "run", wardrobe, **NARROW)
    model, x = load_run(run.path).model, torch.from_numpy(wardrobe.test.images[:50]) / 255
    terms = model(x, None, generator(0), TermsRequest(prior_alone=True))
    z = terms.z.flat()
    torch.testing.assert_close(terms.prior_loss, -model.prior_log_prob(z))
    assert terms.kl == {}
    assert terms.reconstruction.isnan().all()


def test_no_image_is_decoded_while_a_prior_is_fitted(
    trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder is evaluated in validation and for previews, which are in evaluation mode."""
    decoded = []

    def of_model(self: GaussianVae, *arguments: Any) -> Any:
        terms = elbo(self, *arguments)
        decoded.append(self.training)
        return terms

    elbo = GaussianVae.elbo
    monkeypatch.setattr(GaussianVae, "elbo", of_model)
    derive(trained["mlp-vae"], "flow", tmp_path / "run", wardrobe, **NARROW)
    assert decoded
    assert not any(decoded)


@pytest.mark.parametrize(
    ("preset", "settings", "message"),
    [
        ("mlp-vae", {"model__prior": "gmm"}, "is fitted to the codes of a trained model"),
        ("cvae", {"model__prior": "flow-matching"}, "is fitted to the codes of a trained model"),
        ("autoencoder", {"model__prior": "flow"}, "run vaelab fit-prior RUN --prior NAME"),
        ("flow-vae", {"objective": "prior-loss"}, "the prior of a derived run alone"),
    ],
)
def test_what_can_only_be_fitted_is_not_trained_with_the_model(
    preset: str, settings: dict[str, str], message: str, tmp_path: Path, wardrobe: Dataset
) -> None:
    with pytest.raises(InputError, match=message):
        fit(tiny(preset, **settings), tmp_path / "run", dataset=wardrobe, show_progress=False)
    assert not (tmp_path / "run").exists()


def test_solver_steps_need_a_solver(
    trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset
) -> None:
    run = derive(trained["mlp-vae"], "flow-matching", tmp_path / "run", wardrobe, **NARROW)
    options = SamplingOptions(solver_steps=2)
    with pytest.raises(InputError, match="the prior of this VAE has no solver"):
        load_run(trained["mlp-vae"].path).sample(2, options=options)
    two, ten = (load_run(run.path).sample(2, options=each) for each in (options, AS_FITTED))
    assert not torch.equal(two, ten)


class Interrupting:
    def on_step(self) -> None:
        pass

    def on_epoch(self, record: dict[str, Any], model: object) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("prior", ["flow", "flow-matching"])
def test_a_derived_run_resumes_bit_identically_without_its_parent(
    prior: str, trained: TrainedRuns, tmp_path: Path, wardrobe: Dataset
) -> None:
    changes = {"training__epochs": "3", "model__prior__layers": "2", "model__prior__width": "8"}
    parent = tmp_path / "parent"
    shutil.copytree(trained["mlp-vae"].path, parent)
    whole = derive(open_run(parent), prior, tmp_path / "whole", wardrobe, **changes)
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
        ("autoencoder", "vamp", "is made of posteriors, which an autoencoder has not"),
        ("mlp-vae", "class-gaussian", "class-gaussian needs a conditional model"),
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
