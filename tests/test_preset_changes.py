"""The command of a configuration makes the same configuration again, with the fewest settings."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaelab.config import Config, ParentConfig
from vaelab.derived_settings import settings_with_prior
from vaelab.errors import InputError
from vaelab.preset_changes import (
    changes_from_preset,
    fit_prior_command,
    preset_label,
    train_command,
)
from vaelab.presets import PRESETS, preset
from vaelab.settings import with_settings


def changed(name: str, **settings: str) -> Config:
    return with_settings(preset(name), {k.replace("__", "."): v for k, v in settings.items()})


def again(config: Config) -> Config:
    """The configuration that the command trains."""
    words = shlex.split(train_command(config))
    assert words[:3] == ["vaelab", "train", config.preset]
    pairs = words[words.index("--set") + 1 :] if "--set" in words else []
    made = with_settings(preset(words[2]), dict(pair.split("=", 1) for pair in pairs))
    return replace(made, data=replace(made.data, name=config.data.name, path=config.data.path))


@pytest.mark.parametrize(
    "config",
    [
        *(factory() for factory in PRESETS.values()),
        changed("flagship", model__prior="standard-normal"),
        changed("mlp-vae", model__prior="mixture", model__prior__components="7"),
        changed("mlp-vae", model__network="conv", model__network__channels="8,16"),
        changed("conv-vae-warmup", objective__kl_schedule="cyclical"),
        changed("binary-vae", training__ema_decay="none", seed="7"),
    ],
    ids=lambda config: config.preset,
)
def test_the_command_trains_the_same_configuration(config: Config) -> None:
    assert again(config) == config


@given(
    beta=st.floats(0, 100, allow_nan=False),
    size=st.integers(1, 500),
    rate=st.floats(1e-9, 1e3, allow_nan=False),
)
def test_any_value_survives_the_command(beta: float, size: int, rate: float) -> None:
    config = changed(
        "mlp-vae",
        objective__beta=str(beta),
        model__latent_size=str(size),
        training__learning_rate=str(rate),
    )
    assert again(config) == config


def test_only_changes_are_set() -> None:
    assert changes_from_preset(preset("flagship")) == {}
    config = changed("mlp-vae", model__prior="mixture", objective__beta="4")
    assert changes_from_preset(config) == {"model.prior": "mixture", "objective.beta": "4.0"}
    assert train_command(preset("mlp-vae"), ["--out", "a b"]) == (
        "vaelab train mlp-vae --out 'a b'"
    )


def test_the_data_set_is_an_option() -> None:
    config = changed("mlp-vae", data__name="npz", data__path="mine.npz")
    assert train_command(config) == "vaelab train mlp-vae --data mine.npz"


def test_an_unknown_preset_is_an_error() -> None:
    with pytest.raises(InputError, match="unknown preset"):
        changes_from_preset(replace(preset("mlp-vae"), preset="of-another-version"))


def test_the_command_of_a_derived_run_has_the_settings_of_its_prior() -> None:
    parent = ParentConfig(run="../mlp-vae", weights_fingerprint="0")
    changes = {"model.prior.components": "7", "training.epochs": "3"}
    config = settings_with_prior(preset("mlp-vae"), "gmm", changes)
    derived = replace(config, parent=parent)
    assert (preset_label(config), preset_label(derived)) == ("mlp-vae", "mlp-vae + gmm")
    assert fit_prior_command(derived, "runs/mlp-vae", ["--out", "runs/gmm"]) == (
        "vaelab fit-prior runs/mlp-vae --prior gmm --set model.prior.components=7 "
        "training.epochs=3 --out runs/gmm"
    )
    as_usual = replace(settings_with_prior(preset("mlp-vae"), "flow", {}), parent=parent)
    assert fit_prior_command(as_usual, "runs/mlp-vae") == (
        "vaelab fit-prior runs/mlp-vae --prior flow"
    )
