import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.stored_runs import config, stored
from vaelab.config import Config
from vaelab.presets import PRESETS, preset
from vaelab.report.settings_view import changes, settings_view
from vaelab.settings import with_settings


def again(run_config: Config) -> Config:
    """What the command that the page gives would train."""
    view = settings_view(stored(run_config, "a b"))
    words = shlex.split(view.commands[0])
    assert words[:3] == ["vaelab", "train", run_config.preset]
    assert words[-2:] == ["--out", "runs/a b"]
    pairs = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    return with_settings(preset(run_config.preset), dict(pair.split("=", 1) for pair in pairs))


@pytest.mark.parametrize(
    "made",
    [
        *(factory() for factory in PRESETS.values()),
        config("flagship", model__prior="standard-normal"),
        config("mlp-vae", model__prior="mixture", model__prior__components="7"),
        config("mlp-vae", model__network="conv", model__network__channels="8,16"),
        config("conv-vae-warmup", objective__kl_schedule="cyclical"),
        config("cvae", model__auxiliary_classifier="false", objective__auxiliary_weight="0"),
        config("exemplar-vae", training__ema_decay="none", seed="7"),
    ],
    ids=lambda made: made.preset,
)
def test_the_command_makes_the_same_run(made: Config) -> None:
    assert again(made) == made


@given(
    beta=st.floats(0, 100, allow_nan=False),
    size=st.integers(1, 500),
    rate=st.floats(1e-9, 1e3, allow_nan=False),
)
def test_any_value_survives_the_command(beta: float, size: int, rate: float) -> None:
    made = config(
        objective__beta=str(beta), model__latent_size=str(size), training__learning_rate=str(rate)
    )
    assert again(made) == made


def test_only_what_differs_is_set() -> None:
    made = config("mlp-vae", model__prior="mixture", objective__beta="4")
    assert changes(made, preset("mlp-vae")) == {"model.prior": "mixture", "objective.beta": "4.0"}
    view = settings_view(stored(config()))
    assert view.differing == []
    assert "--set" not in view.commands[0]


def test_own_data_is_named_without_its_place() -> None:
    made = config(data__name="npz", data__path="/home/me/my.npz")
    view = settings_view(stored(made))
    assert "--data my.npz" in view.commands[0]
    assert "/home" not in str(view)


def test_an_unknown_preset_has_no_command() -> None:
    view = settings_view(stored(replace(config(), preset="of-the-future")))
    assert view.commands == []
    assert view.settings
