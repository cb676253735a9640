"""Fully connected networks, for images of any shape."""

from functools import partial
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from vaelab.models.condition_layers import ConditionLayers, with_condition
from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.config import MlpConfig
from vaelab.models.networks.network import Network, activation


class MlpEncoder(nn.Module):
    """Pixels and condition, concatenated, through hidden layers."""

    def __init__(
        self, config: MlpConfig, shape: ImageShape, layers: ConditionLayers, outputs: int
    ) -> None:
        super().__init__()
        first = nn.Linear(shape.pixels + layers.size, config.widths[0])
        self.hidden = _hidden_layers(first, config.widths, config)
        self.output = layers.encoder_output(config.widths[-1], outputs)

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B P"]:
        """The posterior's parameters."""
        hidden = self.hidden(with_condition(x.flatten(1), condition))
        encoded: Tensor = self.output(hidden, condition)
        return encoded


class MlpDecoder(nn.Module):
    """The encoder's widths in reverse."""

    def __init__(
        self, config: MlpConfig, shape: ImageShape, layers: ConditionLayers, code_size: int
    ) -> None:
        super().__init__()
        widths = tuple(reversed(config.widths))
        first = layers.decoder_input(code_size, widths[0])
        self.hidden = _hidden_layers(first, widths, config)
        self.output = nn.Linear(widths[-1], shape.pixels)
        self.shape = shape

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B C H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.output(self.hidden(code))
        return pixels.view(-1, self.shape.channels, self.shape.height, self.shape.width)


def _hidden_layers(first: nn.Module, widths: tuple[int, ...], config: MlpConfig) -> nn.Sequential:
    layers: list[nn.Module] = [first, activation(config.activation)]
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation(config.activation)]
    return nn.Sequential(*layers)


def build(config: MlpConfig, shape: ImageShape, layers: ConditionLayers) -> Network:
    """Encoder and decoder builders for images of that shape."""
    return Network(
        partial(MlpEncoder, config, shape, layers), partial(MlpDecoder, config, shape, layers)
    )
