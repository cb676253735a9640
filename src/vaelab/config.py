"""Everything that a run is made from: frozen dataclasses, without torch, so that help is instant.

The docstring below a field is its help on the command line. Where a choice brings settings of its
own (a network, a prior, a schedule), each alternative is a class of its own that `kind` names, so
that no setting exists where it would do nothing.
"""

from dataclasses import dataclass, field
from typing import Literal

from vaelab.errors import InputError

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig:
    """Which images, and how they are split."""

    name: str = "fashion-mnist"
    """fashion-mnist, wardrobe, folder or npz"""
    path: str | None = None
    """where the images of folder and npz lie"""
    train_count: int | None = None
    """use only this many training images (before the validation split); none: all"""
    test_count: int | None = None
    """use only this many test images; none: all"""
    validation_fraction: float = 0.1
    """share of the training images set aside to select on"""
    validation_images: str = "random"
    """which training images are set aside: random (of each class alike) or last"""
    split_seed: int = 0
    """seed of the random split into training and validation images"""
    binarize: bool = False
    """draw each pixel as 0 or 1 with its grey value as probability, afresh each time"""


@dataclass(frozen=True, kw_only=True, slots=True)
class MlpConfig:
    """Fully connected layers; the decoder mirrors the encoder."""

    kind: Literal["mlp"] = "mlp"
    widths: tuple[int, ...] = (400,)
    """hidden widths of the encoder"""
    activation: str = "relu"
    """relu or silu"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvConfig:
    """Stride-2 convolutions, mirrored by transposed ones."""

    kind: Literal["conv"] = "conv"
    channels: tuple[int, ...] = (32, 64)
    """channels after each halving of the image"""
    activation: str = "relu"
    """relu or silu"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidualConfig:
    """Wide layers with residual connections, in encoder and decoder alike."""

    kind: Literal["residual"] = "residual"
    width: int = 1024
    """units of each layer"""
    blocks: int = 1
    """residual layers"""
    activation: str = "silu"
    """relu or silu"""


NetworkConfig = MlpConfig | ConvConfig | ResidualConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class StandardNormalConfig:
    """p(z) = N(0, I)."""

    kind: Literal["standard-normal"] = "standard-normal"


@dataclass(frozen=True, kw_only=True, slots=True)
class MixtureConfig:
    """p(z) is a learned mixture of diagonal Gaussians."""

    kind: Literal["mixture"] = "mixture"
    components: int = 100
    """number of Gaussians"""


PriorConfig = StandardNormalConfig | MixtureConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class VaeConfig:
    """A variational autoencoder: Gaussian posterior, prior, likelihood."""

    kind: Literal["vae"] = "vae"
    latent_size: int = 10
    """number of latent dimensions"""
    network: NetworkConfig = field(default_factory=MlpConfig)
    likelihood: str = "bernoulli"
    """bernoulli, continuous-bernoulli, gaussian-learned, gaussian-optimal or squared-error"""
    prior: PriorConfig = field(default_factory=StandardNormalConfig)
    conditional: bool = False
    """give the label to the encoder and to the decoder"""
    auxiliary_classifier: bool = False
    """train a small classifier beside a conditional model, which samples' classes are held to"""


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoencoderConfig:
    """A deterministic autoencoder: a code, no prior."""

    kind: Literal["autoencoder"] = "autoencoder"
    latent_size: int = 10
    """number of latent dimensions"""
    network: NetworkConfig = field(default_factory=MlpConfig)
    likelihood: str = "bernoulli"
    """bernoulli, continuous-bernoulli, gaussian-learned, gaussian-optimal or squared-error"""
    conditional: bool = False
    """give the label to the encoder and to the decoder"""


ModelConfig = VaeConfig | AutoencoderConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstantConfig:
    """The KL weight is beta throughout."""

    kind: Literal["constant"] = "constant"


@dataclass(frozen=True, kw_only=True, slots=True)
class WarmupConfig:
    """The KL weight rises linearly from 0 to beta (Bowman et al. 2016, arXiv:1511.06349)."""

    kind: Literal["warmup"] = "warmup"
    epochs: float = 10.0
    """epochs until beta is reached"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CyclicalConfig:
    """The KL weight rises to beta again and again (Fu et al. 2019, arXiv:1903.10145)."""

    kind: Literal["cyclical"] = "cyclical"
    cycles: int = 4
    """rises over the whole training"""
    rising_fraction: float = 0.5
    """share of each cycle spent rising; the rest stays at beta"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityConfig:
    """beta |KL - C| with C rising linearly (Burgess et al. 2018, arXiv:1804.03599)."""

    kind: Literal["capacity"] = "capacity"
    target_nats: float = 15.0
    """C at the end of the rise"""
    epochs: float = 10.0
    """epochs until the target is reached"""


KLScheduleConfig = ConstantConfig | WarmupConfig | CyclicalConfig | CapacityConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class ElboConfig:
    """Reconstruction plus weighted KL."""

    kind: Literal["elbo"] = "elbo"
    beta: float = 1.0
    """final weight of the KL (beta-VAE, Higgins et al. 2017)"""
    kl_schedule: KLScheduleConfig = field(default_factory=ConstantConfig)
    free_bits_nats: float = 0.0
    """KL per latent dimension below which it is not pressed down (Kingma et al. 2016)"""
    auxiliary_weight: float = 0.0
    """weight of what the class reader misreads, in nats; 0 without one"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconstructionConfig:
    """Reconstruction alone, the objective of an autoencoder."""

    kind: Literal["reconstruction"] = "reconstruction"


ObjectiveConfig = ElboConfig | ReconstructionConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig:
    """How the objective is minimized."""

    epochs: int = 10
    """passes over the training images"""
    batch_size: int = 128
    """images per step, over all processes process_group"""
    optimizer: str = "adam"
    """adam or adamw"""
    learning_rate: float = 1e-3
    """the highest that the schedule reaches"""
    schedule: str = "constant"
    """of the learning rate: constant, cosine or one-cycle"""
    weight_decay: float = 0.0
    """decoupled with adamw, an L2 penalty with adam"""
    gradient_clip_norm: float | None = None
    """scale gradients down to this norm; none: never"""
    ema_decay: float | None = None
    """validate and keep an exponential moving average of the weights; none: the weights"""
    early_stopping_epochs: int | None = None
    """stop after this many epochs without a better validation loss; none: never"""
    preview_every_epochs: int = 5
    """epochs between saved reconstructions and samples; 0: none"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """One run, whole."""

    preset: str
    """the preset that it derives from"""
    seed: int = 0
    """of initial weights, order of images and noise"""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=VaeConfig)
    objective: ObjectiveConfig = field(default_factory=ElboConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNetConfig:
    """Four stages of two residual blocks, as in ResNet-18 (He et al. 2016), for small images."""

    kind: Literal["resnet"] = "resnet"
    widths: tuple[int, ...] = (16, 32, 64, 128)
    """channels of each stage; each after the first halves the image"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainConfig:
    """Convolutions and pooling without shortcuts."""

    kind: Literal["plain"] = "plain"
    widths: tuple[int, ...] = (32, 64, 96)
    """channels of each stage; each after the first halves the image"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassifierTrainingConfig:
    """How a classifier learns to tell the classes apart: SGD with Nesterov momentum, one cycle."""

    epochs: int = 20
    """passes over the training images"""
    batch_size: int = 128
    """images per step"""
    learning_rate: float = 0.1
    """the highest that the cycle reaches"""
    momentum: float = 0.9
    """of Nesterov's kind"""
    weight_decay: float = 5e-4
    """an L2 penalty"""
    label_smoothing: float = 0.1
    """share of each target spread over all classes"""
    shift_pixels: int = 2
    """images are moved by up to this much, up, down and sideways"""
    flip: bool = True
    """half of the images are mirrored"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassifierConfig:
    """One classifier: a classifier whose features and classes generated images are measured by."""

    preset: str
    """the preset that it derives from"""
    seed: int = 0
    """of initial weights, order of images and augmentation"""
    data: DataConfig = field(default_factory=DataConfig)
    network: ResNetConfig | PlainConfig = field(default_factory=ResNetConfig)
    training: ClassifierTrainingConfig = field(default_factory=ClassifierTrainingConfig)


def check(config: Config | ClassifierConfig) -> None:
    """Refuse settings that nothing could be trained with.

    Raises:
        InputError: naming the field, what it may be and what it is.
    """
    training, data = config.training, config.data
    demands = {
        "seed must lie in 0 to 2^32 - 1": 0 <= config.seed < 2**32,
        "data.split_seed must not be negative": data.split_seed >= 0,
        "data.validation_fraction must lie in (0, 1)": 0 < data.validation_fraction < 1,
        "training.epochs must be at least 1": training.epochs >= 1,
        "training.batch_size must be at least 1": training.batch_size >= 1,
        "training.learning_rate must be above 0": training.learning_rate > 0,
        "training.weight_decay must not be negative": training.weight_decay >= 0,
    }
    match config:
        case Config():
            demands |= _demands_of_run(config)
        case ClassifierConfig():
            demands |= _demands_of_classifier(config)
    for demand, is_met in demands.items():
        if not is_met:
            raise InputError(demand)


def _demands_of_classifier(config: ClassifierConfig) -> dict[str, bool]:
    training = config.training
    return {
        "network.widths must be at least 1": min(config.network.widths) >= 1,
        # Batch normalization has nothing to go by in a batch of one.
        "training.batch_size must be at least 2": training.batch_size >= 2,
        "training.momentum must lie in (0, 1)": 0 < training.momentum < 1,
        "training.label_smoothing must lie in [0, 1)": 0 <= training.label_smoothing < 1,
        "training.shift_pixels must not be negative": training.shift_pixels >= 0,
    }


def _demands_of_run(config: Config) -> dict[str, bool]:
    training, model = config.training, config.model
    demands = {
        "training.early_stopping_epochs must be at least 1": (
            training.early_stopping_epochs is None or training.early_stopping_epochs >= 1
        ),
        "training.preview_every_epochs must not be negative": training.preview_every_epochs >= 0,
        "training.gradient_clip_norm must be above 0": training.gradient_clip_norm is None
        or training.gradient_clip_norm > 0,
        "training.ema_decay must lie in (0, 1)": training.ema_decay is None
        or 0 < training.ema_decay < 1,
        "model.latent_size must be at least 1": model.latent_size >= 1,
        "an autoencoder has no KL: it needs objective.kind=reconstruction, a vae needs elbo": (
            (model.kind == "autoencoder") == (config.objective.kind == "reconstruction")
        ),
    }
    if isinstance(model, VaeConfig) and isinstance(model.prior, MixtureConfig):
        demands["model.prior.components must be at least 1"] = model.prior.components >= 1
    if isinstance(config.objective, ElboConfig):
        demands |= _demands_of_elbo(config.objective, model)
    return demands


def _demands_of_elbo(objective: ElboConfig, model: ModelConfig) -> dict[str, bool]:
    schedule, free_bits = objective.kl_schedule, objective.free_bits_nats
    reads = isinstance(model, VaeConfig) and model.auxiliary_classifier
    demands = {
        "objective.beta must not be negative": objective.beta >= 0,
        "objective.free_bits_nats must not be negative": free_bits >= 0,
        "objective.auxiliary_weight must be above 0 with an auxiliary classifier, else 0": (
            objective.auxiliary_weight > 0 if reads else objective.auxiliary_weight == 0
        ),
        "model.auxiliary_classifier=true needs model.conditional=true": not reads
        or model.conditional,
        "free bits need model.prior=standard-normal, whose KL splits by dimension": (
            free_bits == 0 or not (isinstance(model, VaeConfig) and model.prior.kind == "mixture")
        ),
    }
    match schedule:
        case WarmupConfig() | CapacityConfig():
            demands["objective.kl_schedule.epochs must be above 0"] = schedule.epochs > 0
        case CyclicalConfig():
            demands["objective.kl_schedule.cycles must be at least 1"] = schedule.cycles >= 1
            demands["objective.kl_schedule.rising_fraction must lie in (0, 1]"] = (
                0 < schedule.rising_fraction <= 1
            )
    if isinstance(schedule, CapacityConfig):
        demands["objective.kl_schedule.target_nats must not be negative"] = (
            schedule.target_nats >= 0
        )
    return demands
