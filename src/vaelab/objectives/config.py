"""Settings of the objectives and of the schedules of the KL weight."""

from dataclasses import dataclass, field
from typing import Literal

from vaelab.config import KLScheduleConfig, ObjectiveConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstantConfig(KLScheduleConfig):
    """The KL weight is beta throughout."""

    kind: Literal["constant"] = "constant"


@dataclass(frozen=True, kw_only=True, slots=True)
class WarmupConfig(KLScheduleConfig):
    """The KL weight rises linearly from 0 to beta (Bowman et al. 2016, arXiv:1511.06349)."""

    kind: Literal["warmup"] = "warmup"
    epochs: float = 10.0
    """epochs until beta is reached"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"epochs must be above 0": self.epochs > 0}


@dataclass(frozen=True, kw_only=True, slots=True)
class CyclicalConfig(KLScheduleConfig):
    """The KL weight rises to beta several times (Fu et al. 2019, arXiv:1903.10145)."""

    kind: Literal["cyclical"] = "cyclical"
    cycles: int = 4
    """rises over the whole training"""
    rising_fraction: float = 0.5
    """share of each cycle in which the weight rises; in the rest it is beta"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "cycles must be at least 1": self.cycles >= 1,
            "rising_fraction must lie in (0, 1]": 0 < self.rising_fraction <= 1,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityConfig(KLScheduleConfig):
    """beta |KL - C| with C rising linearly (Burgess et al. 2018, arXiv:1804.03599)."""

    kind: Literal["capacity"] = "capacity"
    target_nats: float = 15.0
    """C at the end of the rise"""
    epochs: float = 10.0
    """epochs until the target is reached"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "epochs must be above 0": self.epochs > 0,
            "target_nats must not be negative": self.target_nats >= 0,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ElboConfig(ObjectiveConfig):
    """Reconstruction plus weighted KL."""

    kind: Literal["elbo"] = "elbo"
    beta: float = 1.0
    """final weight of the KL (beta-VAE, Higgins et al. 2017)"""
    kl_schedule: KLScheduleConfig = field(default_factory=ConstantConfig)
    free_bits_nats: float = 0.0
    """KL per latent dimension that is not penalized (Kingma et al. 2016)"""
    auxiliary_weight: float = 0.0
    """weight of the cross-entropy of an auxiliary classifier, in nats"""
    extra_terms: tuple[str, ...] = ()
    """registered loss terms to add, each as NAME or NAME*WEIGHT"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "beta must not be negative": self.beta >= 0,
            "free_bits_nats must not be negative": self.free_bits_nats >= 0,
            "auxiliary_weight must not be negative": self.auxiliary_weight >= 0,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconstructionConfig(ObjectiveConfig):
    """Reconstruction alone, the objective of an autoencoder."""

    kind: Literal["reconstruction"] = "reconstruction"


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorLossConfig(ObjectiveConfig):
    """The loss of the prior alone, the objective of vaelab fit-prior."""

    kind: Literal["prior-loss"] = "prior-loss"


@dataclass(frozen=True, kw_only=True, slots=True)
class BetaTcVaeConfig(ObjectiveConfig):
    """The KL decomposed, with a weight on the total correlation (Chen et al. 2018)."""

    kind: Literal["beta-tcvae"] = "beta-tcvae"
    beta: float = 6.0
    """weight of the total correlation"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"beta must not be negative": self.beta >= 0}


@dataclass(frozen=True, kw_only=True, slots=True)
class IwaeConfig(ObjectiveConfig):
    """Minus the importance-weighted bound (Burda et al. 2016)."""

    kind: Literal["iwae"] = "iwae"
    draws: int = 5
    """draws from the posterior per image"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"draws must be at least 1": self.draws >= 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class InfoVaeConfig(ObjectiveConfig):
    """Reconstruction, weighted KL and the MMD of codes and prior (Zhao et al. 2019)."""

    kind: Literal["info-vae"] = "info-vae"
    alpha: float = 0.5
    """1 - alpha is the weight of the KL; 1: no KL, an MMD-VAE"""
    mmd_weight: float = 100.0
    """weight of the squared MMD, alpha + lambda - 1 in the paper"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "alpha must lie in [0, 1]": 0 <= self.alpha <= 1,
            "mmd_weight must not be negative": self.mmd_weight >= 0,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class VqConfig(ObjectiveConfig):
    """Reconstruction, codebook loss and commitment loss (van den Oord et al. 2017)."""

    kind: Literal["vq"] = "vq"
    codebook_weight: float = 1.0
    """weight of the codebook loss"""
    commitment_weight: float = 0.25
    """weight of the commitment loss"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "codebook_weight must not be negative": self.codebook_weight >= 0,
            "commitment_weight must not be negative": self.commitment_weight >= 0,
        }
