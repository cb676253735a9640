"""The plain loop of an experienced PyTorch user: all images in memory as floats.

Batches are made by indexing, the loss takes logits, and Adam is fused.
"""

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.training_speed.images import seconds_of, training_floats
from benchmarks.training_speed.job import BATCH_SIZE, LEARNING_RATE, WARM_UP_STEPS, Job, Timed
from benchmarks.training_speed.networks import Parts, build, draw, posterior, summed_kl


def train(job: Job) -> Timed:
    """Train on one tensor of all images."""
    images = training_floats(job).to(job.device)
    parts = build(job.network).to(job.device)
    optimizer = torch.optim.Adam(parts.parameters(), lr=LEARNING_RATE, fused=True)

    def run_steps(steps: int | None = None) -> None:
        order = torch.randperm(len(images), device=images.device)
        for indices in order.split(BATCH_SIZE)[:steps]:
            _step(parts, optimizer, images[indices])

    run_steps(WARM_UP_STEPS)
    seconds = [seconds_of(run_steps, job.device) for _ in range(job.epochs)]
    return Timed(images=len(images), seconds=seconds)


def _step(parts: Parts, optimizer: torch.optim.Optimizer, x: Tensor) -> None:
    mean, log_variance = posterior(parts.encoder(x))
    logits = parts.decoder(draw(mean, log_variance))
    loss = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    loss = (loss + summed_kl(mean, log_variance)) / len(x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
