"""Settings of a vector-quantized VAE."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from vaelab.config import LikelihoodConfig, ModelConfig
from vaelab.models.likelihoods.config import BernoulliConfig
from vaelab.parts import MOST_LAYERS, Part, PartConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class CodePriorConfig(PartConfig):
    """Settings of a prior over grids of codes."""

    TABLE: ClassVar[str] = "vaelab.models.vq.config:CODE_PRIORS"


@dataclass(frozen=True, kw_only=True, slots=True)
class UniformConfig(CodePriorConfig):
    """All codes are independent and equally likely."""

    kind: Literal["uniform"] = "uniform"


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoregressiveConfig(CodePriorConfig):
    """Each code depends on those above it and to its left: masked convolutions (PixelCNN)."""

    kind: Literal["autoregressive"] = "autoregressive"
    channels: int = 64
    """channels of each layer"""
    layers: int = 5
    """residual layers of masked convolutions"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "channels must be at least 1": self.channels >= 1,
            f"layers must lie in 1 to {MOST_LAYERS}": 1 <= self.layers <= MOST_LAYERS,
        }


CODE_PRIORS: dict[str, Part] = {
    "uniform": Part(UniformConfig, "vaelab.models.vq.priors:Uniform"),
    "autoregressive": Part(AutoregressiveConfig, "vaelab.models.vq.priors:Autoregressive"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class VqVaeConfig(ModelConfig):
    """A vector-quantized VAE: a grid of entries of a learned codebook."""

    kind: Literal["vq-vae"] = "vq-vae"
    codebook_size: int = 128
    """entries of the codebook"""
    code_size: int = 16
    """numbers in an entry"""
    channels: tuple[int, ...] = (32, 64)
    """channels after each halving of the image"""
    likelihood: LikelihoodConfig = field(default_factory=BernoulliConfig)
    prior: CodePriorConfig = field(default_factory=UniformConfig)

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "codebook_size must be at least 2": self.codebook_size >= 2,
            "code_size must be at least 1": self.code_size >= 1,
            "channels must be at least 1": min(self.channels) >= 1,
        }
