"""Scores of predictions of a factor, from 0 (no better than chance) to 1.

Letters in shapes: N images.
"""

import torch
from jaxtyping import Float64, Int
from torch import Tensor


def accuracy_above_chance(
    predicted: Int[Tensor, " N"], known: Int[Tensor, " N"], class_count: int
) -> float:
    """Balanced accuracy, rescaled so that chance is 0, and 0 below chance."""
    is_right = (predicted == known).double()
    recalls = [is_right[known == label].mean() for label in known.unique()]
    chance = 1 / class_count
    return max(0.0, (torch.stack(recalls).mean().item() - chance) / (1 - chance))


def explained_variance(predicted: Float64[Tensor, " N"], known: Float64[Tensor, " N"]) -> float:
    """R2, and 0 below the prediction of the mean or without variance."""
    variance = known.var(correction=0).item()
    error = (predicted - known).square().mean().item()
    return max(0.0, 1 - error / variance) if variance > 0 else 0.0
