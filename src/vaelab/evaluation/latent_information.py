"""What the KL pays for: information about the image, and codes that the prior does not expect.

Letters in shapes: N images, D latent dimensions.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Generator, Tensor

from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors import Mixture, Prior, kl_per_dimension
from vaelab.randomness import generator

# Pairs of a code and a posterior that are looked at process_group: 16 MiB in float64.
BLOCK_PAIRS = 2**21


@dataclass(frozen=True, kw_only=True, slots=True)
class LatentInformation:
    """The mean KL in two parts, all in nats: kl = mutual_information + aggregate_posterior_kl.

    Hoffman and Johnson 2016 ("ELBO surgery"), section 2; the rate of Alemi et al. 2018
    (arXiv:1711.00464) is the sum.

    Attributes:
        mutual_information_nats: I(x; z) under q, between the images given and their codes. At most
            log N, and below what a larger data set would show; where it is near log N, it says no
            more than that the images' posteriors lie apart.
        marginal_gap_nats: KL(q(z) || p(z)) of the images' average posterior q(z) to the prior.
            As far too large as the mutual information is too small.
        kl: KL(q(z|x) || p(z)), mean over the images.
        standard_errors: of the three, in that order; None for a single image.
    """

    mutual_information_nats: float
    marginal_gap_nats: float
    kl: float
    standard_errors: tuple[float, float, float] | None


@torch.no_grad()
def latent_information(
    posterior: DiagonalGaussian, prior: Prior, generator: Generator
) -> LatentInformation:
    """Estimated at one draw z from each posterior.

    The average posterior q(z) is that of all the images given, the one that z was drawn from
    among them: the estimates are unbiased for these images. Were it left out, q(z) would be too
    small and the mutual information unbounded.

    Args:
        posterior: of every image of the data set, (N, D).
        prior: of the model.
        generator: of the draws.
    """
    z = posterior.sample(generator)
    log_conditional = posterior.log_prob(z).double().sum(1)
    log_marginal = _log_marginal(posterior, z)
    log_prior = prior.log_prob(z).double()
    parts = torch.stack(
        [
            log_conditional - log_marginal,
            log_marginal - log_prior,
            log_conditional - log_prior,
        ]
    )
    information, gap, kl = parts.mean(1).tolist()
    return LatentInformation(
        mutual_information_nats=information,
        marginal_gap_nats=gap,
        kl=kl,
        standard_errors=_standard_errors(parts),
    )


def _log_marginal(posterior: DiagonalGaussian, z: Float[Tensor, "N D"]) -> Float64[Tensor, " N"]:
    """log q(z): the posteriors are the components of a mixture, all of one weight."""
    count, size = z.shape
    mixture = Mixture(size, count).to(z.device, torch.float64)
    mixture.means.copy_(posterior.mean)
    mixture.log_scales.copy_(0.5 * posterior.log_variance)
    mixture.logits.zero_()
    blocks = z.double().split(max(1, BLOCK_PAIRS // count))
    return torch.cat([mixture.log_prob(block) for block in blocks])


def _standard_errors(parts: Float64[Tensor, "3 N"]) -> tuple[float, float, float] | None:
    if parts.shape[1] < 2:
        return None
    information, gap, kl = (parts.std(1) / parts.shape[1] ** 0.5).tolist()
    return information, gap, kl


MEASURES = {
    "mutual_information": Measure("nats"),
    "aggregate_posterior_kl": Measure("nats", "lower"),
}


@torch.no_grad()
def measure(context: EvaluationContext) -> Findings:
    """Of the test images' posteriors; the details hold the mean KL of each latent dimension."""
    run = context.run
    prior = run.model.prior
    assert prior is not None
    posterior = run.posteriors(run.data.test)
    assert isinstance(posterior, DiagonalGaussian)
    found = latent_information(posterior, prior, generator(context.seed, "latent information"))
    count = len(posterior.mean)
    errors = found.standard_errors or (None, None, None)
    per_dimension = kl_per_dimension(prior, posterior).double().mean(0)
    return Findings(
        {
            "mutual_information": Estimate(
                found.mutual_information_nats, count, errors[0], baseline=0.0
            ),
            "aggregate_posterior_kl": Estimate(
                found.marginal_gap_nats, count, errors[1], floor=0.0
            ),
        },
        {"kl_per_dimension_nats": per_dimension.tolist()},
    )
