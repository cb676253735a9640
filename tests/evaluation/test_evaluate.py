"""Evaluation of trained runs: losses against an independent computation, what is stored."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.conftest import ODD_DATA, noise_images, odd_data, tiny
from vaelab import register
from vaelab.data import Dataset
from vaelab.data.summary import entropy_nats_per_image
from vaelab.data.wardrobe import draw
from vaelab.errors import InputError
from vaelab.evaluation import (
    GROUPS,
    METRICS,
    Metric,
    MetricSpec,
    MetricValue,
    evaluate,
    evaluate_samples,
    metric_name,
)
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.frechet import feature_statistics, frechet_distance
from vaelab.features import FEATURES
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.needs import NEEDS
from vaelab.presets import PRESETS
from vaelab.randomness import generator
from vaelab.runs import PER_IMAGE, REPLICATES, DataCard, read_values, values_fingerprint
from vaelab.settings import with_settings
from vaelab.training import fit


@pytest.fixture
def loaded(trained: Any, wardrobe: Dataset) -> LoadedRun:
    return LoadedRun(trained["mlp-vae"], dataset=wardrobe)


def test_losses_agree_with_the_textbook_written_out(loaded: LoadedRun) -> None:
    results = evaluate(loaded, metrics=("losses",), seed=3)
    model, noise = loaded.model, generator(3, "evaluation")
    x = torch.from_numpy(loaded.data.test.images).float() / 255
    mean, log_variance = model.posterior(x)
    z = mean + (0.5 * log_variance).exp() * torch.empty_like(mean).normal_(generator=noise)
    probability = torch.sigmoid(model.decoder(z))
    reconstruction = functional.binary_cross_entropy(probability, x, reduction="sum") / len(x)
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum() / len(x)
    assert results["reconstruction"].value == pytest.approx(reconstruction.item(), rel=1e-5)
    assert results["kl"].value == pytest.approx(kl.item(), rel=1e-5)
    assert results["negative_elbo"].value == pytest.approx((reconstruction + kl).item(), rel=1e-5)
    assert results["negative_elbo"].count == len(x)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_evaluated(name: str, trained: Any, wardrobe: Dataset) -> None:
    loaded = LoadedRun(trained[name], dataset=wardrobe)
    results = evaluate(loaded)
    stored = loaded.run.read_evaluation()["metrics"]
    assert {metric: stored[metric]["value"] for metric in stored} == {
        metric: result.value for metric, result in results.items()
    }
    require_values_behind(loaded)
    for result in (
        results[name] for name in ("reconstruction", "negative_elbo") if name in results
    ):
        if loaded.config.data.binarize:
            assert result.floor is None  # a code may contain which pixels were drawn
        else:
            assert result.floor < min(result.value, result.baseline)
    assert all(math.isfinite(result.value) for result in results.values())
    capabilities = loaded.capabilities
    assert ("negative_elbo" in results) == bool(capabilities.kl_levels)
    assert ("active_units" in results) == capabilities.has_prior_moments
    assert ("fid_proxy" in results) == capabilities.has_prior
    if len(capabilities.kl_levels) > 1:
        by_level = [results[f"kl_{level}"].value for level in capabilities.kl_levels]
        assert sum(by_level) == pytest.approx(results["kl"].value)


def test_the_floor_is_the_entropy_of_the_test_images(loaded: LoadedRun) -> None:
    floor = evaluate(loaded, metrics=("losses",))["reconstruction"].floor
    assert floor == pytest.approx(entropy_nats_per_image(loaded.data.test), rel=1e-6)


def test_the_same_seed_gives_the_same_numbers(loaded: LoadedRun) -> None:
    one, same, other = (
        evaluate(loaded, metrics=("losses",), seed=seed)["negative_elbo"].value
        for seed in (0, 0, 1)
    )
    assert one == same != other


def test_a_run_is_evaluated_on_its_own_test_images_alone(trained: Any) -> None:
    run = trained["mlp-vae"]
    assert len(load_run(run.path).data.test) == 120
    card = replace(run.data, test_fingerprint="of something else")
    with pytest.raises(InputError, match="was trained on other test images"):
        evaluate(LoadedRun(replace(run, data=card)))


@pytest.mark.parametrize("kind", ODD_DATA)
def test_unusual_data_is_evaluated_by_the_metrics_that_it_allows(kind: str, tmp_path: Path) -> None:
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
        for number in metric.names:
            assert f"`{number}`" in page, number


def stored_values(loaded: LoadedRun) -> dict[str, torch.Tensor]:
    stored = loaded.run.read_evaluation()
    return read_values(loaded.run.path, values_fingerprint(stored))


def require_values_behind(loaded: LoadedRun) -> None:
    """Every number with a standard error rests on stored values, from which both follow."""
    metrics, values = loaded.run.read_evaluation()["metrics"], stored_values(loaded)
    known = {name: number for name, number in metrics.items() if number["standard_error"]}
    assert {name.partition(".")[2] for name in values} >= known.keys() > set()
    for name, number in known.items():
        error = number["standard_error"]
        if (of_images := values.get(f"{PER_IMAGE}{name}")) is not None:
            of_images = of_images.double()
            assert of_images.mean().item() == pytest.approx(number["value"], rel=1e-5, abs=1e-6)
            spread = of_images.std().item() / math.sqrt(len(of_images))
            assert spread == pytest.approx(error, rel=0.01)  # of proportions: N or N - 1
        else:
            replicates = values[f"{REPLICATES}{name}"].double()
            assert replicates.std().item() == pytest.approx(error, rel=1e-3)


def test_later_metrics_are_stored_with_earlier_ones(loaded: LoadedRun) -> None:
    evaluate(loaded, metrics=("losses",))
    before = stored_values(loaded)[f"{PER_IMAGE}negative_elbo"]
    evaluate(loaded, metrics=("image-quality",))
    stored = loaded.run.read_evaluation()["metrics"]
    assert {"negative_elbo", "ssim"} <= stored.keys()
    values = stored_values(loaded)
    assert torch.equal(values[f"{PER_IMAGE}negative_elbo"], before)
    assert len(values[f"{PER_IMAGE}ssim"]) == 120
    evaluate(loaded, metrics=("losses",), seed=1)
    assert not torch.equal(stored_values(loaded)[f"{PER_IMAGE}negative_elbo"], before)


def test_values_of_images_must_be_in_one_row(
    loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METRICS, "square", METRICS["losses"])
    register.metric("square", unit="")(
        lambda _context: MetricValue(value=1.0, count=2, per_image=torch.ones(2, 2))
    )
    with pytest.raises(InputError, match=r"square: values of images should be \(N,\)"):
        evaluate(loaded, metrics=("square",))


def test_a_named_metric_that_is_not_available_is_refused_with_the_reason(
    trained: Any, wardrobe: Dataset
) -> None:
    plain = LoadedRun(trained["mlp-vae"], dataset=wardrobe)
    autoencoder = LoadedRun(trained["autoencoder"], dataset=wardrobe)
    for loaded, name, reason in (
        (plain, "conditional-accuracy", "not generated for given classes"),
        (plain, "disentanglement", "1,000 test images, but there are 120"),
        (plain, "bits", "not one of 8-bit gray values"),
        (plain, "exemplar", "train binary-vae"),
        (plain, "label-leakage", "not conditional"),
        (autoencoder, "frechet", "no prior to sample from"),
        (autoencoder, "importance", "no prior"),
        (autoencoder, "information", "a prior, but the model has none"),
    ):
        with pytest.raises(InputError, match=f"metric '{name}' is not available here.*{reason}"):
            evaluate(loaded, metrics=(name,))
    with pytest.raises(InputError, match="did you mean 'frechet'"):
        evaluate(plain, metrics=("freche",))
    with pytest.raises(InputError, match="did you mean 'exemplar'"):
        evaluate(plain, protocol="exemplr")
    with pytest.raises(InputError, match="must be at least 1, found 0"):
        evaluate(plain, sample_count=0)


def test_images_without_known_factors_have_no_disentanglement(
    trained: Any, wardrobe: Dataset
) -> None:
    blind = replace(wardrobe, test=replace(wardrobe.test, factors=None))
    with pytest.raises(InputError, match="only generated data such as wardrobe has them"):
        evaluate(LoadedRun(trained["mlp-vae"], dataset=blind), metrics=("disentanglement",))


def test_disentanglement_of_a_run_on_images_with_known_factors(
    trained: Any, wardrobe: Dataset
) -> None:
    many = replace(wardrobe, test=draw(1000, seed=3))
    run = replace(trained["mlp-vae"], data=DataCard.of(many))
    results = evaluate(LoadedRun(run, dataset=many), metrics=("disentanglement",))
    assert len(results) == 6
    for result in results.values():
        assert 0 <= result.value <= 1
        assert result.floor == 1
        assert result.baseline < 0.25
    assert results["dci_informativeness"].value > results["dci_informativeness"].baseline


def test_metrics_that_are_not_available_are_left_out_with_the_reason(
    trained: Any, wardrobe: Dataset
) -> None:
    loaded = LoadedRun(trained["autoencoder"], dataset=wardrobe)
    results = evaluate(loaded)
    assert results.left_out["frechet"] == (
        "it needs samples, but the model has no prior to sample from"
    )
    assert "label-probe" not in results.left_out
    assert "  left out: bits, it needs a likelihood of gray values, but " in repr(results)
    assert loaded.run.read_evaluation()["left_out"] == results.left_out
    # Also single numbers of a metric.
    assert evaluate(loaded, metrics=("losses",)).left_out == {
        "kl": "it needs a prior, but the model has none",
        "negative_elbo": "it needs a prior, but the model has none",
        "active_units": "it needs prior moments, but the mean and variance of the prior are not "
        "known",
    }


def test_other_names_find_a_metric() -> None:
    assert metric_name("frechet") == metric_name("fid") == metric_name("fid_proxy") == "frechet"
    assert metric_name("negative_elbo") == "losses"
    for name, metric in METRICS.items():
        for other in (name, *metric.names):
            assert metric_name(other) == name
        assert not set(metric.aliases) & METRICS.keys()
    with pytest.raises(InputError, match="unknown metric 'fidd'; did you mean 'fid'"):
        metric_name("fidd")


def test_every_number_is_declared_once_and_described() -> None:
    specs = [spec for metric in METRICS.values() for spec in metric.specs]
    assert len({spec.name for spec in specs}) == len({spec.label for spec in specs}) == len(specs)
    for spec in specs:
        assert spec.group in GROUPS
        assert spec.meaning.endswith(".")
    for metric in METRICS.values():
        assert set(metric.needs) <= NEEDS.keys()


def test_stored_numbers_carry_their_declaration(loaded: LoadedRun) -> None:
    evaluate(loaded, metrics=("losses",), seed=3)
    stored = loaded.run.read_evaluation()["metrics"]["negative_elbo"]
    assert stored["label"] == "Negative ELBO"
    assert stored["group"] == "Likelihood"
    assert stored["direction"] == "lower"
    assert (stored["seed"], stored["split"], stored["features"]) == (3, "test", None)


def test_a_metric_of_the_users_own(loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "brightness", METRICS["losses"])  # removed after the test

    @register.metric("brightness", unit="gray level", meaning="Mean pixel.", needs=("samples",))
    def brightness(context: EvaluationContext) -> float:
        return context.samples.images.mean().item()

    value = evaluate(loaded, metrics=("brightness",))["brightness"]
    assert 0 < value.value < 1
    assert (value.label, value.group, value.count) == ("Brightness", "Other", 120)
    stored = loaded.run.read_evaluation()["metrics"]["brightness"]
    assert (stored["unit"], stored["meaning"]) == ("gray level", "Mean pixel.")
    samples = evaluate_samples(loaded.model.sample(120, generator(0)), data=loaded.data)
    assert "brightness" in samples


def test_a_value_brings_its_own_declaration_or_is_declared(
    loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = MetricSpec(name="even", label="Even", unit="nats", meaning="")

    def compute(_context: EvaluationContext) -> dict[str, MetricValue]:
        return {
            "even": MetricValue(value=2.0, count=1),
            "odd": MetricValue(value=3.0, count=1, spec=replace(spec, name="odd", label="Odd")),
        }

    monkeypatch.setitem(METRICS, "numbers", Metric((spec,), compute))
    assert [value.label for value in evaluate(loaded, metrics=("numbers",)).values()] == [
        "Even",
        "Odd",
    ]
    monkeypatch.setitem(METRICS, "numbers", Metric((replace(spec, name="other"),), compute))
    with pytest.raises(InputError, match="gives 'even', which it does not declare"):
        evaluate(loaded, metrics=("numbers",))


def test_a_value_that_is_not_finite_is_left_out(
    loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METRICS, "broken", METRICS["losses"])
    register.metric("broken", unit="nats")(lambda _context: math.inf)
    results = evaluate(loaded, metrics=("broken", "losses"))
    assert results.left_out == {"broken": "its value is NaN or infinite"}
    assert "broken" not in loaded.run.read_evaluation()["metrics"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("too few images"), "too few images"),
        (KeyError("gray"), "it failed with KeyError: 'gray'"),
        (ZeroDivisionError(), "it failed with ZeroDivisionError"),
    ],
)
def test_a_metric_that_fails_takes_no_other_with_it(
    error: Exception, reason: str, loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_context: EvaluationContext) -> float:
        raise error

    for name in [name for name in METRICS if name not in ("losses", "image-quality")]:
        monkeypatch.delitem(METRICS, name)
    monkeypatch.setitem(METRICS, "broken", METRICS["losses"])
    register.metric("broken", unit="nats")(fail)
    results = evaluate(loaded)
    assert results.left_out == {"broken": reason}
    assert {"negative_elbo", "ssim"} <= results.keys()
    assert f"  left out: broken, {reason}" in repr(results)
    # Named, it is an error, after the others are stored.
    loaded.run.write_evaluation({})
    with pytest.raises(type(error)):
        evaluate(loaded, metrics=("broken", "image-quality"))
    stored = loaded.run.read_evaluation()
    assert "ssim" in stored["metrics"]
    assert stored["left_out"] == {"broken": reason}


def test_features_that_cannot_be_computed_are_refused_at_once(loaded: LoadedRun) -> None:
    loaded.run.write_evaluation({})
    with pytest.raises(InputError, match="expected features of shape"):
        evaluate(loaded, features=lambda images: images)
    assert loaded.run.read_evaluation() == {}


@pytest.mark.parametrize("name", ["mlp-vae", "cvae", "conv-vae"])
def test_images_of_any_shape_and_number_of_channels(name: str, tmp_path: Path) -> None:
    tall = noise_images(40, (2, 20, 9), classes=3)
    dataset = Dataset(train=tall, test=tall, source="noise")
    run = fit(tiny(name, training__epochs="1"), tmp_path / "run", dataset=dataset)
    results = evaluate(LoadedRun(run, dataset=dataset))
    assert results["ssim"].unit == "of at most 1, window 11 x 9"
    assert {"fid_proxy", "negative_log_likelihood", "memorization_rate"} <= results.keys()
    assert ("conditional_accuracy" in results) == (name == "cvae")


def test_information_of_a_prior_that_depends_on_the_label(trained: Any, wardrobe: Dataset) -> None:
    loaded = LoadedRun(trained["class-prior-vae"], dataset=wardrobe)
    found = evaluate(loaded, metrics=("information",), seed=4)["aggregate_posterior_kl"].value
    posterior = loaded.posteriors(wardrobe.test)
    z = posterior.sample(generator(4, "latent information")).double()
    prior, labels = loaded.model.prior, torch.from_numpy(wardrobe.test.labels)
    of_classes = torch.distributions.Normal(
        prior.means.double(), (0.5 * prior.log_variances.double()).exp()
    )
    of_images = torch.distributions.Normal(
        posterior.mean.double(), (0.5 * posterior.log_variance.double()).exp()
    )
    log_shares = (labels.bincount(minlength=10) / len(labels)).double().log()
    log_prior = (of_classes.log_prob(z[:, None]).sum(2) + log_shares).logsumexp(1)
    log_marginal = of_images.log_prob(z[:, None]).sum(2).logsumexp(1) - math.log(len(z))
    assert found == pytest.approx((log_marginal - log_prior).mean().item(), abs=1e-4)


def test_a_registered_feature_extractor_is_found_by_name(
    loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FEATURES, "pixels", FEATURES["reference-classifier"])
    register.features("pixels")(lambda _dataset: lambda images: images.flatten(1))
    result = evaluate(loaded, metrics=("precision-recall",), features="pixels")["precision"]
    assert result.features_name == "pixels"


def test_results_become_a_data_frame(loaded: LoadedRun) -> None:
    results = evaluate(loaded, metrics=("losses",))
    frame = results.to_frame()
    assert list(frame.index) == list(results)
    assert frame.loc["kl", "value"] == results["kl"].value


def test_distances_are_computed_in_the_chosen_features(loaded: LoadedRun) -> None:
    def thumbnails(images: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(images, 7).flatten(1)

    names = ("frechet", "reconstruction-frechet", "kernel-distance", "smoothness")
    default = evaluate(loaded, metrics=names)
    own = evaluate(loaded, metrics=names, features=thumbnails)
    for number in own:
        assert own[number].features != default[number].features
        assert own[number].features_name == "thumbnails"
        assert own[number].value != default[number].value
        if "fid" in number:
            assert own[number].baseline != default[number].baseline
    real = thumbnails(torch.from_numpy(loaded.data.test.images).float() / 255)
    made = thumbnails(loaded.model.sample(120, generator(0, "samples")))
    expected = frechet_distance(feature_statistics(made), feature_statistics(real))
    assert own["fid_proxy"].value == pytest.approx(expected, rel=1e-6)


def test_conditional_accuracy_keeps_the_two_classifiers(trained: Any, wardrobe: Dataset) -> None:
    loaded = LoadedRun(trained["cvae"], dataset=wardrobe)
    results = evaluate(
        loaded, metrics=("conditional-accuracy",), features=lambda images: images.flatten(1)
    )
    first, second = results.values()
    assert None not in (first.features, second.features)
    assert first.features != second.features


@pytest.mark.parametrize("accelerator", ["gpu", "tpu"])
def test_an_accelerator_that_is_not_there_is_refused(
    accelerator: str, loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match=r"no GPU|unknown accelerator 'tpu'"):
        evaluate(loaded, metrics=("losses",), accelerator=accelerator)


@pytest.mark.parametrize("k", [1, 7])
def test_the_importance_weighted_bound_of_a_run(k: int, loaded: LoadedRun) -> None:
    results = evaluate(loaded, metrics=("importance",), importance_samples=k)
    bound, total = results["negative_log_likelihood"], results["negative_elbo_many_draws"]
    assert bound.unit == f"nats, k = {k}"
    assert bound.value == pytest.approx(total.value) if k == 1 else bound.value < total.value
    assert 1 <= results["effective_sample_size"].value <= k


def test_the_exemplar_protocol_binarizes_once(trained: Any, wardrobe: Dataset) -> None:
    loaded = LoadedRun(trained["binary-vae"], dataset=wardrobe)
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
    assert 0 < bits.value < 8  # even a second of training is better than 8 bits per value
    assert bits.baseline == 8


@pytest.mark.real_data
def test_fid_proxies_of_real_images_reconstructions_samples_and_noise_increase(
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
