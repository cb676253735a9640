"""Means, standard errors and their bootstrap.

Letters in shapes: N images, R draws.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float64
from torch import Generator, Tensor


def mean_and_standard_error(values: Float64[Tensor, " N"]) -> tuple[float, float | None]:
    """The mean and its standard error, s / sqrt(N); a single value has no standard error."""
    error = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else None
    return values.mean().item(), error


def proportion_standard_error(proportion: float, count: int) -> float:
    """Standard error of a proportion of `count` independent images: sqrt(p (1 - p) / N)."""
    return math.sqrt(proportion * (1 - proportion) / count)


def bootstrap(
    statistic: Callable[..., float], *samples: Tensor, generator: Generator, repeats: int = 20
) -> Float64[Tensor, " R"]:
    """A statistic of samples that are drawn again with replacement: Efron 1979.

    The standard deviation is the statistic's standard error. Sets of samples of one size have the
    same draws if their generators are equal, so that the values of two sets are pairs.

    Args:
        statistic: a function of the samples.
        samples: tensors of one length, whose rows are drawn together.
        generator: of the draws.
        repeats: how often the samples are drawn.
    """
    values = []
    for _ in range(repeats):
        rows = torch.randint(len(samples[0]), (len(samples[0]),), generator=generator)
        values.append(statistic(*(sample[rows] for sample in samples)))
    return torch.tensor(values, dtype=torch.float64)
