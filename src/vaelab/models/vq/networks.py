"""Convolutional networks between images and grids of vectors.

Letters in shapes: B batch, C channels, H height, W width, E numbers in a vector, I rows, J columns.
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.conv import doublings, halvings

_BLOCKS = 2


class ResidualBlock(nn.Module):
    """h + convolutions(activation(h)).

    Args:
        convolution: from `channels` to as many, without a change of size.
        channels: of h.
    """

    def __init__(self, convolution: nn.Conv2d, channels: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, hidden: Float[Tensor, "B C I J"]) -> Float[Tensor, "B C I J"]:
        """The features with the residual added."""
        inner = functional.silu(self.convolution(functional.silu(hidden)))
        refined: Tensor = hidden + self.mix(inner)
        return refined


class GridEncoder(nn.Module):
    """An image to a grid of vectors."""

    def __init__(self, channels: tuple[int, ...], shape: ImageShape, code_size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for halving in halvings(channels, shape.channels):
            layers += [halving, nn.SiLU()]
        layers += _blocks(channels[-1])
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels[-1], code_size, 1))

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B E I J"]:
        """The vectors before quantization."""
        vectors: Tensor = self.layers(x)
        return vectors


class GridDecoder(nn.Module):
    """A grid of vectors to an image."""

    def __init__(self, channels: tuple[int, ...], shape: ImageShape, code_size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(code_size, channels[-1], 1)]
        layers += _blocks(channels[-1])
        for doubling in doublings(channels, shape):
            layers += [nn.SiLU(), doubling]
        self.layers = nn.Sequential(*layers)

    def forward(self, vectors: Float[Tensor, "B E I J"]) -> Float[Tensor, "B C H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.layers(vectors)
        return pixels


def _blocks(channels: int) -> list[ResidualBlock]:
    return [
        ResidualBlock(nn.Conv2d(channels, channels, 3, padding=1), channels) for _ in range(_BLOCKS)
    ]
