"""Disentanglement of a trained run, by four scores that need known factors.

Letters in shapes: N images, D latent dimensions, L of them used.
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
from vaelab.evaluation.metric import Metric, MetricSpec, MetricValue
from vaelab.randomness import generator
from vaelab.training.validation import ACTIVE_VARIANCE

MOST_IMAGES = 5000


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Of the codes of test images; the baseline is a code of noise of the same size."""
    factors = context.dataset.test.factors
    assert factors is not None
    known = replace(factors, values=factors.values[:MOST_IMAGES])
    codes = used_dimensions(context.codes.test, context.model.prior_moments())[:MOST_IMAGES]
    noise = torch.randn(codes.shape, generator=generator(0, "baseline codes"))
    found, baseline = (_scores(each, known, context.seed) for each in (codes, noise))
    return {
        name: MetricValue(value=value, count=len(codes), floor=1.0, baseline=baseline[name])
        for name, value in found.items()
    }


def used_dimensions(
    codes: Float[Tensor, "N D"], prior_moments: tuple[Tensor, Tensor] | None
) -> Float[Tensor, "N L"]:
    """The codes without dimensions whose posterior equals the prior.

    Their means are noise, which no score can distinguish from a dimension of small scale. Without
    known moments of the prior, all dimensions.
    """
    if prior_moments is None:
        return codes
    variance = prior_moments[1].cpu()
    return codes[:, codes.var(0) > ACTIVE_VARIANCE * variance]


def _scores(codes: Tensor, factors: Factors, seed: int) -> dict[str, float]:
    dci = dci_scores(codes, factors, generator(seed, "dci"))
    return {
        "mig": mutual_information_gap(codes, factors).score,
        "sap": separated_attribute_predictability(codes, factors).score,
        "dci_disentanglement": dci.disentanglement,
        "dci_completeness": dci.completeness,
        "dci_informativeness": dci.informativeness,
        "factor_vae_score": factor_vae_score(codes, factors, generator(seed, "factor-vae")),
    }


def _spec(name: str, label: str, meaning: str, unit: str = "of at most 1") -> MetricSpec:
    return MetricSpec(
        name=name,
        label=label,
        unit=unit,
        meaning=meaning,
        group="Disentanglement",
        direction="higher",
    )


METRIC = Metric(
    (
        _spec("mig", "MIG", "Mutual information gap (Chen et al. 2018)."),
        _spec("sap", "SAP", "Separated attribute predictability (Kumar et al. 2018)."),
        _spec(
            "dci_disentanglement",
            "DCI disentanglement",
            "Whether a dimension encodes one factor (Eastwood and Williams 2018).",
        ),
        _spec("dci_completeness", "DCI completeness", "Whether one dimension encodes a factor."),
        _spec(
            "dci_informativeness",
            "DCI informativeness",
            "Whether the factors can be predicted from the code.",
        ),
        _spec(
            "factor_vae_score",
            "FactorVAE score",
            "Accuracy of a majority vote on the factor (Kim and Mnih 2018).",
            "share",
        ),
    ),
    compute,
    ("a trained model", "known factors", "1,000 test images"),
    aliases=("dci",),
)
