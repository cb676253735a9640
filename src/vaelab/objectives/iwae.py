"""The importance-weighted autoencoder's objective.

Letters in shapes: B batch, S draws.
"""

from vaelab.distributions import log_mean_exp
from vaelab.models.contract import Terms, TermsRequest
from vaelab.objectives.config import IwaeConfig
from vaelab.objectives.objective import Loss, Objective, Progress, reduce


class Iwae(Objective):
    """-log 1/S sum_i p(x, z_i) / q(z_i|x): Burda et al. 2016 (arXiv:1509.00519), equation 8."""

    needs = ("has_density", "kl_levels")

    def __init__(self, config: IwaeConfig) -> None:
        self.request = TermsRequest(importance_draws=config.draws)

    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """Minus the bound; its gradient is equation 13."""
        assert terms.log_weights is not None
        bound = -log_mean_exp(terms.log_weights, 1).mean()
        return Loss(bound, reduce(terms).scalars | {"importance_bound": bound})
