"""Convolutional networks between images and grids of vectors.

Letters in shapes: B batch, C channels, H height, W width, E numbers in a vector, I rows, J columns.
"""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.conv import KERNEL, PADDING, STRIDE, halved_sizes

_BLOCKS = 2


class ConvBlock(nn.Module):
    """h + convolution(activation(h))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)
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
        for before, after in pairwise((shape.channels, *channels)):
            layers += [nn.Conv2d(before, after, KERNEL, STRIDE, PADDING), nn.SiLU()]
        layers += [ConvBlock(channels[-1]) for _ in range(_BLOCKS)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels[-1], code_size, 1))

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B E I J"]:
        """The vectors before quantization."""
        vectors: Tensor = self.layers(x)
        return vectors


class GridDecoder(nn.Module):
    """A grid of vectors to an image."""

    def __init__(self, channels: tuple[int, ...], shape: ImageShape, code_size: int) -> None:
        super().__init__()
        sizes = halved_sizes(channels, shape)
        layers: list[nn.Module] = [nn.Conv2d(code_size, channels[-1], 1)]
        layers += [ConvBlock(channels[-1]) for _ in range(_BLOCKS)]
        widths = (*reversed(channels), shape.channels)
        for (before, after), (small, large) in zip(
            pairwise(widths), pairwise(reversed(sizes)), strict=True
        ):
            missing = (large[0] - STRIDE * small[0], large[1] - STRIDE * small[1])
            layers += [
                nn.SiLU(),
                nn.ConvTranspose2d(before, after, KERNEL, STRIDE, PADDING, missing),
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, vectors: Float[Tensor, "B E I J"]) -> Float[Tensor, "B C H W"]:
        """Unbounded pixels."""
        pixels: Tensor = self.layers(vectors)
        return pixels
