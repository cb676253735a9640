"""Priors over grids of codes.

Letters in shapes: B batch, I rows, J columns, K entries of the codebook, C channels.
"""

import math
from abc import abstractmethod
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn
from torch.nn import functional

from vaelab.models.code_distribution import CodeDistribution
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.models.vq.config import AutoregressiveConfig, UniformConfig
from vaelab.models.vq.networks import ResidualBlock
from vaelab.randomness import Source, drawn

Codes = Int[Tensor, "B I J"]


class CodePrior(CodeDistribution):
    """A distribution over grids of codes."""

    @abstractmethod
    def log_prob(self, codes: Codes) -> Float[Tensor, " B"]:
        """log p of each grid."""

    @abstractmethod
    def sample(self, count: int, source: Source, options: SamplingOptions = AS_FITTED) -> Codes:
        """`count` independent grids."""


class Uniform(CodePrior):
    """Independent codes, all equally likely."""

    device_of: Tensor

    def __init__(self, _config: UniformConfig, grid: tuple[int, int], codebook_size: int) -> None:
        super().__init__()
        self.grid = grid
        self.codebook_size = codebook_size
        self.register_buffer("device_of", torch.zeros(()), persistent=False)

    def log_prob(self, codes: Codes) -> Float[Tensor, " B"]:
        """-I J log K."""
        nats = math.prod(self.grid) * math.log(self.codebook_size)
        return self.device_of.new_full((len(codes),), -nats)

    def sample(self, count: int, source: Source, options: SamplingOptions = AS_FITTED) -> Codes:
        """`count` independent grids."""
        device = self.device_of.device
        return drawn(
            count,
            source,
            lambda n, g: torch.randint(
                self.codebook_size, (n, *self.grid), generator=g, device=device
            ),
        )


class MaskedConvolution(nn.Conv2d):
    """A convolution of the positions above and to the left: van den Oord et al. 2016, figure 2.

    Args:
        includes_center: whether the position itself is an input (mask B), or not (mask A).
    """

    mask: Tensor

    def __init__(self, inputs: int, outputs: int, size: int, *, includes_center: bool) -> None:
        super().__init__(inputs, outputs, size, padding=size // 2)
        center = size // 2
        mask = torch.ones(size, size)
        mask[center, center + includes_center :] = 0
        mask[center + 1 :] = 0
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Float[Tensor, "B C I J"]) -> Float[Tensor, "B D I J"]:
        """The outputs."""
        outputs: Tensor = self._conv_forward(x, self.weight * self.mask, self.bias)
        return outputs


class CodeEmbedding(nn.Module):
    """A vector for each code."""

    def __init__(self, codebook_size: int, channels: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(codebook_size, channels))

    def initialize(self, generator: Generator) -> None:
        """N(0, 1)."""
        nn.init.normal_(self.vectors, generator=generator)

    def forward(self, codes: Codes) -> Float[Tensor, "B C I J"]:
        """The vectors of a grid."""
        return self.vectors[codes].permute(0, 3, 1, 2)


class Autoregressive(CodePrior):
    """p(codes) = prod p(code | codes above and to the left): van den Oord et al. 2016.

    The PixelCNN (arXiv:1601.06759) over the codes of a VQ-VAE (arXiv:1711.00937, section 3.3).
    """

    def __init__(
        self, config: AutoregressiveConfig, grid: tuple[int, int], codebook_size: int
    ) -> None:
        super().__init__()
        self.grid = grid
        channels = config.channels
        self.embedding = CodeEmbedding(codebook_size, channels)
        self.first = MaskedConvolution(channels, channels, 7, includes_center=False)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(
                    MaskedConvolution(channels, channels, 3, includes_center=True), channels
                )
                for _ in range(config.layers)
            )
        )
        self.last = nn.Conv2d(channels, codebook_size, 1)

    def logits(self, codes: Codes) -> Float[Tensor, "B K I J"]:
        """Of each code, given those before it."""
        hidden = self.blocks(self.first(self.embedding(codes)))
        logits: Tensor = self.last(functional.silu(hidden))
        return logits

    def log_prob(self, codes: Codes) -> Float[Tensor, " B"]:
        """log p of each grid."""
        logits = self.logits(codes).float()
        return -functional.cross_entropy(logits, codes, reduction="none").flatten(1).sum(1)

    def sample(self, count: int, source: Source, options: SamplingOptions = AS_FITTED) -> Codes:
        """`count` independent grids, code after code."""
        rows, columns = self.grid
        codes = torch.zeros(count, rows, columns, dtype=torch.int64, device=self.last.weight.device)
        for row in range(rows):
            for column in range(columns):
                logits = self.logits(codes[:, : row + 1])[:, :, row, column].float()
                codes[:, row, column] = _draw(_tempered(logits, options.temperature), source)
        return codes


def _tempered(logits: Float[Tensor, "B K"], temperature: float) -> Float[Tensor, "B K"]:
    """The softmax of logits / temperature; at temperature 0 its limit, the most probable value."""
    if temperature == 0:
        return functional.one_hot(logits.argmax(1), logits.shape[1]).to(logits.dtype)
    return torch.softmax(logits / temperature, 1)


def _draw(probabilities: Float[Tensor, "B K"], source: Source) -> Int[Tensor, " B"]:
    """One index a row, by the inverse of the cumulative distribution."""
    count = len(probabilities)
    uniform: Any = drawn(
        count, source, lambda n, g: probabilities.new_empty(n, 1).uniform_(generator=g)
    )
    edges = probabilities.cumsum(1)[:, :-1].contiguous()
    return torch.searchsorted(edges, uniform).squeeze(1)
