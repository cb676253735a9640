"""Objectives; `OBJECTIVES` and `KL_SCHEDULES` are the tables."""

from vaelab.objectives.config import (
    BetaTcVaeConfig,
    CapacityConfig,
    ConstantConfig,
    CyclicalConfig,
    ElboConfig,
    InfoVaeConfig,
    IwaeConfig,
    PriorLossConfig,
    ReconstructionConfig,
    VqConfig,
    WarmupConfig,
)
from vaelab.parts import Part

# Each builder takes the settings and gives an `Objective`.
OBJECTIVES: dict[str, Part] = {
    "elbo": Part(ElboConfig, "vaelab.objectives.elbo:Elbo"),
    "reconstruction": Part(ReconstructionConfig, "vaelab.objectives.reconstruction:Reconstruction"),
    "beta-tcvae": Part(BetaTcVaeConfig, "vaelab.objectives.beta_tcvae:BetaTcVae"),
    "iwae": Part(IwaeConfig, "vaelab.objectives.iwae:Iwae"),
    "info-vae": Part(InfoVaeConfig, "vaelab.objectives.info_vae:InfoVae"),
    "prior-loss": Part(PriorLossConfig, "vaelab.objectives.prior_loss:PriorLoss"),
    "vq": Part(VqConfig, "vaelab.objectives.vq:VectorQuantization"),
}

# Each builder takes the settings and the progress, and gives a `KLWeighting`.
KL_SCHEDULES: dict[str, Part] = {
    "constant": Part(ConstantConfig, "vaelab.objectives.kl_schedules:constant"),
    "warmup": Part(WarmupConfig, "vaelab.objectives.kl_schedules:warmup"),
    "cyclical": Part(CyclicalConfig, "vaelab.objectives.kl_schedules:cyclical"),
    "capacity": Part(CapacityConfig, "vaelab.objectives.kl_schedules:capacity"),
}
