"""The four scores of a trained run on drawn images, whose factors are known.

Letters in shapes: N images, D latent dimensions, L of them in use.
"""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.data import Factors
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.disentanglement.dci import dci_scores
from vaelab.evaluation.disentanglement.factor_vae import factor_vae_score
from vaelab.evaluation.disentanglement.mig import mutual_information_gap
from vaelab.evaluation.disentanglement.sap import separated_attribute_predictability
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.models.priors import Prior
from vaelab.randomness import generator
from vaelab.training.measure import ACTIVE_VARIANCE

MEASURES = {
    "mig": Measure("of at most 1", "higher"),
    "sap": Measure("of at most 1", "higher"),
    "dci_disentanglement": Measure("of at most 1", "higher"),
    "dci_completeness": Measure("of at most 1", "higher"),
    "dci_informativeness": Measure("of at most 1", "higher"),
    "factor_vae_score": Measure("share", "higher"),
}
MOST_IMAGES = 5000


def measure(context: EvaluationContext) -> Findings:
    """Of the posterior means of test images; baseline is a code of pure noise, of the same size."""
    factors = context.dataset.test.factors
    assert factors is not None
    known = replace(factors, values=factors.values[:MOST_IMAGES])
    codes = in_use(context.codes.test, context.run.model.prior)[:MOST_IMAGES]
    noise = torch.randn(codes.shape, generator=generator(0, "baseline codes"))
    found, baseline = (_scores(each, known, context.seed) for each in (codes, noise))
    return Findings(
        {
            name: Estimate(found[name], len(codes), floor=1.0, baseline=baseline[name])
            for name in MEASURES
        }
    )


def in_use(codes: Float[Tensor, "N D"], prior: Prior | None) -> Float[Tensor, "N L"]:
    """Without the dimensions that the posterior leaves at the prior; all where there is none.

    A mean that hardly moves is noise, which no score can tell from a small scale.
    """
    if prior is None:
        return codes
    _, variance = prior.moments()
    return codes[:, codes.var(0) > ACTIVE_VARIANCE * variance]


def _scores(codes: Tensor, factors: Factors, seed: int) -> dict[str, float]:
    dci = dci_scores(codes, factors, generator(seed, "dci"))
    values = (
        mutual_information_gap(codes, factors).score,
        separated_attribute_predictability(codes, factors).score,
        dci.disentanglement,
        dci.completeness,
        dci.informativeness,
        factor_vae_score(codes, factors, generator(seed, "factor-vae")),
    )
    return dict(zip(MEASURES, values, strict=True))
