"""Priors over vectors of latent variables; `PRIORS` is the table."""

from vaelab.models.priors.config import (
    AutoregressiveConfig,
    ClassGaussianConfig,
    FlowConfig,
    FlowMatchingConfig,
    GaussianMixtureConfig,
    MixtureConfig,
    StandardNormalConfig,
    VampConfig,
)
from vaelab.parts import Part

# Each builder takes the settings and a `PriorContext`, and gives a `Prior`.
PRIORS: dict[str, Part] = {
    "standard-normal": Part(
        StandardNormalConfig, "vaelab.models.priors.standard_normal:StandardNormal"
    ),
    "mixture": Part(MixtureConfig, "vaelab.models.priors.mixture:Mixture"),
    "vamp": Part(VampConfig, "vaelab.models.priors.vamp:VampPrior"),
    "flow": Part(FlowConfig, "vaelab.models.priors.flow:CouplingFlow"),
    "class-gaussian": Part(
        ClassGaussianConfig, "vaelab.models.priors.class_gaussian:ClassGaussian"
    ),
    "flow-matching": Part(FlowMatchingConfig, "vaelab.models.priors.flow_matching:FlowMatching"),
    "autoregressive": Part(
        AutoregressiveConfig, "vaelab.models.priors.autoregressive:Autoregressive"
    ),
    "gmm": Part(GaussianMixtureConfig, "vaelab.models.priors.gmm:FittedMixture"),
}
