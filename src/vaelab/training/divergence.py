"""Whether a training diverged: its losses are far above those of a decoder that learned nothing."""

import copy

import torch

from vaelab.data.batches import Batches
from vaelab.models.contract import LatentVariableModel
from vaelab.randomness import generator

BATCH_SIZE = 500

# How much above gray images the loss of each value of an image must be. An untrained decoder, whose
# images are nearly gray, stays far below it.
MARGIN_PER_VALUE = 0.1


@torch.no_grad()
def divergence_limit(model: LatentVariableModel, batches: Batches) -> float:
    """The mean reconstruction of `batches` from which on a training has diverged.

    It is that of gray images, which a decoder gives whose output is 0 everywhere, and a margin.

    Args:
        model: before its training.
        batches: the validation images.
    """
    likelihood = copy.deepcopy(model.likelihood).eval()
    noise = generator(0, "binarize", device=batches.device)
    total = 0.0
    for batch in batches.in_order(BATCH_SIZE, noise):
        losses = -likelihood.log_prob(batch.x, torch.zeros_like(batch.x))
        total += losses.flatten(1).sum(1).cpu().double().sum().item()
    return total / len(batches) + MARGIN_PER_VALUE * batches.images[0].numel()
