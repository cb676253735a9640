"""Settings of a VAE with two levels of latent variables."""

from dataclasses import dataclass, field
from typing import Literal

from vaelab.config import (
    ConditioningConfig,
    LikelihoodConfig,
    ModelConfig,
    NetworkConfig,
    PriorConfig,
)
from vaelab.models.conditioning import NoConditioningConfig
from vaelab.models.likelihoods.config import BernoulliConfig
from vaelab.models.networks.config import MlpConfig
from vaelab.models.priors.config import StandardNormalConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class HierarchicalConfig(ModelConfig):
    """Two levels of Gaussian latent variables: p(z2) p(z1|z2) p(x|z1,z2)."""

    kind: Literal["hierarchical-vae"] = "hierarchical-vae"
    upper_size: int = 16
    """dimensions of z2"""
    lower_size: int = 32
    """dimensions of z1, whose prior depends on z2"""
    width: int = 300
    """hidden units of the networks between the levels"""
    network: NetworkConfig = field(default_factory=MlpConfig)
    likelihood: LikelihoodConfig = field(default_factory=BernoulliConfig)
    prior: PriorConfig = field(default_factory=StandardNormalConfig)
    conditioning: ConditioningConfig = field(default_factory=NoConditioningConfig)

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "upper_size must be at least 1": self.upper_size >= 1,
            "lower_size must be at least 1": self.lower_size >= 1,
            "width must be at least 1": self.width >= 1,
        }
