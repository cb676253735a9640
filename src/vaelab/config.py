"""Everything that a run is made from: frozen dataclasses, without torch, so that help is instant.

The docstring below a field is its help on the command line. Where a choice brings settings of its
own (a network, a prior, a schedule), each alternative is a class of its own that `kind` names, so
that no setting exists where it would do nothing.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vaelab.errors import InputError, unknown_name

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
    split_seed: int = 0
    """seed of the split into training and validation images"""
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
    dropout: float = 0.0
    """share of the encoder's hidden units dropped in training"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvConfig:
    """Stride-2 convolutions, mirrored by transposed ones."""

    kind: Literal["conv"] = "conv"
    channels: tuple[int, ...] = (32, 64)
    """channels after each halving of the image"""
    activation: str = "relu"
    """relu or silu"""


NetworkConfig = MlpConfig | ConvConfig


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
    """images per step, over all processes together"""
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


def check(config: Config) -> None:
    """Refuse settings that no run could follow.

    Raises:
        InputError: naming the field, what it may be and what it is.
    """
    training, data, model = config.training, config.data, config.model
    demands = {
        "training.epochs must be at least 1": training.epochs >= 1,
        "training.batch_size must be at least 1": training.batch_size >= 1,
        "training.learning_rate must be above 0": training.learning_rate > 0,
        "training.weight_decay must not be negative": training.weight_decay >= 0,
        "training.preview_every_epochs must not be negative": training.preview_every_epochs >= 0,
        "training.gradient_clip_norm must be above 0": (training.gradient_clip_norm or 1) > 0,
        "training.ema_decay must lie in (0, 1)": 0 < (training.ema_decay or 0.5) < 1,
        "data.validation_fraction must lie in (0, 1)": 0 < data.validation_fraction < 1,
        "model.latent_size must be at least 1": model.latent_size >= 1,
        "an autoencoder has no KL: it needs objective.kind=reconstruction, a vae needs elbo": (
            (model.kind == "autoencoder") == (config.objective.kind == "reconstruction")
        ),
    }
    if isinstance(config.objective, ElboConfig):
        demands["objective.beta must not be negative"] = config.objective.beta >= 0
        demands["objective.free_bits_nats must not be negative"] = (
            config.objective.free_bits_nats >= 0
        )
    for demand, is_met in demands.items():
        if not is_met:
            raise InputError(demand)


def to_dict(config: Config) -> dict[str, Any]:
    """Plain values for JSON, with the schema version."""
    return {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(config)}


def from_dict(values: Mapping[str, Any]) -> Config:
    """The inverse of `to_dict`.

    Raises:
        InputError: on another schema version, an unknown field or a value of the wrong type.
    """
    version = values.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError(
            f"configuration of schema version {version!r}, this vaelab reads {SCHEMA_VERSION}"
        )
    fields = {name: value for name, value in values.items() if name != "schema_version"}
    config: Config = _read(Config, fields, "")
    check(config)
    return config


def with_settings(config: Config, settings: Mapping[str, str]) -> Config:
    """`config` with fields replaced, named and written as on the command line.

    `{"training.epochs": "3", "model.network.widths": "512,256", "model.prior": "mixture"}`: a
    dotted name reaches inside, a list is separated by commas, `none` clears an optional field,
    and naming a `kind` takes that alternative with its own defaults.

    Raises:
        InputError: on an unknown field or a value of the wrong type, naming the nearest field.
    """
    # Alternatives first, so that settings inside them find their fields whatever the order.
    for name in sorted(settings, key=lambda name: (name.count("."), name)):
        config = _with_setting(config, name.removesuffix(".kind"), settings[name])
    check(config)
    return config


def _with_setting(config: Config, name: str, text: str) -> Config:
    values = dataclasses.asdict(config)
    *parents, last = name.split(".")
    inner = values
    for depth, parent in enumerate(parents):
        inner = _descend(inner, parent, ".".join(parents[:depth]))
    _require_field(inner, last, ".".join(parents))
    if not isinstance(inner[last], dict):
        inner[last] = text
    elif "kind" not in inner[last]:
        raise InputError(f"{name} is a group: set one of its fields, {', '.join(inner[last])}")
    elif inner[last]["kind"] != text:
        inner[last] = {"kind": text}
    changed: Config = _read(Config, values, "")
    return changed


def differences(mine: Config, other: Config) -> list[str]:
    """The dotted names of the fields in which two configurations differ, with both values."""
    left, right = _flat(dataclasses.asdict(mine)), _flat(dataclasses.asdict(other))
    return [
        f"{name}: {left.get(name)} / {right.get(name)}"
        for name in sorted(left.keys() | right.keys())
        if left.get(name) != right.get(name)
    ]


def describe_fields(config: Config) -> list[tuple[str, str]]:
    """The dotted name and value of every field, as `--set` takes them."""
    return [(name, _as_text(value)) for name, value in _flat(dataclasses.asdict(config)).items()]


def _as_text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _require_field(values: Mapping[str, Any], name: str, where: str) -> None:
    if name not in values:
        raise unknown_name(f"field of {where or 'the configuration'}", name, values)


def _descend(values: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    _require_field(values, name, where)
    inner = values[name]
    if not isinstance(inner, dict):
        raise InputError(f"{where + '.' if where else ''}{name} has no fields inside it")
    return inner


def _read(annotation: Any, value: Any, where: str) -> Any:
    """`value`, from JSON or as text from the command line, as what `annotation` asks for."""
    if dataclasses.is_dataclass(annotation):
        return _read_dataclass(annotation, value, where)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _read_union(typing.get_args(annotation), value, where)
    if typing.get_origin(annotation) is Literal:
        (only,) = typing.get_args(annotation)
        if value != only:
            raise unknown_name(where, str(value), [only])
        return only
    if typing.get_origin(annotation) is tuple:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not items:
            raise _ill_typed(where, "integers separated by commas", value)
        return tuple(_read(int, item, where) for item in items)
    return _read_scalar(annotation, value, where)


def _read_dataclass(annotation: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _ill_typed(where, "a group of fields", value)
    hints = typing.get_type_hints(annotation)
    for name in value:
        _require_field(hints, name, where)
    inner = f"{where}." if where else ""
    return annotation(**{name: _read(hints[name], value[name], inner + name) for name in value})


def _read_union(members: tuple[Any, ...], value: Any, where: str) -> Any:
    if type(None) in members:
        if value is None or value == "none":
            return None
        (member,) = (member for member in members if member is not type(None))
        return _read(member, value, where)
    if not isinstance(value, Mapping):
        raise _ill_typed(where, "a group of fields", value)
    by_kind = {member.__dataclass_fields__["kind"].default: member for member in members}
    kind = value.get("kind")
    if kind not in by_kind:
        raise unknown_name(where, str(kind), by_kind)
    return _read(by_kind[kind], value, where)


_TRUTH = {"true": True, "false": False}


def _read_scalar(kind: type, value: Any, where: str) -> Any:
    """A bool, int, float or str; from JSON by its type, from text by its form."""
    if kind is bool and isinstance(value, str):
        value = _TRUTH.get(value.lower(), value)
    elif kind in (int, float) and isinstance(value, str):
        try:
            value = kind(value)
        except ValueError:
            raise _ill_typed(where, kind.__name__, value) from None
    elif kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (kind is float and not abs(value) < float("inf")):
        raise _ill_typed(where, kind.__name__, value)
    return value


def _ill_typed(where: str, expected: str, found: Any) -> InputError:
    return InputError(f"{where} takes {expected}, found {found!r}")
