"""How far the dimension that tells most of a factor is ahead of the next: what MIG and SAP share.

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


def gap(told: Float64[Tensor, " L"]) -> float:
    """The highest of what dimensions tell minus the second; 0 stands in for absent dimensions."""
    first, second = functional.pad(told, (0, 2)).topk(2).values.tolist()
    return float(first - second)
