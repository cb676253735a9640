"""Latent codes of one or several levels.

Letters in shapes: B batch, D numbers in the flat code.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.models.capabilities import Level


class Latents(NamedTuple):
    """Codes of a batch, one tensor (B, ...) per level, the level farthest from the image first.

    A discrete code is given by its entries in the codebook, as vectors.
    """

    levels: tuple[Tensor, ...]

    def flat(self) -> Float[Tensor, "B D"]:
        """All levels concatenated into one vector per image."""
        flat = [level.flatten(1) for level in self.levels]
        return flat[0] if len(flat) == 1 else torch.cat(flat, 1)


@dataclass(frozen=True, slots=True)
class LatentSpace:
    """The levels of a model."""

    levels: tuple[Level, ...]

    @property
    def size(self) -> int:
        """D, numbers in the flat code."""
        return sum(level.size for level in self.levels)

    def from_flat(self, flat: Float[Tensor, "B D"]) -> Latents:
        """The inverse of `Latents.flat`."""
        parts = flat.split([level.size for level in self.levels], 1)
        return Latents(
            tuple(
                part.unflatten(1, level.shape) if len(level.shape) > 1 else part
                for part, level in zip(parts, self.levels, strict=True)
            )
        )
