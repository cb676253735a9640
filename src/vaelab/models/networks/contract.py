"""What every network offers, and what it is told of the images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from vaelab.errors import InputError, entry

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


@dataclass(frozen=True, slots=True)
class ImageShape:
    """Channels, height and width of one image."""

    channels: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Numbers in one image."""
        return self.channels * self.height * self.width


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """A pair of builders, each given its configuration first.

    Attributes:
        encoder: (config, shape, condition_size, output_size) to a module that takes images
            (B, C, H, W) and conditions (B, condition_size) and gives (B, output_size).
        decoder: (config, shape, input_size, condition_size) to a module that takes
            (B, input_size), the last condition_size of them the condition, and gives
            (B, C, H, W), unbounded.
    """

    encoder: Callable[[Any, ImageShape, int, int], nn.Module]
    decoder: Callable[[Any, ImageShape, int, int], nn.Module]


@runtime_checkable
class SelfInitializing(Protocol):
    """A module whose weights do not start at PyTorch's default."""

    def initialize(self, generator: Generator) -> None:
        """Set its weights, drawing from `generator`."""
        ...


def with_condition(
    features: Float[Tensor, "B F *M"], condition: Float[Tensor, "B K *M"]
) -> Float[Tensor, "B FK *M"]:
    """Features and condition side by side; the features themselves, uncopied, where K is 0."""
    return torch.cat([features, condition], 1) if condition.shape[1] else features


def activation(name: str) -> nn.Module:
    """The activation of that name.

    Raises:
        InputError: if there is none.
    """
    return entry("activation", name, ACTIVATIONS)()


def require_positive(name: str, values: tuple[int, ...]) -> None:
    """Refuse layers without units.

    Raises:
        InputError: naming the setting.
    """
    if min(values) < 1:
        raise InputError(f"model.network.{name} must be at least 1, found {min(values)}")
