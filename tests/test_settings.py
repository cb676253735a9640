"""Configurations: round trips, settings from the command line, and errors that name the nearest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaelab import settings
from vaelab.config import Config, NetworkConfig, TrainingConfig
from vaelab.errors import InputError
from vaelab.models.conditioning import ConcatConfig
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.networks.config import ConvConfig, MlpConfig
from vaelab.models.priors.config import MixtureConfig
from vaelab.objectives.config import ElboConfig
from vaelab.presets import PRESETS, describe, preset


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_json(name: str) -> None:
    config = preset(name)
    assert config.preset == name
    written = json.dumps(settings.to_dict(config))
    read = settings.from_dict(json.loads(written), Config)
    assert read == config
    # To the letter, because runs are known by what is written: 10 and 10.0 would be two runs.
    assert json.dumps(settings.to_dict(read)) == written


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_written_as_settings(name: str) -> None:
    written = dict(settings.describe_fields(preset(name)))
    assert settings.with_settings(preset("conv-vae"), written) == preset(name)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_says_in_a_line_what_it_is(name: str) -> None:
    assert 20 < len(describe(PRESETS[name])) < 80


@given(
    epochs=st.integers(1, 10**6),
    rate=st.floats(1e-12, 1e6),
    beta=st.floats(0, 1e6),
    clip=st.none() | st.floats(1e-6, 1e6),
    components=st.integers(1, 1000),
)
def test_round_trip_of_any_values(
    epochs: int, rate: float, beta: float, clip: float | None, components: int
) -> None:
    config = Config(
        preset="mine",
        model=VaeConfig(prior=MixtureConfig(components=components)),
        objective=ElboConfig(beta=beta),
        training=TrainingConfig(epochs=epochs, learning_rate=rate, gradient_clip_norm=clip),
    )
    assert settings.from_dict(json.loads(json.dumps(settings.to_dict(config))), Config) == config


def test_settings_reach_every_kind_of_field() -> None:
    config = settings.with_settings(
        preset("mlp-vae"),
        {
            "training.epochs": "3",
            "training.learning_rate": "1e-2",
            "training.gradient_clip_norm": "5",
            "model.prior.components": "7",
            "model.prior": "mixture",
            "model.network.widths": "32,16",
            "model.conditioning": "concat",
            "data.train_count": "100",
        },
    )
    assert config.training.epochs == 3
    assert config.training.learning_rate == 0.01
    assert config.training.gradient_clip_norm == 5.0
    assert isinstance(config.model, VaeConfig)
    assert config.model.prior == MixtureConfig(components=7)
    assert config.model.network == MlpConfig(widths=(32, 16))
    assert config.model.conditioning == ConcatConfig()
    assert config.data.train_count == 100
    assert settings.with_settings(config, {"data.train_count": "none"}).data.train_count is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("training.epoch", "3", "did you mean 'epochs'"),
        ("trainin.epochs", "3", "did you mean 'training'"),
        ("model.network", "convv", "did you mean 'conv'"),
        ("model.network.channels", "8", "unknown field of model.network 'channels'"),
        ("training.epochs", "three", "training.epochs takes int, found 'three'"),
        ("training.learning_rate", "nan", "training.learning_rate takes float, found nan"),
        ("training.learning_rate", "inf", "takes float"),
        ("data.binarize", "maybe", "data.binarize takes bool, found 'maybe'"),
        ("training", "3", "training is a group"),
        ("seed.x", "3", "seed has no fields inside it"),
        ("training.epochs", "0", "training.epochs must be at least 1"),
        ("training.batch_size", "-1", "training.batch_size must be at least 1"),
        ("training.ema_decay", "1.5", "training.ema_decay must lie in (0, 1)"),
        ("objective.beta", "-1", "objective.beta must not be negative"),
        ("model.network.widths", "0", "model.network.widths must be at least 1"),
        ("model.prior", "mixtur", "did you mean 'mixture'"),
    ],
)
def test_invalid_settings_are_refused(field: str, value: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        settings.with_settings(preset("mlp-vae"), {field: value})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "schema version 99"),
        ({"sede": 1}, "did you mean 'seed'"),
        ({"seed": "1.5"}, "seed takes int"),
        ({"seed": True}, "seed takes int"),
        ({"model": 3}, "model takes a group of fields"),
        ({"training": {"epochs": 2.5}}, "training.epochs takes int"),
    ],
)
def test_invalid_files_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        settings.from_dict({**settings.to_dict(preset("mlp-vae")), **change}, Config)
    assert message in str(caught.value)


def test_differences_name_the_fields() -> None:
    mine = preset("mlp-vae")
    other = settings.with_settings(mine, {"training.epochs": "3", "seed": "4"})
    assert settings.differences(mine, other) == ["seed: 0 / 4", "training.epochs: 10 / 3"]


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'conv-vae'"):
        preset("conv-vea")


# From the sources: kind, latent size, network, beta, epochs, batch size, learning rate.
SOURCES: dict[str, tuple[str, int, NetworkConfig, float | None, int, int, float]] = {
    "mlp-vae": ("vae", 10, MlpConfig(widths=(400,)), 1.0, 10, 128, 1e-3),
    "mlp-vae-2d": ("vae", 2, MlpConfig(widths=(400,)), 1.0, 10, 128, 1e-3),
    "autoencoder": ("autoencoder", 10, MlpConfig(widths=(400,)), None, 10, 128, 1e-3),
    "conv-vae": ("vae", 12, ConvConfig(channels=(32, 64)), 1.0, 30, 128, 1e-3),
    "conv-vae-warmup": ("vae", 32, ConvConfig(channels=(32, 64)), 1.0, 30, 128, 1e-3),
    "beta-vae": ("vae", 10, MlpConfig(widths=(400,)), 4.0, 10, 128, 1e-3),
    "cvae": ("vae", 10, MlpConfig(widths=(400,)), 1.0, 10, 128, 1e-3),
    "cvae-2d": ("vae", 2, MlpConfig(widths=(400,)), 1.0, 10, 128, 1e-3),
}


@pytest.mark.parametrize("name", SOURCES)
def test_presets_have_the_settings_of_their_sources(name: str) -> None:
    config = preset(name)
    fields = dict(settings.describe_fields(config))
    kind, latent_size, network, beta, epochs, batch_size, rate = SOURCES[name]
    assert config.model.kind == kind
    assert fields["model.latent_size"] == str(latent_size)
    assert getattr(config.model, "network", None) == network
    assert fields.get("objective.beta") == (None if beta is None else str(beta))
    training = config.training
    assert (training.epochs, training.batch_size) == (epochs, batch_size)
    assert training.learning_rate == rate
    assert (training.optimizer, training.schedule) == ("adam", "constant")
    assert fields["model.likelihood.kind"] == "bernoulli"
    conditioning = "concat" if name.startswith("cvae") else "none"
    assert fields["model.conditioning.kind"] == conditioning
    assert config.data.validation_fraction == 0.1


@pytest.mark.parametrize(
    ("settings_of", "message"),
    [
        ({"seed": "-1"}, "seed must lie"),
        ({"training.early_stopping_epochs": "0"}, "early_stopping_epochs must be at least 1"),
        ({"training.gradient_clip_norm": "0"}, "gradient_clip_norm must be above 0"),
        ({"model.likelihood": "autoregressive-bernoulli"}, "data.binarize must be true"),
        (
            {"model.likelihood": "logistic-mixture", "data.binarize": "true"},
            "data.binarize must be false",
        ),
        ({"training.ema_decay": "0"}, "ema_decay must lie"),
        ({"model.prior": "mixture", "model.prior.components": "0"}, "components must be at least"),
        (
            {"objective.kl_schedule": "warmup", "objective.kl_schedule.epochs": "0"},
            "epochs must be above 0",
        ),
        (
            {"objective.kl_schedule": "cyclical", "objective.kl_schedule.cycles": "0"},
            "cycles must be at least 1",
        ),
        (
            {"objective.kl_schedule": "cyclical", "objective.kl_schedule.rising_fraction": "2"},
            "rising_fraction must lie in",
        ),
        (
            {"objective.kl_schedule": "capacity", "objective.kl_schedule.target_nats": "-1"},
            "target_nats must not be negative",
        ),
    ],
)
def test_settings_out_of_bounds_are_refused(settings_of: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        settings.with_settings(preset("mlp-vae"), settings_of)
