from dataclasses import replace

import pytest

from tests.report.stored_runs import config, stored
from vaelab.config import ParentConfig
from vaelab.models.capabilities import Level
from vaelab.report.model_names import describe_latents, describe_model


@pytest.mark.parametrize(
    ("preset", "description"),
    [
        (
            "mlp-vae",
            "VAE, fully connected networks, 10 latent dimensions, standard normal prior",
        ),
        ("autoencoder", "Autoencoder, fully connected networks, 10 latent dimensions"),
        (
            "flagship",
            "VAE, residual networks, 16 latent dimensions, mixture prior",
        ),
        (
            "beta-vae",
            "VAE, fully connected networks, 10 latent dimensions, standard normal prior, "
            "β\u00a0=\u00a04",
        ),
    ],
)
def test_models_are_described_by_capabilities_and_settings(preset: str, description: str) -> None:
    assert describe_model(stored(config(preset))) == description


def test_a_model_of_a_user_has_its_own_name() -> None:
    run = stored(config())
    run = replace(run, capabilities=replace(run.capabilities, name="ladder VAE"))
    assert describe_model(run).startswith("Ladder VAE, fully connected networks")


def test_a_derived_run_names_its_parent() -> None:
    parent = ParentConfig(run="../mlp-vae", weights_fingerprint="a" * 64)
    run = stored(replace(config(), parent=parent))
    assert describe_model(run).endswith(
        "10 latent dimensions, standard normal prior fitted to mlp-vae"
    )


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        ((Level(name="z", shape=(16,)),), "16 latent dimensions"),
        ((Level(name="z", shape=(1,)),), "1 latent dimension"),
        (
            (Level(name="z", shape=(16, 7, 7), codebook_size=128),),
            "7 \u00d7 7 codes from a codebook of 128",
        ),
        ((Level(name="z", shape=(4, 7, 7)),), "4 \u00d7 7 \u00d7 7 latent variables"),
        (
            (Level(name="top", shape=(8,)), Level(name="bottom", shape=(32,))),
            "2 levels with 8 and 32 latent dimensions",
        ),
    ],
)
def test_latents_are_described_by_their_levels(levels: tuple[Level, ...], text: str) -> None:
    assert describe_latents(levels) == text


def test_the_description_follows_the_capabilities() -> None:
    run = stored(config())
    codes = (Level(name="z", shape=(16, 7, 7), codebook_size=64),)
    run = replace(run, capabilities=replace(run.capabilities, levels=codes))
    assert "7 \u00d7 7 codes from a codebook of 64" in describe_model(run)
