"""Wide layers with residual connections, for images of any shape: the flagship's network.

    h = input(x)
    h = h + linear(activation(h))        for each block
    output(activation(h))

One matrix product a block, so that all the work is in large products, which every processor
does at its best rate. Blocks start at zero: the untrained network is shallow, depth is learned.
"""

from jaxtyping import Float
from torch import Generator, Tensor, nn

from vaelab.config import ResidualConfig
from vaelab.models.networks.class_linear import ClassLinear
from vaelab.models.networks.contract import (
    ImageShape,
    Network,
    activation,
    require_positive,
    with_condition,
)


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
        self, config: ResidualConfig, shape: ImageShape, condition_size: int, output_size: int
    ) -> None:
        super().__init__()
        self.layers = _layers(config, nn.Linear(shape.pixels + condition_size, config.width))
        self.output = ClassLinear(config.width + condition_size, output_size, condition_size)

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B P"]:
        """The posterior's parameters."""
        hidden = self.layers(with_condition(x.flatten(1), condition))
        encoded: Tensor = self.output(with_condition(hidden, condition))
        return encoded


class ResidualDecoder(nn.Module):
    """The same layers from code to pixels."""

    def __init__(
        self, config: ResidualConfig, shape: ImageShape, input_size: int, condition_size: int
    ) -> None:
        super().__init__()
        self.layers = _layers(config, ClassLinear(input_size, config.width, condition_size))
        self.output = nn.Linear(config.width, shape.pixels)
        self.shape = shape

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B C H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.output(self.layers(code))
        return pixels.view(-1, self.shape.channels, self.shape.height, self.shape.width)


def _layers(config: ResidualConfig, first: nn.Linear) -> nn.Sequential:
    require_positive("width", (config.width,))
    require_positive("blocks", (config.blocks,))
    return nn.Sequential(
        first,
        *(ResidualBlock(config) for _ in range(config.blocks)),
        activation(config.activation),
    )


RESIDUAL = Network(encoder=ResidualEncoder, decoder=ResidualDecoder)
