"""Settings of the priors."""

from dataclasses import dataclass
from typing import Literal

from vaelab.config import PriorConfig
from vaelab.parts import MOST_LAYERS


@dataclass(frozen=True, kw_only=True, slots=True)
class StandardNormalConfig(PriorConfig):
    """p(z) = N(0, I)."""

    kind: Literal["standard-normal"] = "standard-normal"


@dataclass(frozen=True, kw_only=True, slots=True)
class MixtureConfig(PriorConfig):
    """A learned mixture of diagonal Gaussians."""

    kind: Literal["mixture"] = "mixture"
    components: int = 100
    """number of Gaussians"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"components must be at least 1": self.components >= 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class VampConfig(PriorConfig):
    """The mixture of the posteriors of learned pseudo-inputs (VampPrior)."""

    kind: Literal["vamp"] = "vamp"
    components: int = 100
    """number of pseudo-inputs"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"components must be at least 1": self.components >= 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowConfig(PriorConfig):
    """A normalizing flow of affine coupling layers."""

    kind: Literal["flow"] = "flow"
    layers: int = 6
    """coupling layers"""
    width: int = 128
    """hidden units of each layer's network"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            f"layers must lie in 1 to {MOST_LAYERS}": 1 <= self.layers <= MOST_LAYERS,
            "width must be at least 1": self.width >= 1,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowMatchingConfig(PriorConfig):
    """A velocity that carries noise to codes, fitted to codes after training (flow matching)."""

    kind: Literal["flow-matching"] = "flow-matching"
    layers: int = 3
    """residual layers of the velocity's network"""
    width: int = 256
    """hidden units of each layer"""
    solver_steps: int = 10
    """steps from noise to a code, with two evaluations of the network each"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            f"layers must lie in 1 to {MOST_LAYERS}": 1 <= self.layers <= MOST_LAYERS,
            "width must be at least 1": self.width >= 1,
            f"solver_steps must lie in 1 to {MOST_LAYERS}": 1 <= self.solver_steps <= MOST_LAYERS,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoregressiveConfig(PriorConfig):
    """Each latent dimension depends on those before it, as a mixture of Gaussians (MADE)."""

    kind: Literal["autoregressive"] = "autoregressive"
    layers: int = 2
    """residual layers of the masked network"""
    width: int = 256
    """hidden units of each layer"""
    components: int = 10
    """Gaussians for each dimension"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            f"layers must lie in 1 to {MOST_LAYERS}": 1 <= self.layers <= MOST_LAYERS,
            "width must be at least 1": self.width >= 1,
            "components must be at least 1": self.components >= 1,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassGaussianConfig(PriorConfig):
    """p(z|y): a learned diagonal Gaussian for each class."""

    kind: Literal["class-gaussian"] = "class-gaussian"


@dataclass(frozen=True, kw_only=True, slots=True)
class GaussianMixtureConfig(PriorConfig):
    """A mixture of Gaussians with full covariances, fitted to codes by EM after training."""

    kind: Literal["gmm"] = "gmm"
    components: int = 100
    """number of Gaussians; a conditional model shares them out evenly among its classes"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"components must be at least 1": self.components >= 1}
