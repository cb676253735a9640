"""Stride-2 convolutions and, mirrored, transposed ones, for images of any shape."""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from vaelab.config import ConvConfig
from vaelab.errors import InputError
from vaelab.models.networks.class_linear import ClassLinear
from vaelab.models.networks.contract import (
    ImageShape,
    Network,
    activation,
    require_positive,
    with_condition,
)

# Kernel 4 at stride 2 covers every input equally often, so that nothing prints a checkerboard.
KERNEL, STRIDE, PADDING = 4, 2, 1


class ConvEncoder(nn.Module):
    """Image and condition (a constant plane for each class) through halvings to a vector."""

    def __init__(
        self, config: ConvConfig, shape: ImageShape, condition_size: int, output_size: int
    ) -> None:
        super().__init__()
        height, width = _sizes(config, shape)[-1]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((shape.channels + condition_size, *config.channels)):
            layers += [
                nn.Conv2d(inputs, outputs, KERNEL, STRIDE, PADDING),
                activation(config.activation),
            ]
        self.convolutions = nn.Sequential(*layers)
        features = config.channels[-1] * height * width
        self.output = ClassLinear(features + condition_size, output_size, condition_size)

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B P"]:
        """The posterior's parameters."""
        planes = condition[:, :, None, None].expand(-1, -1, *x.shape[2:])
        features = self.convolutions(with_condition(x, planes))
        encoded: Tensor = self.output(with_condition(features.flatten(1), condition))
        return encoded


class ConvDecoder(nn.Module):
    """A vector through doublings to an image, each the mirror of a halving."""

    def __init__(
        self, config: ConvConfig, shape: ImageShape, input_size: int, condition_size: int
    ) -> None:
        super().__init__()
        sizes = _sizes(config, shape)
        self.smallest = (config.channels[-1], *sizes[-1])
        self.input = nn.Sequential(
            ClassLinear(
                input_size, config.channels[-1] * sizes[-1][0] * sizes[-1][1], condition_size
            ),
            activation(config.activation),
        )
        widths = (*reversed(config.channels), shape.channels)
        layers: list[nn.Module] = []
        for (inputs, outputs), (small, large) in zip(
            pairwise(widths), pairwise(reversed(sizes)), strict=True
        ):
            # An odd size is halved downward; one row or column more brings it back.
            missing = (large[0] - STRIDE * small[0], large[1] - STRIDE * small[1])
            layers += [
                nn.ConvTranspose2d(inputs, outputs, KERNEL, STRIDE, PADDING, missing),
                activation(config.activation),
            ]
        self.convolutions = nn.Sequential(*layers[:-1])

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B C H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.convolutions(self.input(code).view(-1, *self.smallest))
        return pixels


def _sizes(config: ConvConfig, shape: ImageShape) -> list[tuple[int, int]]:
    """Height and width before the first and after each halving."""
    require_positive("channels", config.channels)
    sizes = [(shape.height, shape.width)]
    for _ in config.channels:
        sizes.append((sizes[-1][0] // STRIDE, sizes[-1][1] // STRIDE))
    if min(sizes[-1]) < 1:
        raise InputError(
            f"images of {shape.height} x {shape.width} pixels cannot be halved "
            f"{len(config.channels)} times; give model.network.channels fewer entries"
        )
    return sizes


CONV = Network(encoder=ConvEncoder, decoder=ConvDecoder)
