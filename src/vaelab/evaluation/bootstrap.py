"""The spread of a statistic over images, by drawing them anew.

Letters in shapes: N images.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor


def bootstrap_standard_deviation(
    statistic: Callable[..., float], *samples: Tensor, generator: Generator, repeats: int = 20
) -> float:
    """Standard deviation of a statistic when its images are drawn anew with replacement.

    Efron 1979. Tensors of one length are drawn process_group, row by row.
    """
    values = []
    for _ in range(repeats):
        rows = torch.randint(len(samples[0]), (len(samples[0]),), generator=generator)
        values.append(statistic(*(sample[rows] for sample in samples)))
    return torch.tensor(values, dtype=torch.float64).std().item()
