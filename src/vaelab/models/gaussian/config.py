"""Settings of a VAE."""

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
class VaeConfig(ModelConfig):
    """A variational autoencoder: diagonal Gaussian posterior, prior, likelihood."""

    kind: Literal["vae"] = "vae"
    latent_size: int = 10
    """number of latent dimensions"""
    network: NetworkConfig = field(default_factory=MlpConfig)
    likelihood: LikelihoodConfig = field(default_factory=BernoulliConfig)
    prior: PriorConfig = field(default_factory=StandardNormalConfig)
    conditioning: ConditioningConfig = field(default_factory=NoConditioningConfig)
    auxiliary_classifier: bool = False
    """train a classifier with the model, which teaches the decoder to draw the requested class"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "latent_size must be at least 1": self.latent_size >= 1,
            "auxiliary_classifier=true needs model.conditioning=concat or class-weights": (
                not self.auxiliary_classifier or self.conditioning.kind != "none"
            ),
        }
