"""Settings of a VAE with many levels of latent variables."""

from dataclasses import dataclass, field
from typing import Literal

from vaelab.config import ConditioningConfig, LikelihoodConfig, ModelConfig, PriorConfig
from vaelab.models.conditioning import NoConditioningConfig
from vaelab.models.likelihoods.config import BernoulliConfig
from vaelab.models.priors.config import StandardNormalConfig
from vaelab.parts import MOST_LAYERS


@dataclass(frozen=True, kw_only=True, slots=True)
class LadderConfig(ModelConfig):
    """A vector of latent variables, then grids of them at growing sizes of the image."""

    kind: Literal["ladder-vae"] = "ladder-vae"
    top_size: int = 32
    """dimensions of the first level, a vector"""
    channels: tuple[int, ...] = (32, 64)
    """channels of features after each halving of the image"""
    levels: tuple[int, ...] = (1, 2)
    """grids of latent variables after each halving of the image"""
    latent_channels: int = 4
    """channels of each grid"""
    blocks: int = 1
    """residual convolutions of encoder and decoder after each halving, and of each level"""
    likelihood: LikelihoodConfig = field(default_factory=BernoulliConfig)
    prior: PriorConfig = field(default_factory=StandardNormalConfig)
    conditioning: ConditioningConfig = field(default_factory=NoConditioningConfig)

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "top_size must be at least 1": self.top_size >= 1,
            "channels must be at least 1": min(self.channels) >= 1,
            "levels must have as many entries as channels": len(self.levels) == len(self.channels),
            f"levels must lie in 0 to {MOST_LAYERS}": (
                min(self.levels) >= 0 and sum(self.levels) <= MOST_LAYERS
            ),
            "latent_channels must be at least 1": self.latent_channels >= 1,
            f"blocks must lie in 0 to {MOST_LAYERS}": 0 <= self.blocks <= MOST_LAYERS,
        }
