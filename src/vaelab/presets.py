"""The named experiments, deriving from each other; each has the settings of its source."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vaelab.config import (
    AutoencoderConfig,
    ClassifierConfig,
    ClassifierTrainingConfig,
    Config,
    ConvConfig,
    DataConfig,
    ElboConfig,
    MixtureConfig,
    MlpConfig,
    PlainConfig,
    ReconstructionConfig,
    ResidualConfig,
    ResNetConfig,
    TrainingConfig,
    VaeConfig,
    WarmupConfig,
)
from vaelab.errors import entry

BETA_SWEEP = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def mlp_vae() -> Config:
    """784-400-10-400-784 VAE, ReLU, 10 epochs: the classic."""
    return Config(
        preset="mlp-vae",
        model=VaeConfig(latent_size=10, network=MlpConfig(widths=(400,))),
        objective=ElboConfig(beta=1.0),
        training=TrainingConfig(epochs=10, batch_size=128, learning_rate=1e-3),
    )


def mlp_vae_2d() -> Config:
    """mlp-vae with 2 latent dimensions, to be looked at directly."""
    base = mlp_vae()
    return replace(base, preset="mlp-vae-2d", model=replace(base.model, latent_size=2))


def autoencoder() -> Config:
    """mlp-vae's networks without posterior or prior: reconstruction alone."""
    return replace(
        mlp_vae(),
        preset="autoencoder",
        model=AutoencoderConfig(latent_size=10, network=MlpConfig(widths=(400,))),
        objective=ReconstructionConfig(),
    )


def conv_vae() -> Config:
    """Convolutional VAE, 12 latent dimensions, 30 epochs."""
    return replace(
        mlp_vae(),
        preset="conv-vae",
        model=VaeConfig(latent_size=12, network=ConvConfig(channels=(32, 64))),
        training=TrainingConfig(epochs=30, batch_size=128, learning_rate=1e-3),
    )


def conv_vae_warmup() -> Config:
    """conv-vae with 32 latent dimensions and KL warm-up over 10 epochs."""
    base = conv_vae()
    return replace(
        base,
        preset="conv-vae-warmup",
        model=replace(base.model, latent_size=32),
        objective=ElboConfig(kl_schedule=WarmupConfig(epochs=10.0)),
    )


def beta_vae() -> Config:
    """mlp-vae at beta = 4; `vaelab study beta-sweep` runs 0.25 to 8."""
    return replace(mlp_vae(), preset="beta-vae", objective=ElboConfig(beta=4.0))


def cvae() -> Config:
    """mlp-vae given the label, its samples held to it by a class reader."""
    return replace(
        mlp_vae(),
        preset="cvae",
        model=VaeConfig(
            latent_size=10,
            network=MlpConfig(widths=(400,)),
            conditional=True,
            auxiliary_classifier=True,
        ),
        objective=ElboConfig(auxiliary_weight=5.0),
    )


def cvae_2d() -> Config:
    """cvae with 2 latent dimensions: style on a plane, class apart from it."""
    base = cvae()
    return replace(base, preset="cvae-2d", model=replace(base.model, latent_size=2))


def exemplar_vae() -> Config:
    """784-300-300-40, binarized: the model of the published likelihoods."""
    return Config(
        preset="exemplar-vae",
        data=DataConfig(binarize=True, validation_images="last", validation_fraction=1 / 6),
        model=VaeConfig(latent_size=40, network=MlpConfig(widths=(300, 300))),
        objective=ElboConfig(kl_schedule=WarmupConfig(epochs=20.0)),
        training=TrainingConfig(
            epochs=100,
            batch_size=100,
            learning_rate=1e-3,
            schedule="one-cycle",
            ema_decay=0.999,
            preview_every_epochs=25,
        ),
    )


def flagship() -> Config:
    """The best VAE of 5 minutes on 2 cores: wide residual layers, learned prior."""
    return Config(
        preset="flagship",
        model=VaeConfig(
            latent_size=16,
            network=ResidualConfig(width=1024, blocks=1),
            prior=MixtureConfig(components=500),
        ),
        training=TrainingConfig(
            epochs=24,
            batch_size=256,
            learning_rate=2e-3,
            schedule="one-cycle",
            ema_decay=0.999,
        ),
    )


PRESETS: dict[str, Callable[[], Config]] = {
    "autoencoder": autoencoder,
    "mlp-vae": mlp_vae,
    "mlp-vae-2d": mlp_vae_2d,
    "conv-vae": conv_vae,
    "conv-vae-warmup": conv_vae_warmup,
    "beta-vae": beta_vae,
    "cvae-2d": cvae_2d,
    "cvae": cvae,
    "exemplar-vae": exemplar_vae,
    "flagship": flagship,
}


def classifier() -> ClassifierConfig:
    """ResNet-18, narrow: the reference network that generated images are measured by."""
    return ClassifierConfig(preset="classifier", network=ResNetConfig(widths=(16, 32, 64, 128)))


def second_classifier() -> ClassifierConfig:
    """A plain network of another seed: the second, independent classifier."""
    return ClassifierConfig(
        preset="second-classifier",
        seed=1,
        network=PlainConfig(widths=(32, 64, 96)),
        training=ClassifierTrainingConfig(epochs=15, learning_rate=0.05),
    )


CLASSIFIER_PRESETS: dict[str, Callable[[], ClassifierConfig]] = {
    "classifier": classifier,
    "second-classifier": second_classifier,
}


def preset(name: str) -> Config:
    """The preset of that name.

    Raises:
        InputError: if there is none, naming the nearest.
    """
    return entry("preset", name, PRESETS)()


def describe(factory: Callable[[], Any]) -> str:
    """The preset's one line."""
    return (factory.__doc__ or "").partition("\n")[0]
