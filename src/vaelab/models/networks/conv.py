"""Stride-2 convolutions and, mirrored, transposed ones, for images of any shape."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from vaelab.errors import InputError
from vaelab.formatting import counted
from vaelab.models.condition_layers import ConditionLayers, with_condition_planes
from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.config import ConvConfig
from vaelab.models.networks.network import Network, activation

# Kernel 4 at stride 2 covers every input equally often, which avoids checkerboard patterns.
KERNEL, STRIDE, PADDING = 4, 2, 1


class ConvEncoder(nn.Module):
    """Image and condition (a constant plane for each class) through halvings to a vector."""

    def __init__(
        self, config: ConvConfig, shape: ImageShape, layers: ConditionLayers, outputs: int
    ) -> None:
        super().__init__()
        height, width = halved_sizes(config.channels, shape)[-1]
        convolutions: list[nn.Module] = []
        for halving in halvings(config.channels, shape.channels + layers.size):
            convolutions += [halving, activation(config.activation)]
        self.convolutions = nn.Sequential(*convolutions)
        self.output = layers.encoder_output(config.channels[-1] * height * width, outputs)

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B P"]:
        """The posterior's parameters."""
        features = self.convolutions(with_condition_planes(x, condition))
        encoded: Tensor = self.output(features.flatten(1), condition)
        return encoded


class ConvDecoder(nn.Module):
    """A vector through doublings to an image, each the mirror of a halving."""

    def __init__(
        self,
        config: ConvConfig,
        shape: ImageShape,
        layers: ConditionLayers,
        code_size: int,
        channels: int,
    ) -> None:
        super().__init__()
        sizes = halved_sizes(config.channels, shape)
        self.smallest = (config.channels[-1], *sizes[-1])
        self.input = nn.Sequential(
            layers.decoder_input(code_size, config.channels[-1] * sizes[-1][0] * sizes[-1][1]),
            activation(config.activation),
        )
        convolutions: list[nn.Module] = []
        for doubling in doublings(config.channels, replace(shape, channels=channels)):
            convolutions += [doubling, activation(config.activation)]
        self.convolutions = nn.Sequential(*convolutions[:-1])

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B P H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.convolutions(self.input(code).view(-1, *self.smallest))
        return pixels


def halvings(channels: tuple[int, ...], image_channels: int) -> list[nn.Conv2d]:
    """Convolutions that halve height and width, from the image to `channels`."""
    widths = pairwise((image_channels, *channels))
    return [nn.Conv2d(before, after, KERNEL, STRIDE, PADDING) for before, after in widths]


def doublings(channels: tuple[int, ...], shape: ImageShape) -> list[nn.ConvTranspose2d]:
    """Transposed convolutions from the smallest size back to the image, mirroring the halvings."""
    widths = pairwise((*reversed(channels), shape.channels))
    sizes = pairwise(reversed(halved_sizes(channels, shape)))
    return [
        # An odd size is rounded down when it is halved; padding restores it.
        nn.ConvTranspose2d(
            before,
            after,
            KERNEL,
            STRIDE,
            PADDING,
            output_padding=(large[0] - STRIDE * small[0], large[1] - STRIDE * small[1]),
        )
        for (before, after), (small, large) in zip(widths, sizes, strict=True)
    ]


def halved_sizes(channels: tuple[int, ...], shape: ImageShape) -> list[tuple[int, int]]:
    """Height and width before the first and after each halving."""
    sizes = [(shape.height, shape.width)]
    for _ in channels:
        sizes.append((sizes[-1][0] // STRIDE, sizes[-1][1] // STRIDE))
    if min(sizes[-1]) < 1:
        most = min(shape.height, shape.width).bit_length() - 1
        shorter = f"give channels at most {counted(most, 'entry', 'entries')}, or " if most else ""
        raise InputError(
            f"images of {shape.height} x {shape.width} pixels cannot be halved "
            f"{counted(len(channels), 'time')}, once for each entry of channels; {shorter}"
            "choose a preset with fully connected networks, such as mlp-vae or cvae"
        )
    return sizes


def build(config: ConvConfig, shape: ImageShape, layers: ConditionLayers) -> Network:
    """Encoder and decoder builders for images of that shape."""
    return Network(
        partial(ConvEncoder, config, shape, layers), partial(ConvDecoder, config, shape, layers)
    )
