"""p(x|z): what the decoder's output says of each pixel; `LIKELIHOODS` is the table."""

from vaelab.models.likelihoods.config import (
    AutoregressiveBernoulliConfig,
    AutoregressiveLogisticConfig,
    BernoulliConfig,
    ContinuousBernoulliConfig,
    GaussianLearnedConfig,
    GaussianOptimalConfig,
    LogisticMixtureConfig,
    SquaredErrorConfig,
)
from vaelab.parts import Part

_PIXELWISE = "vaelab.models.likelihoods.pixelwise"
_AUTOREGRESSIVE = "vaelab.models.likelihoods.autoregressive"

# Each builder takes the settings and the shape of the images, and gives a `Likelihood`.
LIKELIHOODS: dict[str, Part] = {
    "bernoulli": Part(BernoulliConfig, f"{_PIXELWISE}:Bernoulli"),
    "continuous-bernoulli": Part(ContinuousBernoulliConfig, f"{_PIXELWISE}:ContinuousBernoulli"),
    "gaussian-learned": Part(GaussianLearnedConfig, f"{_PIXELWISE}:GaussianLearned"),
    "gaussian-optimal": Part(GaussianOptimalConfig, f"{_PIXELWISE}:GaussianOptimal"),
    "squared-error": Part(SquaredErrorConfig, f"{_PIXELWISE}:SquaredError"),
    "logistic-mixture": Part(
        LogisticMixtureConfig, "vaelab.models.likelihoods.logistic:LogisticMixture"
    ),
    "autoregressive-bernoulli": Part(
        AutoregressiveBernoulliConfig, f"{_AUTOREGRESSIVE}:with_bernoulli"
    ),
    "autoregressive-logistic": Part(
        AutoregressiveLogisticConfig, f"{_AUTOREGRESSIVE}:with_logistic_mixture"
    ),
}
