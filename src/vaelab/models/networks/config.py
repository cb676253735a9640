"""Settings of the networks."""

from dataclasses import dataclass
from typing import Literal

from vaelab.config import NetworkConfig
from vaelab.parts import MOST_LAYERS


@dataclass(frozen=True, kw_only=True, slots=True)
class MlpConfig(NetworkConfig):
    """Fully connected layers; the decoder mirrors the encoder."""

    kind: Literal["mlp"] = "mlp"
    widths: tuple[int, ...] = (400,)
    """hidden widths of the encoder"""
    activation: str = "relu"
    """relu, silu or gated"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"widths must be at least 1": min(self.widths) >= 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvConfig(NetworkConfig):
    """Stride-2 convolutions, mirrored by transposed ones."""

    kind: Literal["conv"] = "conv"
    channels: tuple[int, ...] = (32, 64)
    """channels after each halving of the image"""
    activation: str = "relu"
    """relu or silu"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"channels must be at least 1": min(self.channels) >= 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidualConvConfig(NetworkConfig):
    """Residual convolutions at each halving of the image, mirrored in the decoder."""

    kind: Literal["residual-conv"] = "residual-conv"
    channels: tuple[int, ...] = (32, 64)
    """channels after each halving of the image"""
    blocks: int = 1
    """residual blocks after each halving"""
    activation: str = "silu"
    """relu or silu"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "channels must be at least 1": min(self.channels) >= 1,
            f"blocks must lie in 0 to {MOST_LAYERS}": 0 <= self.blocks <= MOST_LAYERS,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidualConfig(NetworkConfig):
    """Wide layers with residual connections, in encoder and decoder."""

    kind: Literal["residual"] = "residual"
    width: int = 1024
    """units of each layer"""
    blocks: int = 1
    """residual layers"""
    activation: str = "silu"
    """relu or silu"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "width must be at least 1": self.width >= 1,
            f"blocks must lie in 1 to {MOST_LAYERS}": 1 <= self.blocks <= MOST_LAYERS,
        }
