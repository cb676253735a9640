"""Fully connected networks, for images of any shape."""

import math
from collections.abc import Callable
from functools import partial

from jaxtyping import Float
from torch import Tensor, nn

from vaelab.models.condition_layers import ConditionLayers, with_condition
from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.config import MlpConfig
from vaelab.models.networks.network import Network, units


class MlpEncoder(nn.Module):
    """Pixels and condition, concatenated, through hidden layers."""

    def __init__(
        self, config: MlpConfig, shape: ImageShape, layers: ConditionLayers, outputs: int
    ) -> None:
        super().__init__()
        self.hidden = _hidden_layers(
            config.widths, config, lambda width: nn.Linear(shape.pixels + layers.size, width)
        )
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
        self,
        config: MlpConfig,
        shape: ImageShape,
        layers: ConditionLayers,
        code_size: int,
        channels: int,
    ) -> None:
        super().__init__()
        self.size = (channels, shape.height, shape.width)
        widths = tuple(reversed(config.widths))
        self.hidden = _hidden_layers(
            widths, config, lambda width: layers.decoder_input(code_size, width)
        )
        self.output = nn.Linear(widths[-1], math.prod(self.size))

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B P H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.output(self.hidden(code))
        return pixels.view(-1, *self.size)


def _hidden_layers(
    widths: tuple[int, ...], config: MlpConfig, first: Callable[[int], nn.Module]
) -> nn.Sequential:
    """Layers of these widths; `first` makes the first of them from the number of its outputs."""
    layers: list[nn.Module] = []
    linear = first
    for width in widths:
        outputs, activation = units(config.activation, width)
        layers += [linear(outputs), activation]
        linear = partial(nn.Linear, width)
    return nn.Sequential(*layers)


def build(config: MlpConfig, shape: ImageShape, layers: ConditionLayers) -> Network:
    """Encoder and decoder builders for images of that shape."""
    return Network(
        partial(MlpEncoder, config, shape, layers), partial(MlpDecoder, config, shape, layers)
    )
