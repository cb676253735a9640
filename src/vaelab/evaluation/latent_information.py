"""The KL in two parts: mutual information, and KL of the aggregate posterior to the prior.

Letters in shapes: N images, D latent dimensions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Generator, Tensor

from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import Metric, MetricSpec, MetricValue, mean_over_images
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.mixture import DiagonalMixture
from vaelab.randomness import generator

# Pairs of a code and a posterior in one block: 16 MiB in float64.
BLOCK_PAIRS = 2**21


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LatentInformation:
    """The parts of the KL at one draw per image, in nats; their means are the estimates.

    Hoffman and Johnson 2016 ("ELBO surgery"), section 2; the rate of Alemi et al. 2018
    (arXiv:1711.00464) is the sum.

    Attributes:
        mutual_information: I(x; z) under q, between these images and their codes. It is at most
            log N, where it is only a lower bound of what a larger data set would have.
        aggregate_posterior_kl: KL(q(z) || p(z)), with q(z) the average posterior of the images. It
            is overestimated by as much as the mutual information is underestimated.
    """

    mutual_information: Float64[Tensor, " N"]
    aggregate_posterior_kl: Float64[Tensor, " N"]

    @property
    def kl(self) -> Float64[Tensor, " N"]:
        """KL(q(z|x) || p(z))."""
        return self.mutual_information + self.aggregate_posterior_kl


@torch.no_grad()
def latent_information(
    posterior: DiagonalGaussian,
    log_prior: Callable[[Float[Tensor, "N D"]], Float[Tensor, " N"]],
    draws: Generator,
) -> LatentInformation:
    """The parts of the KL at one draw z from each posterior.

    The aggregate posterior q(z) averages over all images, including the one that z was drawn for,
    so that the estimates are unbiased for these images.

    Args:
        posterior: of the images.
        log_prior: log p(z).
        draws: generator of the draws.
    """
    z = posterior.sample(draws)
    log_conditional = posterior.log_prob(z).double().sum(1)
    log_marginal = _log_marginal(posterior, z)
    return LatentInformation(
        mutual_information=log_conditional - log_marginal,
        aggregate_posterior_kl=log_marginal - log_prior(z).double(),
    )


def _log_marginal(posterior: DiagonalGaussian, z: Float[Tensor, "N D"]) -> Float64[Tensor, " N"]:
    """log q(z): a mixture of the posteriors with equal weights."""
    mean, log_variance = (each.double() for each in posterior)
    mixture = DiagonalMixture(mean, 0.5 * log_variance, mean.new_zeros(len(mean)))
    blocks = z.double().split(max(1, BLOCK_PAIRS // len(z)))
    return torch.cat([mixture.log_prob(block) for block in blocks])


@torch.no_grad()
def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Of the posteriors of the test images."""
    posterior = context.run.posteriors(context.dataset.test)
    found = latent_information(
        posterior,
        lambda z: _log_prior(context, z),
        generator(context.seed, "latent information"),
    )
    return {
        "mutual_information": mean_over_images(found.mutual_information, baseline=0.0),
        "aggregate_posterior_kl": mean_over_images(found.aggregate_posterior_kl, floor=0.0),
    }


def _log_prior(context: EvaluationContext, z: Float[Tensor, "N D"]) -> Float64[Tensor, " N"]:
    """log p(z); of a conditional model the sum over y of p(y) p(z|y), with the labels' shares."""
    z = z.to(context.device)
    if not context.is_conditional:
        return context.model.prior_log_prob(z).cpu().double()
    classes, counts = context.test_labels.unique(return_counts=True)
    given_class = [
        context.model.prior_log_prob(z, torch.full((len(z),), label, device=context.device))
        for label in classes.tolist()
    ]
    log_shares = (counts.double() / counts.sum()).log()
    return torch.logsumexp(torch.stack(given_class).cpu().double() + log_shares[:, None], 0)


METRIC = Metric(
    (
        MetricSpec(
            name="mutual_information",
            label="Mutual information",
            unit="nats",
            meaning="I(x; z) between images and codes; at most log N for N images.",
            group="Latent space",
        ),
        MetricSpec(
            name="aggregate_posterior_kl",
            label="KL(q(z) ‖ p(z))",
            unit="nats",
            meaning="KL of the aggregate posterior of all images to the prior.",
            group="Latent space",
            direction="lower",
        ),
    ),
    compute,
    ("a trained model", "a prior", "a Gaussian posterior", "a prior with a density"),
    aliases=("mutual-information",),
)
