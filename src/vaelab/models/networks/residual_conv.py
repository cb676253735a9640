"""Residual convolutions at each halving of the image, for images of any shape.

Pixels are folded into channels and back (2 x 2 pixels to 4 channels), so that every convolution
has many channels and none runs at the full size of the image, where one channel in or out makes
it slow.

Letters in shapes: B batch, C channels, H height, W width, P outputs, I size of code and condition,
K classes, F channels of features, h and w height and width of features.
"""

import math
from functools import partial
from itertools import pairwise

from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional

from vaelab.models.condition_layers import ConditionLayers, with_condition_planes
from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.config import ResidualConvConfig
from vaelab.models.networks.folding import FOLD, folded_sizes, padding
from vaelab.models.networks.network import Network, activation, channels_last


class ConvBlock(nn.Module):
    """h + conv(activation(conv(activation(h)))), 3 x 3 convolutions."""

    def __init__(self, channels: int, config: ResidualConvConfig) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = activation(config.activation)

    def initialize(self, generator: Generator) -> None:
        """Start as the identity; nothing is drawn."""
        for weights in self.last.parameters():
            nn.init.zeros_(weights)

    def forward(self, h: Float[Tensor, "B F h w"]) -> Float[Tensor, "B F h w"]:
        """The features, refined."""
        refined: Tensor = h + self.last(self.activation(self.first(self.activation(h))))
        return refined


class ResidualConvEncoder(nn.Module):
    """Image and condition (a constant plane for each class) through halvings to a vector."""

    def __init__(
        self, config: ResidualConvConfig, shape: ImageShape, layers: ConditionLayers, outputs: int
    ) -> None:
        super().__init__()
        self.padding = padding(len(config.channels), shape)
        stages: list[nn.Module] = []
        for before, after in pairwise((shape.channels + layers.size, *config.channels)):
            stages += [
                nn.PixelUnshuffle(FOLD),
                nn.Conv2d(before * FOLD**2, after, 3, padding=1),
                *(ConvBlock(after, config) for _ in range(config.blocks)),
            ]
        self.stages = channels_last(nn.Sequential(*stages, activation(config.activation)))
        features = config.channels[-1] * math.prod(folded_sizes(len(config.channels), shape)[-1])
        self.output = layers.encoder_output(features, outputs)

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B P"]:
        """The posterior's parameters."""
        padded = functional.pad(with_condition_planes(x, condition), self.padding)
        features = self.stages(padded).flatten(1)
        encoded: Tensor = self.output(features, condition)
        return encoded


class ResidualConvDecoder(nn.Module):
    """A vector through doublings to an image, each the mirror of a halving."""

    def __init__(
        self,
        config: ResidualConvConfig,
        shape: ImageShape,
        layers: ConditionLayers,
        code_size: int,
        channels: int,
    ) -> None:
        super().__init__()
        self.size = (shape.height, shape.width)
        self.smallest = (config.channels[-1], *folded_sizes(len(config.channels), shape)[-1])
        self.input = layers.decoder_input(code_size, math.prod(self.smallest))
        stages: list[nn.Module] = []
        for before, after in pairwise((*reversed(config.channels), channels)):
            stages += [
                *(ConvBlock(before, config) for _ in range(config.blocks)),
                activation(config.activation),
                nn.Conv2d(before, after * FOLD**2, 3, padding=1),
                nn.PixelShuffle(FOLD),
            ]
        self.stages = channels_last(nn.Sequential(*stages))

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B P H W"]:
        """Unbounded pixels."""
        height, width = self.size
        pixels: Tensor = self.stages(self.input(code).view(-1, *self.smallest))
        return pixels[:, :, :height, :width]


def build(config: ResidualConvConfig, shape: ImageShape, layers: ConditionLayers) -> Network:
    """Encoder and decoder builders for images of that shape."""
    return Network(
        partial(ResidualConvEncoder, config, shape, layers),
        partial(ResidualConvDecoder, config, shape, layers),
    )
