"""Losses of trained runs against an independent computation, and how they are stored."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.conftest import ODD_DATA, odd_data, tiny
from vaelab.data import Dataset
from vaelab.data.summary import entropy_nats_per_image
from vaelab.data.wardrobe import draw
from vaelab.errors import InputError
from vaelab.evaluation import METRICS, evaluate
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.presets import PRESETS
from vaelab.randomness import generator
from vaelab.settings import with_settings
from vaelab.training import fit


@pytest.fixture
def loaded(trained: Any, wardrobe: Dataset) -> LoadedRun:
    return LoadedRun(trained["mlp-vae"], dataset=wardrobe)


def test_losses_agree_with_the_textbook_written_out(loaded: LoadedRun) -> None:
    results = evaluate(loaded, metrics=("losses",), seed=3)
    model, noise = loaded.model, generator(3, "evaluation")
    x = torch.from_numpy(loaded.data.test.images).float() / 255
    mean, log_variance = model.encoder(x, torch.empty(len(x), 0)).chunk(2, 1)
    z = mean + (0.5 * log_variance).exp() * torch.empty_like(mean).normal_(generator=noise)
    probability = torch.sigmoid(model.decoder(z))
    reconstruction = functional.binary_cross_entropy(probability, x, reduction="sum") / len(x)
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum() / len(x)
    assert results["reconstruction"].value == pytest.approx(reconstruction.item(), rel=1e-5)
    assert results["kl"].value == pytest.approx(kl.item(), rel=1e-5)
    assert results["negative_elbo"].value == pytest.approx((reconstruction + kl).item(), rel=1e-5)
    assert results["negative_elbo"].count == len(x)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_judged(name: str, trained: Any, wardrobe: Dataset) -> None:
    loaded = LoadedRun(trained[name], dataset=wardrobe)
    results = evaluate(loaded)
    stored = loaded.run.read_evaluation()["metrics"]
    assert {metric: stored[metric]["value"] for metric in stored} == {
        metric: result.value for metric, result in results.items()
    }
    for result in (
        results[name] for name in ("reconstruction", "negative_elbo") if name in results
    ):
        if loaded.config.data.binarize:
            assert result.floor is None  # a code may carry which pixels were drawn
        else:
            assert result.floor < min(result.value, result.baseline)
    assert all(math.isfinite(result.value) for result in results.values())
    if loaded.model.prior is None:
        assert not {"kl", "negative_elbo", "active_units"} & results.keys()


def test_the_floor_is_the_entropy_of_the_test_images(loaded: LoadedRun) -> None:
    floor = evaluate(loaded, metrics=("losses",))["reconstruction"].floor
    assert floor == pytest.approx(entropy_nats_per_image(loaded.data.test), rel=1e-6)


def test_the_same_seed_gives_the_same_numbers(loaded: LoadedRun) -> None:
    one, same, other = (
        evaluate(loaded, metrics=("losses",), seed=seed)["negative_elbo"].value
        for seed in (0, 0, 1)
    )
    assert one == same != other


def test_a_run_judges_only_by_the_images_that_it_was_trained_beside(trained: Any) -> None:
    run = trained["mlp-vae"]
    assert len(load_run(run.path).data.test) == 120
    card = replace(run.data, test_fingerprint="of something else")
    with pytest.raises(InputError, match="was trained on other test images"):
        evaluate(LoadedRun(replace(run, data=card)))


@pytest.mark.parametrize("kind", ODD_DATA)
def test_odd_data_is_judged_by_what_is_defined_on_it(kind: str, tmp_path: Path) -> None:
    dataset = odd_data(kind)
    name = "cvae" if dataset.train.labels is not None else "mlp-vae"
    run = fit(tiny(name, training__epochs="1"), tmp_path / "run", dataset=dataset)
    results = evaluate(LoadedRun(run, dataset=dataset))
    assert all(math.isfinite(result.value) for result in results.values())
    assert ("fid_proxy" in results) == (kind != "one test image")
    assert ("conditional_accuracy" in results) == (name == "cvae")


def test_the_protocol_page_names_every_metric_and_number() -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text()
    for name, metric in METRICS.items():
        assert f"`{name}`" in page, name
        for measure in metric.measures:
            assert f"`{measure}`" in page, measure


def test_metrics_taken_later_stand_beside_those_before(loaded: LoadedRun) -> None:
    evaluate(loaded, metrics=("losses",))
    evaluate(loaded, metrics=("image-quality",))
    stored = loaded.run.read_evaluation()["metrics"]
    assert {"negative_elbo", "ssim"} <= stored.keys()


def test_what_is_not_defined_is_refused_plainly(trained: Any, wardrobe: Dataset) -> None:
    plain = LoadedRun(trained["mlp-vae"], dataset=wardrobe)
    autoencoder = LoadedRun(trained["autoencoder"], dataset=wardrobe)
    for loaded, name, reason in (
        (plain, "conditional-accuracy", "no class was asked for"),
        (plain, "disentanglement", "1,000 test images"),
        (plain, "bits", "none of 8-bit data"),
        (plain, "exemplar", "train exemplar-vae"),
        (plain, "label-leakage", "not conditional"),
        (autoencoder, "frechet", "no prior to sample from"),
        (autoencoder, "importance", "no prior"),
        (autoencoder, "information", "an autoencoder has none"),
    ):
        with pytest.raises(InputError, match=f"metric '{name}' is not defined here.*{reason}"):
            evaluate(loaded, metrics=(name,))
    with pytest.raises(InputError, match="did you mean 'frechet'"):
        evaluate(plain, metrics=("freche",))
    with pytest.raises(InputError, match="did you mean 'exemplar'"):
        evaluate(plain, protocol="exemplr")
    with pytest.raises(InputError, match="must be at least 1, found 0"):
        evaluate(plain, sample_count=0)


def test_drawn_images_without_their_factors_have_no_disentanglement(
    trained: Any, wardrobe: Dataset
) -> None:
    blind = replace(wardrobe, test=replace(wardrobe.test, factors=None))
    with pytest.raises(InputError, match="only drawn data such as wardrobe has them"):
        evaluate(LoadedRun(trained["mlp-vae"], dataset=blind), metrics=("disentanglement",))


def test_disentanglement_of_a_run_on_drawn_images(trained: Any, wardrobe: Dataset) -> None:
    many = replace(wardrobe, test=draw(1000, seed=3))
    results = evaluate(LoadedRun(trained["mlp-vae"], dataset=many), metrics=("disentanglement",))
    assert len(results) == 6
    for result in results.values():
        assert 0 <= result.value <= 1
        assert result.floor == 1
        assert result.baseline < 0.25
    assert results["dci_informativeness"].value > results["dci_informativeness"].baseline


@pytest.mark.parametrize("k", [1, 7])
def test_the_importance_weighted_bound_of_a_run(k: int, loaded: LoadedRun) -> None:
    results = evaluate(loaded, metrics=("importance",), importance_samples=k)
    bound, total = results["negative_log_likelihood"], results["negative_elbo_many_draws"]
    assert bound.unit == f"nats, k = {k}"
    assert bound.value == pytest.approx(total.value) if k == 1 else bound.value < total.value
    assert 1 <= results["effective_sample_size"].value <= k


def test_the_exemplar_protocol_binarizes_once(trained: Any, wardrobe: Dataset) -> None:
    loaded = LoadedRun(trained["exemplar-vae"], dataset=wardrobe)
    one, other = (
        evaluate(loaded, protocol="exemplar", importance_samples=3, seed=seed) for seed in (0, 1)
    )
    assert list(one) == ["exemplar_negative_log_likelihood"]
    (first,), (second,) = one.values(), other.values()
    assert first.value != second.value  # other draws of z
    assert first.value == pytest.approx(second.value, rel=0.02)  # of the same pixels


def test_bits_per_dimension_of_a_density(tmp_path: Path, wardrobe: Dataset) -> None:
    config = tiny("mlp-vae", model__likelihood="continuous-bernoulli")
    run = fit(config, tmp_path / "run", dataset=wardrobe, show_progress=False)
    loaded = LoadedRun(run, dataset=wardrobe)
    (bits,) = evaluate(loaded, metrics=("bits",), importance_samples=2).values()
    assert 0 < bits.value < 8  # even a second of training beats writing down every value
    assert bits.baseline == 8


@pytest.mark.real_data
def test_real_images_reconstructions_samples_and_noise_stand_in_this_order(
    tmp_path: Path,
) -> None:
    config = tiny("mlp-vae", data__name="fashion-mnist", data__test_count="2000")
    config = with_settings(
        config,
        {"data.train_count": "10000", "training.epochs": "4", "model.network.widths": "200"},
    )
    loaded = load_run(fit(config, tmp_path / "run", show_progress=False).path)
    results = evaluate(loaded, metrics=("frechet", "reconstruction-frechet"))
    samples, rebuilt = results["fid_proxy"], results["reconstruction_fid_proxy"]
    assert samples.floor < rebuilt.value < samples.value < samples.baseline
    assert samples.floor < 0.1 * rebuilt.value


@pytest.mark.real_data
def test_floor_of_the_real_test_images(tmp_path: Any) -> None:
    config = tiny("mlp-vae", data__name="fashion-mnist", data__test_count="none")
    run = fit(config, tmp_path / "run", show_progress=False)
    results = evaluate(load_run(run.path), metrics=("losses",))
    assert results["reconstruction"].floor == pytest.approx(189.858, abs=1e-3)
    assert results["negative_elbo"].count == 10_000
    assert np.isfinite(results["negative_elbo"].value)
