"""InfoVAE: the KL partly replaced by the MMD of codes and prior.

Letters in shapes: B batch, M other batch, D numbers in the flat code.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.models.contract import Terms, TermsRequest
from vaelab.objectives.config import InfoVaeConfig
from vaelab.objectives.objective import Loss, Objective, Progress, Scalar, reduce


class InfoVae(Objective):
    """Reconstruction + (1 - alpha) KL + weight MMD^2(q(z), p(z)): Zhao et al. 2019.

    arXiv:1706.02262, equation 6, with the maximum mean discrepancy of section 3.2.
    """

    needs = ("has_prior", "kl_levels")
    request = TermsRequest(prior_sample=True)

    def __init__(self, config: InfoVaeConfig) -> None:
        self.config = config

    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """The weighted sum."""
        assert terms.prior_sample is not None
        reconstruction, kl, scalars = reduce(terms)
        mmd = squared_mmd(terms.z.flat(), terms.prior_sample.flat())
        loss = reconstruction + (1 - self.config.alpha) * kl + self.config.mmd_weight * mmd
        return Loss(loss, scalars | {"squared_mmd": mmd})


def squared_mmd(a: Float[Tensor, "B D"], b: Float[Tensor, "M D"]) -> Scalar:
    """MMD^2 with the kernel exp(-|u - v|^2 / D), biased, never below 0 (Gretton et al. 2012)."""
    return _kernel(a, a).mean() + _kernel(b, b).mean() - 2 * _kernel(a, b).mean()


def _kernel(a: Float[Tensor, "B D"], b: Float[Tensor, "M D"]) -> Float[Tensor, "B M"]:
    squared = a.square().sum(1, keepdim=True) - 2 * a @ b.T + b.square().sum(1)
    return torch.exp(-squared.clamp(min=0) / a.shape[1])
