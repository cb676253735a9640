"""The loops of the two notebooks R4 (fully connected) and R3 (convolutions), in our own words.

They do what most notebooks do: a dataset makes a picture of each image and the picture a tensor of
floats, one at a time; a DataLoader without workers gathers 128 of them; the loss compares
probabilities; and every step reads the loss's value. The steps from bytes to floats are those of
torchvision's `FashionMNIST` with `ToTensor`.
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
    """Pairs of an image as floats and its label, each made when it is asked for."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self.images, self.labels = torch.from_numpy(images[:, 0]), torch.from_numpy(labels)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index].numpy())
        return as_floats(picture), int(self.labels[index])


def as_floats(picture: Image.Image) -> Tensor:
    """A grey picture as (1, height, width) in [0, 1]."""
    pixels = torch.from_numpy(np.array(picture)).view(picture.size[1], picture.size[0], 1)
    return pixels.permute(2, 0, 1).contiguous().float().div(255)


def train(
    job: Job, after_epoch: Callable[[float, Parts], None] = lambda _seconds, _parts: None
) -> Timed:
    """Train; `after_epoch` is given each epoch's seconds and the networks as they are then."""
    pictures = Pictures(*training_bytes(job))
    loader = DataLoader(pictures, batch_size=BATCH_SIZE, shuffle=True, num_workers=0)
    parts = build(job.network).to(job.device)
    optimizer = torch.optim.Adam(parts.parameters(), lr=LEARNING_RATE)

    def go_through(batches: Iterable[list[Tensor]]) -> float:
        return sum(_step(parts, optimizer, x.to(job.device)) for x, _ in batches)

    go_through(islice(loader, WARM_UP_STEPS))
    timed = Timed(images=len(pictures), seconds=[])
    for _ in range(job.epochs):
        timed.seconds.append(seconds_of(lambda: go_through(loader), job.device))
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
