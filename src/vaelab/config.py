"""The settings of a run: frozen dataclasses, without torch, so that help is instant.

The docstring below a field is its help on the command line. Exchangeable parts (models, networks,
priors, objectives, schedules) keep their settings next to their code; this module has their
base classes and what all runs have in common.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from vaelab.errors import InputError
from vaelab.parts import PartConfig, Settings

SCHEMA_VERSION = 2

LARGEST_RESIZE = 4096
"""Pixels of the side of an image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig(Settings):
    """Which images, and how they are split."""

    name: str = "fashion-mnist"
    """fashion-mnist, wardrobe, folder, npz, npy, csv or arrays"""
    path: str | None = None
    """location of the images of folder, npz, npy and csv"""
    resize: int | None = None
    """read the images of a folder at this height and width in pixels; none: their size"""
    fit: str | None = None
    """with resize: pad (black border) or crop (middle) images that are not square; none: refuse"""
    gray: bool = False
    """read the images of a folder as gray"""
    train_count: int | None = None
    """use only this many training images (before the validation split); none: all"""
    test_count: int | None = None
    """use only this many test images; none: all"""
    validation_fraction: float = 0.1
    """share of the training images used for validation, unless the data have validation images"""
    validation_images: str = "random"
    """which training images are used for validation: random (stratified by class) or last"""
    split_seed: int = 0
    """seed of the random split into training and validation images"""
    binarize: bool = False
    """draw each pixel as 0 or 1 with its gray value as probability, at every access"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            f"resize must lie in 1 to {LARGEST_RESIZE}": self.resize is None
            or 0 < self.resize <= LARGEST_RESIZE,
            "fit needs resize, the size in pixels": self.fit is None or self.resize is not None,
            "split_seed must not be negative": self.split_seed >= 0,
            "validation_fraction must lie in (0, 1)": 0 < self.validation_fraction < 1,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkConfig(PartConfig):
    """Settings of an encoder and a decoder."""

    TABLE: ClassVar[str] = "vaelab.models.networks:NETWORKS"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConditioningConfig(PartConfig):
    """How a model is given the label."""

    TABLE: ClassVar[str] = "vaelab.models.conditioning:CONDITIONINGS"


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorConfig(PartConfig):
    """Settings of a prior."""

    TABLE: ClassVar[str] = "vaelab.models.priors:PRIORS"


@dataclass(frozen=True, kw_only=True, slots=True)
class LikelihoodConfig(PartConfig):
    """Settings of a likelihood p(x|z)."""

    TABLE: ClassVar[str] = "vaelab.models.likelihoods:LIKELIHOODS"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig(PartConfig):
    """Settings of a model."""

    TABLE: ClassVar[str] = "vaelab.models:MODELS"


@dataclass(frozen=True, kw_only=True, slots=True)
class KLScheduleConfig(PartConfig):
    """How the weight of the KL changes during training."""

    TABLE: ClassVar[str] = "vaelab.objectives:KL_SCHEDULES"


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectiveConfig(PartConfig):
    """Settings of an objective."""

    TABLE: ClassVar[str] = "vaelab.objectives:OBJECTIVES"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig(Settings):
    """How the objective is minimized."""

    epochs: int = 10
    """passes over the training images"""
    continued_from_epochs: tuple[int, ...] | None = None
    """earlier values of epochs, at whose end the training was continued (--more-epochs); none: it
    was not"""
    batch_size: int = 128
    """images per step, over all processes"""
    optimizer: str = "adam"
    """adam or adamw"""
    learning_rate: float = 1e-3
    """highest learning rate of the schedule"""
    schedule: str = "constant"
    """schedule of the learning rate: constant, cosine or one-cycle"""
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

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        early, clip, decay = (
            self.early_stopping_epochs,
            self.gradient_clip_norm,
            self.ema_decay,
        )
        return {
            "epochs must be at least 1": self.epochs >= 1,
            "continued_from_epochs must be at least 1": min(self.stages) >= 1,
            "batch_size must be at least 1": self.batch_size >= 1,
            "learning_rate must be above 0": self.learning_rate > 0,
            "weight_decay must not be negative": self.weight_decay >= 0,
            "early_stopping_epochs must be at least 1": early is None or early >= 1,
            "preview_every_epochs must not be negative": self.preview_every_epochs >= 0,
            "gradient_clip_norm must be above 0": clip is None or clip > 0,
            "ema_decay must lie in (0, 1)": decay is None or 0 < decay < 1,
        }

    @property
    def stages(self) -> tuple[int, ...]:
        """The planned number of epochs, counted from the start, at the end of each stage.

        A training that was never continued has one stage.
        """
        return (*(self.continued_from_epochs or ()), self.epochs)

    def extended(self, epochs: int) -> "TrainingConfig":
        """With a further stage, up to `epochs`."""
        return replace(self, epochs=epochs, continued_from_epochs=self.stages)


@dataclass(frozen=True, kw_only=True, slots=True)
class ParentConfig(Settings):
    """The trained run that a derived run starts from."""

    run: str
    """folder of the parent"""
    weights_fingerprint: str
    """SHA-256 of the parent's model.safetensors"""
    trains: str = "prior"
    """part of the model that is trained; all other weights stay those of the parent"""


@dataclass(frozen=True, kw_only=True, slots=True)
class InitialWeightsConfig(Settings):
    """The run whose weights a training starts from."""

    run: str
    """folder of that run"""
    weights_fingerprint: str
    """SHA-256 of its model.safetensors"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config(Settings):
    """Settings of one run."""

    preset: str
    """the preset that the settings start from"""
    seed: int = 0
    """seed of initial weights, order of images and noise"""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig
    objective: ObjectiveConfig
    training: TrainingConfig = field(default_factory=TrainingConfig)
    parent: ParentConfig | None = None
    """the run that this run is derived from; none: trained from scratch"""
    initial_weights: InitialWeightsConfig | None = None
    """the run whose weights the training starts from (--from); none: random weights"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        of_data = dict[str, bool]()
        for _, part in _groups(self.model, ""):
            of_data |= part.requirements_of_data(self.data)
        return {"seed must lie in 0 to 2^32 - 1": 0 <= self.seed < 2**32, **of_data}


@dataclass(frozen=True, kw_only=True, slots=True)
class ResNetConfig(Settings):
    """Four stages of two residual blocks, as in ResNet-18 (He et al. 2016), for small images."""

    kind: Literal["resnet"] = "resnet"
    widths: tuple[int, ...] = (16, 32, 64, 128)
    """channels of each stage; each after the first halves the image"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainConfig(Settings):
    """Convolutions and pooling without shortcuts."""

    kind: Literal["plain"] = "plain"
    widths: tuple[int, ...] = (32, 64, 96)
    """channels of each stage; each after the first halves the image"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassifierTrainingConfig(Settings):
    """Training of a classifier: SGD with Nesterov momentum and a one-cycle schedule."""

    epochs: int = 20
    """passes over the training images"""
    batch_size: int = 128
    """images per step"""
    learning_rate: float = 0.1
    """highest learning rate of the cycle"""
    momentum: float = 0.9
    """of the Nesterov momentum"""
    weight_decay: float = 5e-4
    """an L2 penalty"""
    label_smoothing: float = 0.1
    """share of each target spread over all classes"""
    shift_pixels: int = 2
    """random shift of each image, at most, in both directions"""
    flip: bool = True
    """mirror half of the images"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "epochs must be at least 1": self.epochs >= 1,
            # Batch normalization needs two images.
            "batch_size must be at least 2": self.batch_size >= 2,
            "learning_rate must be above 0": self.learning_rate > 0,
            "momentum must lie in (0, 1)": 0 < self.momentum < 1,
            "weight_decay must not be negative": self.weight_decay >= 0,
            "label_smoothing must lie in [0, 1)": 0 <= self.label_smoothing < 1,
            "shift_pixels must not be negative": self.shift_pixels >= 0,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassifierConfig(Settings):
    """A classifier whose features and classes are used to evaluate generated images."""

    preset: str
    """the preset that the settings start from"""
    seed: int = 0
    """seed of initial weights, order of images and augmentation"""
    data: DataConfig = field(default_factory=DataConfig)
    network: ResNetConfig | PlainConfig = field(default_factory=ResNetConfig)
    training: ClassifierTrainingConfig = field(default_factory=ClassifierTrainingConfig)

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "seed must lie in 0 to 2^32 - 1": 0 <= self.seed < 2**32,
            "network.widths must be at least 1": min(self.network.widths) >= 1,
        }


def check(config: Config | ClassifierConfig) -> None:
    """Refuse settings out of their bounds.

    Raises:
        InputError: naming the field and its bounds.
    """
    for where, group in _groups(config, ""):
        for requirement, is_met in group.requirements().items():
            if not is_met:
                raise InputError(f"{where}{requirement}")


def _groups(group: Settings, where: str) -> Iterator[tuple[str, Settings]]:
    """A group of settings and all groups inside it, each with its prefix."""
    yield where, group
    for each in dataclasses.fields(group):
        value = getattr(group, each.name)
        if isinstance(value, Settings):
            yield from _groups(value, f"{where}{each.name}.")
