"""The networks of a deep hierarchy: features of the image, and one level of latent variables.

Letters in shapes: B batch, C channels, H height, W width, F channels of features, h and w their
rows and columns, L channels of a grid of latent variables, D = L h w, P channels decoded.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional

from vaelab.models.condition_layers import ConditionLayers, with_condition_planes
from vaelab.models.ladder.config import LadderConfig
from vaelab.models.networks.folding import FOLD
from vaelab.models.posteriors import DiagonalGaussian

Features = list[Tensor]


class Size(NamedTuple):
    """Of features: channels, rows and columns."""

    channels: int
    rows: int
    columns: int


class Residual(nn.Module):
    """h + conv(silu(h)), which starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)

    def initialize(self, generator: Generator) -> None:
        """Start as the identity; nothing is drawn."""
        for weights in self.convolution.parameters():
            nn.init.zeros_(weights)

    def forward(self, h: Float[Tensor, "B F h w"]) -> Float[Tensor, "B F h w"]:
        """The features, refined."""
        refined: Tensor = h + self.convolution(functional.silu(h))
        return refined


def residuals(channels: int, count: int) -> nn.Sequential:
    """So many residual convolutions."""
    return nn.Sequential(*(Residual(channels) for _ in range(count)))


def halving(before: int, after: int) -> nn.Sequential:
    """Half the rows and columns."""
    return nn.Sequential(nn.PixelUnshuffle(FOLD), nn.Conv2d(before * FOLD**2, after, 3, padding=1))


def doubling(before: int, after: int) -> nn.Sequential:
    """Twice the rows and columns."""
    return nn.Sequential(
        nn.SiLU(), nn.Conv2d(before, after * FOLD**2, 3, padding=1), nn.PixelShuffle(FOLD)
    )


class GridLevel(nn.Module):
    """A grid of latent variables between two states h of the decoder.

    The posterior is given relative to the prior, so that it starts near it: Vahdat and Kautz 2020
    (arXiv:2007.03898), equation 10.

    Args:
        size: of h and of the image's features.
        latent_channels: L.
        blocks: residual convolutions after the level.
    """

    def __init__(self, size: Size, latent_channels: int, blocks: int) -> None:
        super().__init__()
        channels = size.channels
        self.shape = (latent_channels, size.rows, size.columns)
        self.prior = nn.Conv2d(channels, 2 * latent_channels, 3, padding=1)
        self.posterior = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1),
            Residual(channels),
            nn.SiLU(),
            nn.Conv2d(channels, 2 * latent_channels, 1),
        )
        self.merge = nn.Conv2d(latent_channels, channels, 1)
        self.after = residuals(channels, blocks)

    def prior_of(self, h: Float[Tensor, "B F h w"]) -> DiagonalGaussian:
        """p(z_l | z_<l)."""
        return _gaussian(self.prior(functional.silu(h)))

    def posterior_of(
        self,
        h: Float[Tensor, "B F h w"],
        features: Float[Tensor, "B F h w"],
        prior: DiagonalGaussian,
    ) -> DiagonalGaussian:
        """q(z_l | z_<l, x)."""
        relative = _gaussian(self.posterior(torch.cat([h, features], 1)))
        return DiagonalGaussian(
            prior.mean + relative.mean, prior.log_variance + relative.log_variance
        )

    def merged(
        self, h: Float[Tensor, "B F h w"], z: Float[Tensor, "B D"]
    ) -> Float[Tensor, "B F h w"]:
        """The state with this level's latent variables."""
        refined: Tensor = self.after(h + self.merge(z.unflatten(1, self.shape)))
        return refined


class Encoder(nn.Module):
    """Features of the image after each halving, and the parameters of the vector's posterior."""

    def __init__(
        self, config: LadderConfig, channels: int, sizes: list[Size], layers: ConditionLayers
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(halving(before, size.channels), residuals(size.channels, config.blocks))
            for before, size in zip([channels, *config.channels], sizes, strict=False)
        )
        self.output = layers.encoder_output(math.prod(sizes[-1]), 2 * config.top_size)

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> tuple[Features, Float[Tensor, "B T2"]]:
        """The features, largest first, and the parameters."""
        x = with_condition_planes(x, condition)
        features = list[Tensor]()
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features, self.output(functional.silu(x).flatten(1), condition)


class Stage(nn.Module):
    """The levels at one size of the decoder, and the way to the next size."""

    def __init__(self, config: LadderConfig, size: Size, levels: int, channels: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            GridLevel(size, config.latent_channels, config.blocks) for _ in range(levels)
        )
        self.refine = residuals(size.channels, config.blocks)
        self.enlarge = doubling(size.channels, channels)

    def forward(self, h: Float[Tensor, "B F h w"]) -> Tensor:
        """The state at the next size."""
        enlarged: Tensor = self.enlarge(self.refine(h))
        return enlarged


def _gaussian(parameters: Float[Tensor, "B L2 h w"]) -> DiagonalGaussian:
    return DiagonalGaussian.from_encoded(parameters.flatten(1))
