from dataclasses import replace

import pytest

from vaelab.config import Config, ParentConfig
from vaelab.pairing import autoencoder_and_vae
from vaelab.presets import preset
from vaelab.settings import with_settings

PARENT = ParentConfig(run="../plain", weights_fingerprint="a" * 64)


def config(name: str, **settings: str) -> Config:
    return with_settings(preset(name), {k.replace("__", "."): v for k, v in settings.items()})


def test_the_first_matching_pair_is_found() -> None:
    configs = {
        "conv": config("conv-vae"),
        "first": config("mlp-vae"),
        "plain": config("autoencoder"),
        "second": config("mlp-vae", model__prior="mixture"),
    }
    assert autoencoder_and_vae(configs) == ("plain", "first")


@pytest.mark.parametrize(
    "vae",
    [
        config("mlp-vae", model__latent_size="2"),
        config("mlp-vae", model__network__widths="300"),
        config("mlp-vae", model__likelihood="squared-error"),
        config("mlp-vae", data__validation_fraction="0.2"),
        config("cvae"),
        config("autoencoder"),
        config("vq-vae"),
        replace(config("autoencoder", model__prior="gmm", objective="elbo"), parent=PARENT),
    ],
    ids=[
        "latent size",
        "network",
        "likelihood",
        "data",
        "conditional",
        "no prior",
        "vq",
        "derived",
    ],
)
def test_models_that_differ_otherwise_are_no_pair(vae: Config) -> None:
    assert autoencoder_and_vae({"plain": config("autoencoder"), "other": vae}) is None


def test_the_objective_may_differ() -> None:
    configs = {"plain": config("autoencoder"), "beta": config("beta-vae")}
    assert autoencoder_and_vae(configs) == ("plain", "beta")
