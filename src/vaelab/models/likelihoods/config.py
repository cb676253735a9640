"""Settings of the likelihoods."""

from dataclasses import dataclass
from typing import Literal

from vaelab.config import DataConfig, LikelihoodConfig
from vaelab.parts import MOST_LAYERS


@dataclass(frozen=True, kw_only=True, slots=True)
class BernoulliConfig(LikelihoodConfig):
    """Each pixel is 1 with the decoded probability; a gray pixel counts as a probability."""

    kind: Literal["bernoulli"] = "bernoulli"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContinuousBernoulliConfig(LikelihoodConfig):
    """A density on [0, 1] with the Bernoulli's parameter."""

    kind: Literal["continuous-bernoulli"] = "continuous-bernoulli"


@dataclass(frozen=True, kw_only=True, slots=True)
class GaussianLearnedConfig(LikelihoodConfig):
    """A Gaussian of one variance, learned by gradient."""

    kind: Literal["gaussian-learned"] = "gaussian-learned"


@dataclass(frozen=True, kw_only=True, slots=True)
class GaussianOptimalConfig(LikelihoodConfig):
    """A Gaussian of one variance, the mean squared error."""

    kind: Literal["gaussian-optimal"] = "gaussian-optimal"


@dataclass(frozen=True, kw_only=True, slots=True)
class SquaredErrorConfig(LikelihoodConfig):
    """Minus the squared error, not in nats."""

    kind: Literal["squared-error"] = "squared-error"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogisticMixtureConfig(LikelihoodConfig):
    """A mixture of logistic distributions in 256 bins: probabilities of 8-bit gray values."""

    kind: Literal["logistic-mixture"] = "logistic-mixture"
    components: int = 5
    """logistic distributions of each pixel"""

    def requirements_of_data(self, data: DataConfig) -> dict[str, bool]:
        """See `Settings.requirements_of_data`."""
        return _of_gray_values(self.kind, data)

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {"components must be at least 1": self.components >= 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoregressiveConfig(LikelihoodConfig):
    """Each pixel depends on z and on the pixels before it: causal convolutions (PixelCNN)."""

    maps: int = 8
    """channels that the decoder gives for each pixel"""
    channels: int = 64
    """channels of the causal convolutions"""
    blocks: int = 6
    """residual blocks of causal convolutions"""
    width: int = 64
    """hidden units of the network that gives the distribution of each pixel"""

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            "maps must be at least 1": self.maps >= 1,
            "channels must be at least 1": self.channels >= 1,
            f"blocks must lie in 1 to {MOST_LAYERS}": 1 <= self.blocks <= MOST_LAYERS,
            "width must be at least 1": self.width >= 1,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoregressiveBernoulliConfig(AutoregressiveConfig):
    """Each pixel of a binarized image depends on z and on the pixels before it (PixelCNN)."""

    kind: Literal["autoregressive-bernoulli"] = "autoregressive-bernoulli"

    def requirements_of_data(self, data: DataConfig) -> dict[str, bool]:
        """See `Settings.requirements_of_data`."""
        return {f"data.binarize must be true with model.likelihood={self.kind}": data.binarize}


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoregressiveLogisticConfig(AutoregressiveConfig):
    """Each 8-bit gray value depends on z and on the values before it (PixelCNN++)."""

    kind: Literal["autoregressive-logistic"] = "autoregressive-logistic"
    components: int = 5
    """logistic distributions of each pixel"""

    def requirements_of_data(self, data: DataConfig) -> dict[str, bool]:
        """See `Settings.requirements_of_data`."""
        return _of_gray_values(self.kind, data)

    def requirements(self) -> dict[str, bool]:
        """See `Settings.requirements`."""
        return {
            **AutoregressiveConfig.requirements(self),
            "components must be at least 1": self.components >= 1,
        }


def _of_gray_values(kind: str, data: DataConfig) -> dict[str, bool]:
    return {
        f"data.binarize must be false with model.likelihood={kind}, of 8-bit values": (
            not data.binarize
        )
    }
