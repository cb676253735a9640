"""What every network provides."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import torch
from torch import Generator, nn

from vaelab.errors import entry

M = TypeVar("M", bound=nn.Module)

IMAGE_DIMENSIONS = 4

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}

# a * sigmoid(b) of two halves of the channels (Dauphin et al. 2017, arXiv:1612.08083).
GATED = "gated"


class Network(NamedTuple):
    """Builders of an encoder and of a decoder.

    Attributes:
        encoder: number of outputs O to a module that takes images (B, C, H, W) and conditions
            (B, K), and gives (B, O).
        decoder: size D of the code and number of channels P to a module that takes code and
            condition side by side (B, D + K), and gives (B, P, H, W), unbounded: what the
            likelihood needs of each pixel.
    """

    encoder: Callable[[int], nn.Module]
    decoder: Callable[[int, int], nn.Module]


@runtime_checkable
class SelfInitializing(Protocol):
    """A module whose weights do not start at PyTorch's default."""

    def initialize(self, generator: Generator) -> None:
        """Set its weights, drawing from `generator`."""
        ...


def channels_last(module: M) -> M:
    """With its weights, and so its features, in the order in which convolutions are fastest."""
    for weights in module.parameters():
        if weights.dim() == IMAGE_DIMENSIONS:
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)
    return module


def activation(name: str) -> nn.Module:
    """The activation of that name, of as many inputs as outputs.

    Raises:
        InputError: if there is none.
    """
    return entry("activation", name, ACTIVATIONS)()


def units(name: str, width: int) -> tuple[int, nn.Module]:
    """The inputs that `width` hidden units need, and the activation that gives the units.

    Raises:
        InputError: if there is no activation of that name.
    """
    if name == GATED:
        return 2 * width, nn.GLU(dim=1)
    return width, entry("activation", name, {**ACTIVATIONS, GATED: nn.GLU})()
