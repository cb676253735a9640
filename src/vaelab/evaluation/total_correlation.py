"""How far the latent dimensions depend on each other: what can be said without known factors.

Letters in shapes: N images, D latent dimensions.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Estimate, Findings, Measure

MEASURES = {"total_correlation": Measure("nats", "lower")}


def gaussian_total_correlation(codes: Float[Tensor, "N D"]) -> float:
    """Total correlation, in nats, of the Gaussian with the codes' covariance.

    Half the sum of the log-variances less half the log-determinant of the covariance: Locatello et
    al. 2019 (arXiv:1811.12359), section 5.2. It sees linear dependence alone, 0 without any.
    Dimensions that do not vary depend on nothing and are left out.
    """
    varied = codes.double()[:, codes.double().var(0) > 0]
    if varied.shape[1] < 2:
        return 0.0
    # The correlations' determinant is the covariance's over the product of the variances.
    log_determinant = torch.linalg.slogdet(torch.corrcoef(varied.T)).logabsdet
    return max(0.0, -0.5 * float(log_determinant))


def measure(context: EvaluationContext) -> Findings:
    """Of the posterior means of the test images."""
    codes = context.codes.test
    value = gaussian_total_correlation(codes)
    return Findings({"total_correlation": Estimate(value, len(codes), floor=0.0)})
