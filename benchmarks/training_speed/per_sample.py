"""A per-sample torchvision-style loop, for the fully connected and the convolutional VAE.

It does what many notebooks do: a data set converts one image at a time to a PIL image and then to a
tensor; a DataLoader without workers collates 128 of them; the loss takes probabilities; and each
step reads the value of the loss. The steps from bytes to floats are those of torchvision's
`FashionMNIST` with `ToTensor`.
"""

from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmarks.training_speed.images import seconds_of, training_bytes
from benchmarks.training_speed.job import BATCH_SIZE, LEARNING_RATE, WARM_UP_STEPS, Job, Timed
from benchmarks.training_speed.networks import Parts, build, draw, posterior, summed_kl


class Pictures(Dataset[tuple[Tensor, int]]):
    """Pairs of an image as floats and its label, made when they are requested."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self.images, self.labels = torch.from_numpy(images[:, 0]), torch.from_numpy(labels)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index].numpy())
        return as_floats(picture), int(self.labels[index])


def as_floats(picture: Image.Image) -> Tensor:
    """A gray picture as (1, height, width) in [0, 1]."""
    pixels = torch.from_numpy(np.array(picture)).view(picture.size[1], picture.size[0], 1)
    return pixels.permute(2, 0, 1).contiguous().float().div(255)


def train(
    job: Job, after_epoch: Callable[[float, Parts], None] = lambda _seconds, _parts: None
) -> Timed:
    """Train; `after_epoch` is called with the seconds of each epoch and the networks."""
    pictures = Pictures(*training_bytes(job))
    loader = DataLoader(pictures, batch_size=BATCH_SIZE, shuffle=True, num_workers=0)
    parts = build(job.network).to(job.device)
    optimizer = torch.optim.Adam(parts.parameters(), lr=LEARNING_RATE)

    def run_epoch(batches: Iterable[list[Tensor]]) -> float:
        return sum(_step(parts, optimizer, x.to(job.device)) for x, _ in batches)

    run_epoch(islice(loader, WARM_UP_STEPS))
    timed = Timed(images=len(pictures), seconds=[])
    for _ in range(job.epochs):
        timed.seconds.append(seconds_of(lambda: run_epoch(loader), job.device))
        after_epoch(timed.seconds[-1], parts)
    return timed


def _step(parts: Parts, optimizer: torch.optim.Optimizer, x: Tensor) -> float:
    mean, log_variance = posterior(parts.encoder(x))
    decoded = torch.sigmoid(parts.decoder(draw(mean, log_variance)))
    loss = functional.binary_cross_entropy(decoded, x, reduction="sum")
    loss = loss + summed_kl(mean, log_variance)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
