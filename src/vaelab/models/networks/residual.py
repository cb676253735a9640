"""Wide layers with residual connections, for images of any shape: the flagship's network.

    h = input(x)
    h = h + linear(activation(h))        for each block
    output(activation(h))

Each block is one large matrix product, which processors compute at their highest rate. Blocks start
at zero: the untrained network is shallow, and training makes use of its depth.
"""

import math
from functools import partial

from jaxtyping import Float
from torch import Generator, Tensor, nn

from vaelab.models.condition_layers import ConditionLayers, with_condition
from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.config import ResidualConfig
from vaelab.models.networks.network import Network, activation


class ResidualBlock(nn.Module):
    """h + linear(activation(h))."""

    def __init__(self, config: ResidualConfig) -> None:
        super().__init__()
        self.activation = activation(config.activation)
        self.linear = nn.Linear(config.width, config.width)

    def initialize(self, generator: Generator) -> None:
        """Start as the identity; nothing is drawn."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, hidden: Float[Tensor, "B F"]) -> Float[Tensor, "B F"]:
        """The features, refined."""
        refined: Tensor = hidden + self.linear(self.activation(hidden))
        return refined


class ResidualEncoder(nn.Module):
    """Pixels and condition, concatenated, through the blocks."""

    def __init__(
        self, config: ResidualConfig, shape: ImageShape, layers: ConditionLayers, outputs: int
    ) -> None:
        super().__init__()
        self.layers = _layers(config, nn.Linear(shape.pixels + layers.size, config.width))
        self.output = layers.encoder_output(config.width, outputs)

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B P"]:
        """The posterior's parameters."""
        hidden = self.layers(with_condition(x.flatten(1), condition))
        encoded: Tensor = self.output(hidden, condition)
        return encoded


class ResidualDecoder(nn.Module):
    """The same layers from code to pixels."""

    def __init__(
        self,
        config: ResidualConfig,
        shape: ImageShape,
        layers: ConditionLayers,
        code_size: int,
        channels: int,
    ) -> None:
        super().__init__()
        self.size = (channels, shape.height, shape.width)
        self.layers = _layers(config, layers.decoder_input(code_size, config.width))
        self.output = nn.Linear(config.width, math.prod(self.size))

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B P H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.output(self.layers(code))
        return pixels.view(-1, *self.size)


def _layers(config: ResidualConfig, first: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        first,
        *(ResidualBlock(config) for _ in range(config.blocks)),
        activation(config.activation),
    )


def build(config: ResidualConfig, shape: ImageShape, layers: ConditionLayers) -> Network:
    """Encoder and decoder builders for images of that shape."""
    return Network(
        partial(ResidualEncoder, config, shape, layers),
        partial(ResidualDecoder, config, shape, layers),
    )
