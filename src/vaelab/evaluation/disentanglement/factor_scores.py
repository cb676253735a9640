"""Gap scores: the best dimension for a factor minus the second best, as in MIG and SAP.

Letters in shapes: L live latent dimensions.
"""

from dataclasses import dataclass

from jaxtyping import Float64
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True, slots=True)
class FactorScores:
    """A gap for each factor that varies, in [0, 1].

    Attributes:
        score: their mean.
        by_factor: by the factor's name.
    """

    score: float
    by_factor: dict[str, float]


def mean_gap(by_factor: dict[str, float]) -> FactorScores:
    """The gaps with their mean."""
    return FactorScores(score=sum(by_factor.values()) / len(by_factor), by_factor=by_factor)


def gap(scores: Float64[Tensor, " L"]) -> float:
    """The highest score of a dimension minus the second; missing dimensions have 0."""
    first, second = functional.pad(scores, (0, 2)).topk(2).values.tolist()
    return float(first - second)
