"""Fully connected networks, for images of any shape."""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from vaelab.config import MlpConfig
from vaelab.models.networks.class_linear import ClassLinear
from vaelab.models.networks.contract import (
    ImageShape,
    Network,
    activation,
    require_positive,
    with_condition,
)


class MlpEncoder(nn.Module):
    """Pixels and condition, concatenated, through hidden layers."""

    def __init__(
        self, config: MlpConfig, shape: ImageShape, condition_size: int, output_size: int
    ) -> None:
        super().__init__()
        require_positive("widths", config.widths)
        self.hidden = _hidden_layers((shape.pixels + condition_size, *config.widths), config)
        self.output = ClassLinear(config.widths[-1] + condition_size, output_size, condition_size)

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B P"]:
        """The posterior's parameters."""
        hidden = self.hidden(with_condition(x.flatten(1), condition))
        encoded: Tensor = self.output(with_condition(hidden, condition))
        return encoded


class MlpDecoder(nn.Module):
    """The encoder's widths in reverse."""

    def __init__(
        self, config: MlpConfig, shape: ImageShape, input_size: int, condition_size: int
    ) -> None:
        super().__init__()
        widths = tuple(reversed(config.widths))
        self.hidden = _hidden_layers((input_size, *widths), config, condition_size)
        self.output = nn.Linear(widths[-1], shape.pixels)
        self.shape = shape

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B C H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.output(self.hidden(code))
        return pixels.view(-1, self.shape.channels, self.shape.height, self.shape.width)


def _hidden_layers(
    sizes: tuple[int, ...], config: MlpConfig, condition_size: int = 0
) -> nn.Sequential:
    """Layers of those sizes; the first is bent by the condition among its inputs."""
    layers: list[nn.Module] = [
        ClassLinear(sizes[0], sizes[1], condition_size),
        activation(config.activation),
    ]
    for inputs, outputs in pairwise(sizes[1:]):
        layers += [nn.Linear(inputs, outputs), activation(config.activation)]
    return nn.Sequential(*layers)


MLP = Network(encoder=MlpEncoder, decoder=MlpDecoder)
