"""Whether a training diverged: its losses are far above those of a decoder that learned nothing."""

import torch

from vaelab.arithmetic import exact
from vaelab.data.batches import Batches
from vaelab.randomness import generator
from vaelab.runs import Run

BATCH_SIZE = 500

# How much above gray images the loss of each value of an image must be. An untrained decoder, whose
# images are nearly gray, stays far below it.
MARGIN_PER_VALUE = 0.1


@torch.no_grad()
def divergence_limit(run: Run, batches: Batches) -> float:
    """The mean reconstruction of `batches` from which on the training of a run has diverged.

    It is that of gray images, which a decoder gives whose output is 0 everywhere, and a margin. The
    likelihood is that of a new model, so that a resumed training has the same limit.

    Args:
        run: to be trained.
        batches: the validation images.
    """
    likelihood = run.build_model().likelihood.to(batches.device).eval()
    noise = generator(0, "binarize", device=batches.device)
    total = 0.0
    for batch in batches.in_order(BATCH_SIZE, noise):
        count, channels, *size = batch.x.shape
        decoded = batch.x.new_zeros(count, likelihood.decoded_channels(channels), *size)
        losses = -likelihood.log_prob(batch.x, decoded)
        total += exact(losses.flatten(1).sum(1)).sum().item()
    return total / len(batches) + MARGIN_PER_VALUE * batches.images[0].numel()
