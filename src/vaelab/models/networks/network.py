"""What every network provides."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from torch import Generator, nn

from vaelab.errors import entry

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


class Network(NamedTuple):
    """Builders of an encoder and of a decoder.

    Attributes:
        encoder: number of outputs O to a module that takes images (B, C, H, W) and conditions
            (B, K), and gives (B, O).
        decoder: size D of the code to a module that takes code and condition side by side
            (B, D + K), and gives (B, C, H, W), unbounded.
    """

    encoder: Callable[[int], nn.Module]
    decoder: Callable[[int], nn.Module]


@runtime_checkable
class SelfInitializing(Protocol):
    """A module whose weights do not start at PyTorch's default."""

    def initialize(self, generator: Generator) -> None:
        """Set its weights, drawing from `generator`."""
        ...


def activation(name: str) -> nn.Module:
    """The activation of that name.

    Raises:
        InputError: if there is none.
    """
    return entry("activation", name, ACTIVATIONS)()
