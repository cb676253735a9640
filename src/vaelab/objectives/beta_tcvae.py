"""The KL decomposed into mutual information, total correlation and dimension-wise KL.

Letters in shapes: B batch, D latent dimensions.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.distributions import gaussian_log_prob
from vaelab.models.contract import Terms
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.objectives.config import BetaTcVaeConfig
from vaelab.objectives.objective import Loss, Objective, Progress, Scalar, reduce


class BetaTcVae(Objective):
    """Reconstruction + KL + (beta - 1) total correlation: Chen et al. 2018 (arXiv:1802.04942).

    Equation 4 with alpha = gamma = 1. The total correlation of the aggregate posterior is estimated
    by minibatch-weighted sampling (appendix C.1), which is biased upwards.
    """

    needs = ("has_gaussian_posterior", "kl_levels")

    def __init__(self, config: BetaTcVaeConfig) -> None:
        self.config = config

    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """The loss; it is the negative ELBO at beta = 1."""
        assert terms.posterior is not None
        reconstruction, kl, scalars = reduce(terms)
        correlation = total_correlation(terms.z.flat(), terms.posterior, progress.image_count)
        loss = reconstruction + kl + (self.config.beta - 1) * correlation
        return Loss(loss, scalars | {"total_correlation": correlation})


def total_correlation(
    z: Float[Tensor, "B D"], posterior: DiagonalGaussian, image_count: int
) -> Scalar:
    """KL(q(z) || prod_d q(z_d)) in nats, of the aggregate posterior over `image_count` images."""
    log_prob = gaussian_log_prob(
        z.unsqueeze(1).expand(-1, len(z), -1),
        posterior.mean.expand(len(z), -1, -1),
        posterior.log_variance.expand(len(z), -1, -1),
    )  # (B, B, D): draw i under the posterior of image j
    log_count = math.log(image_count * len(z))
    log_joint = torch.logsumexp(log_prob.sum(2), 1) - log_count
    log_marginals = (torch.logsumexp(log_prob, 1) - log_count).sum(1)
    return (log_joint - log_marginals).mean()
