"""The named settings of runs, derived from each other."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vaelab.config import (
    ClassifierConfig,
    ClassifierTrainingConfig,
    Config,
    DataConfig,
    PlainConfig,
    ResNetConfig,
    TrainingConfig,
)
from vaelab.errors import entry
from vaelab.models.autoencoder.config import AutoencoderConfig
from vaelab.models.conditioning import ClassWeightsConfig, ConcatConfig
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.hierarchical.config import HierarchicalConfig
from vaelab.models.ladder.config import LadderConfig
from vaelab.models.likelihoods.config import AutoregressiveBernoulliConfig
from vaelab.models.networks.config import ConvConfig, MlpConfig, ResidualConfig, ResidualConvConfig
from vaelab.models.priors.config import (
    ClassGaussianConfig,
    FlowConfig,
    MixtureConfig,
    VampConfig,
)
from vaelab.models.vq.config import VqVaeConfig
from vaelab.objectives.config import (
    BetaTcVaeConfig,
    ElboConfig,
    InfoVaeConfig,
    IwaeConfig,
    ReconstructionConfig,
    VqConfig,
    WarmupConfig,
)

BETA_SWEEP = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def mlp_vae() -> Config:
    """784-400-10-400-784 VAE, ReLU, 10 epochs: the classic."""
    return Config(
        preset="mlp-vae",
        model=VaeConfig(latent_size=10, network=MlpConfig(widths=(400,))),
        objective=ElboConfig(beta=1.0),
        training=TrainingConfig(epochs=10, batch_size=128, learning_rate=1e-3),
    )


def _with_model(base: Config, preset: str, **changes: Any) -> Config:
    """Another preset, with other fields of the model."""
    return replace(base, preset=preset, model=replace(base.model, **changes))


def mlp_vae_2d() -> Config:
    """mlp-vae with 2 latent dimensions, which can be plotted directly."""
    return _with_model(mlp_vae(), "mlp-vae-2d", latent_size=2)


def autoencoder() -> Config:
    """The networks of mlp-vae without posterior or prior: reconstruction alone."""
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
    base = _with_model(conv_vae(), "conv-vae-warmup", latent_size=32)
    return replace(base, objective=ElboConfig(kl_schedule=WarmupConfig(epochs=10.0)))


def beta_vae() -> Config:
    """mlp-vae at beta = 4; `vaelab study beta-sweep` runs 0.25 to 8."""
    return replace(mlp_vae(), preset="beta-vae", objective=ElboConfig(beta=4.0))


def cvae() -> Config:
    """mlp-vae with one-hot labels concatenated to images and to codes."""
    return replace(
        mlp_vae(),
        preset="cvae",
        model=VaeConfig(
            latent_size=10, network=MlpConfig(widths=(400,)), conditioning=ConcatConfig()
        ),
    )


def cvae_2d() -> Config:
    """cvae with 2 latent dimensions."""
    return _with_model(cvae(), "cvae-2d", latent_size=2)


def cvae_controlled() -> Config:
    """cvae with class-specific weights and an auxiliary classifier."""
    return replace(
        mlp_vae(),
        preset="cvae-controlled",
        model=VaeConfig(
            latent_size=10,
            network=MlpConfig(widths=(400,)),
            conditioning=ClassWeightsConfig(),
            auxiliary_classifier=True,
        ),
        objective=ElboConfig(auxiliary_weight=5.0),
    )


def cvae_controlled_2d() -> Config:
    """cvae-controlled with 2 latent dimensions."""
    return _with_model(cvae_controlled(), "cvae-controlled-2d", latent_size=2)


def class_prior_vae() -> Config:
    """cvae with a learned Gaussian prior p(z|y) for each class."""
    return _with_model(cvae(), "class-prior-vae", prior=ClassGaussianConfig())


def vamp_vae() -> Config:
    """mlp-vae with a VampPrior of 100 pseudo-inputs."""
    return _with_model(mlp_vae(), "vamp-vae", prior=VampConfig(components=100))


def flow_vae() -> Config:
    """mlp-vae with a normalizing flow as its prior."""
    return _with_model(mlp_vae(), "flow-vae", prior=FlowConfig())


def beta_tcvae() -> Config:
    """mlp-vae with a weight of 6 on the total correlation."""
    return replace(mlp_vae(), preset="beta-tcvae", objective=BetaTcVaeConfig(beta=6.0))


def iwae() -> Config:
    """mlp-vae trained on the importance-weighted bound with 5 draws."""
    return replace(mlp_vae(), preset="iwae", objective=IwaeConfig(draws=5))


def info_vae() -> Config:
    """mlp-vae with part of the KL replaced by the MMD of codes and prior."""
    return replace(mlp_vae(), preset="info-vae", objective=InfoVaeConfig())


def vq_vae() -> Config:
    """VQ-VAE with 7 x 7 codes from a codebook of 128 entries."""
    model = VqVaeConfig(channels=(16, 32))
    return replace(mlp_vae(), preset="vq-vae", model=model, objective=VqConfig())


def hierarchical_vae() -> Config:
    """Two levels of latent variables, 16 and 32 dimensions."""
    return replace(
        mlp_vae(),
        preset="hierarchical-vae",
        model=HierarchicalConfig(network=MlpConfig(widths=(400,))),
        objective=ElboConfig(kl_schedule=WarmupConfig(epochs=3.0)),
    )


def ladder_vae() -> Config:
    """A vector of 32 latent variables, and grids of them at 7 x 7 and 14 x 14."""
    return replace(
        mlp_vae(),
        preset="ladder-vae",
        model=LadderConfig(channels=(16, 32)),
        objective=ElboConfig(kl_schedule=WarmupConfig(epochs=3.0)),
    )


def binary_vae() -> Config:
    """784-300-300-40 with gates on binarized images, for published likelihoods."""
    return Config(
        preset="binary-vae",
        data=DataConfig(binarize=True, validation_images="last", validation_fraction=1 / 6),
        model=VaeConfig(latent_size=40, network=MlpConfig(widths=(300, 300), activation="gated")),
        objective=ElboConfig(kl_schedule=WarmupConfig(epochs=50.0)),
        training=TrainingConfig(
            epochs=300,
            batch_size=100,
            learning_rate=1e-3,
            schedule="one-cycle",
            ema_decay=0.999,
            preview_every_epochs=25,
        ),
    )


def binary_vamp_vae() -> Config:
    """binary-vae with a VampPrior of 500 pseudo-inputs."""
    return _with_model(binary_vae(), "binary-vamp-vae", prior=VampConfig(components=500))


def binary_two_level_vae() -> Config:
    """Two levels of 40 latent dimensions with gated layers, on binarized images."""
    network = MlpConfig(widths=(300, 300), activation="gated")
    return replace(
        binary_vae(),
        preset="binary-two-level-vae",
        model=HierarchicalConfig(upper_size=40, lower_size=40, network=network),
    )


def binary_two_level_conv_vae() -> Config:
    """binary-two-level-vae with residual convolutions in place of its layers."""
    base = _with_model(
        binary_two_level_vae(),
        "binary-two-level-conv-vae",
        network=ResidualConvConfig(channels=(32, 64), blocks=1),
    )
    return replace(
        base,
        objective=ElboConfig(kl_schedule=WarmupConfig(epochs=10.0)),
        training=replace(base.training, epochs=60, learning_rate=2e-3),
    )


def binary_autoregressive_vae() -> Config:
    """An autoregressive decoder over 24 latent dimensions, on binarized images."""
    return replace(
        binary_vae(),
        preset="binary-autoregressive-vae",
        model=VaeConfig(
            latent_size=24,
            network=MlpConfig(widths=(400,), activation="gated"),
            prior=MixtureConfig(components=100),
            likelihood=AutoregressiveBernoulliConfig(channels=32, blocks=4, width=32),
        ),
        objective=ElboConfig(kl_schedule=WarmupConfig(epochs=6.0)),
        training=replace(
            binary_vae().training,
            epochs=30,
            learning_rate=2e-3,
            gradient_clip_norm=50.0,
            preview_every_epochs=0,
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
        objective=ElboConfig(),
        training=TrainingConfig(
            epochs=72,
            batch_size=256,
            learning_rate=2e-3,
            schedule="one-cycle",
            ema_decay=0.999,
        ),
    )


def flagship_small() -> Config:
    """The flagship at half its width, in a quarter of a minute on 2 cores."""
    base = _with_model(flagship(), "flagship-small", network=ResidualConfig(width=512, blocks=1))
    return replace(
        base,
        training=replace(
            base.training, epochs=4, batch_size=128, learning_rate=5e-3, ema_decay=0.98
        ),
    )


PRESETS: dict[str, Callable[[], Config]] = {
    "autoencoder": autoencoder,
    "mlp-vae": mlp_vae,
    "mlp-vae-2d": mlp_vae_2d,
    "conv-vae": conv_vae,
    "conv-vae-warmup": conv_vae_warmup,
    "beta-vae": beta_vae,
    "cvae": cvae,
    "cvae-2d": cvae_2d,
    "cvae-controlled": cvae_controlled,
    "cvae-controlled-2d": cvae_controlled_2d,
    "class-prior-vae": class_prior_vae,
    "vamp-vae": vamp_vae,
    "flow-vae": flow_vae,
    "beta-tcvae": beta_tcvae,
    "iwae": iwae,
    "info-vae": info_vae,
    "vq-vae": vq_vae,
    "hierarchical-vae": hierarchical_vae,
    "ladder-vae": ladder_vae,
    "binary-vae": binary_vae,
    "binary-vamp-vae": binary_vamp_vae,
    "binary-two-level-vae": binary_two_level_vae,
    "binary-two-level-conv-vae": binary_two_level_conv_vae,
    "binary-autoregressive-vae": binary_autoregressive_vae,
    "flagship": flagship,
    "flagship-small": flagship_small,
}


def classifier() -> ClassifierConfig:
    """A narrow ResNet-18: the reference classifier for evaluating generated images."""
    return ClassifierConfig(preset="classifier", network=ResNetConfig(widths=(16, 32, 64, 128)))


def second_classifier() -> ClassifierConfig:
    """A plain network with another seed: the second, independent classifier."""
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
