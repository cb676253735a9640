"""Total correlation of the latent dimensions, which needs no known factors.

Letters in shapes: N images, D latent dimensions.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import Metric, MetricSpec, MetricValue


def gaussian_total_correlation(codes: Float[Tensor, "N D"]) -> float:
    """Total correlation, in nats, of the Gaussian with the codes' covariance.

    Half the sum of the log-variances less half the log-determinant of the covariance: Locatello et
    al. 2019 (arXiv:1811.12359), section 5.2. It measures linear dependence alone. Dimensions that
    do not vary are left out.

    Raises:
        InputError: if the covariance is singular, as with fewer images than dimensions.
    """
    varied = codes.double()[:, codes.double().var(0) > 0]
    if varied.shape[1] < 2:
        return 0.0
    # The correlations' determinant is the covariance's over the product of the variances.
    log_determinant = torch.linalg.slogdet(torch.corrcoef(varied.T)).logabsdet
    # Rounding may hide that a covariance of few images is singular.
    if len(varied) <= varied.shape[1] or not log_determinant.isfinite():
        raise InputError(
            f"the covariance of the codes is singular: {len(codes)} images, {varied.shape[1]} "
            "dimensions"
        )
    return max(0.0, -0.5 * float(log_determinant))


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Of the codes of the test images."""
    codes = context.codes.test
    value = gaussian_total_correlation(codes)
    return {"total_correlation": MetricValue(value=value, count=len(codes), floor=0.0)}


METRIC = Metric(
    (
        MetricSpec(
            name="total_correlation",
            label="Total correlation",
            unit="nats",
            meaning="Of a Gaussian with the codes' covariance; 0 if they are uncorrelated.",
            group="Latent space",
            direction="lower",
        ),
    ),
    compute,
    ("a trained model", "2 images"),
    aliases=("tc",),
)
