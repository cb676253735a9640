"""Settings of a deterministic autoencoder."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoencoderConfig(ModelConfig):
    """A deterministic autoencoder: a code, no prior."""

    kind: Literal["autoencoder"] = "autoencoder"
    latent_size: int = 10
    """number of latent dimensions"""
    network: NetworkConfig = field(default_factory=MlpConfig)
    likelihood: LikelihoodConfig = field(default_factory=BernoulliConfig)
    conditioning: ConditioningConfig = field(default_factory=NoConditioningConfig)
    prior: PriorConfig | None = None
    """prior fitted to the codes after training; none: the autoencoder has no samples"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"latent_size must be at least 1": self.latent_size >= 1}
