"""What floors and baselines are computed of: real images, a Gaussian of pixels, the mean image.

Letters in shapes: N images, M samples, C channels, H height, W width, P pixels.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from vaelab.data import ImageData
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.randomness import generator

# With more pixels than this, the eigenvectors of their covariance would take minutes.
MOST_EIGEN_PIXELS = 4096
BLOCK = 5000


def real_samples(real: RealImages, count: int) -> ClassifiedImages:
    """As many real training images, as an ideal generator could have drawn."""
    train = real.train
    chosen = torch.randperm(len(train), generator=generator(0, "floor samples"))[:count]
    labels = None if train.labels is None else train.labels[chosen]
    return ClassifiedImages(train.images[chosen], labels, train.extractors, train.device)


def gaussian_samples(real: RealImages, count: int) -> ClassifiedImages:
    """Draws from a Gaussian with the mean and covariance of the training pixels, random labels."""
    train, draws = real.train, generator(0, "baseline samples")
    images = gaussian_images(train.images, count, draws)
    labels = None
    if train.labels is not None:
        labels = train.labels[torch.randint(len(train), (count,), generator=draws)]
    return ClassifiedImages(images, labels, train.extractors, train.device)


# By the field of `MetricValue` that they give.
REFERENCE_SAMPLES: dict[str, Callable[[RealImages, int], ClassifiedImages]] = {
    "floor": real_samples,
    "baseline": gaussian_samples,
}


def gaussian_images(
    images: Float[Tensor, "N C H W"], count: int, draws: Generator
) -> Float[Tensor, "M C H W"]:
    """Draws from the Gaussian fitted to images, clipped to [0, 1]."""
    flat = images.flatten(1)
    mean = flat.mean(0, dtype=torch.float64)
    drawn = _by_eigenvectors if len(mean) <= MOST_EIGEN_PIXELS else _by_combination
    pixels: Tensor = (mean + drawn(flat, mean, count, draws)).clamp(0, 1)
    return pixels.float().view(count, *images.shape[1:])


def _by_eigenvectors(
    flat: Float[Tensor, "N P"], mean: Tensor, count: int, draws: Generator
) -> Float[Tensor, "M P"]:
    """Noise times the square root of the covariance, which is summed in blocks."""
    scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for block in flat.split(BLOCK):
        centered = block.double() - mean
        scatter += centered.T @ centered
    values, vectors = torch.linalg.eigh(scatter / max(len(flat) - 1, 1))
    root = vectors * values.clamp(min=0).sqrt()
    noise = torch.randn(count, len(mean), generator=draws, dtype=torch.float64)
    product: Tensor = noise @ root.T
    return product


def _by_combination(
    flat: Float[Tensor, "N P"], mean: Tensor, count: int, draws: Generator
) -> Float[Tensor, "M P"]:
    """Combinations of the centered images with normal weights: they have the same covariance."""
    total = torch.zeros(count, len(mean), dtype=torch.float64)
    for block in flat.split(BLOCK):
        weights = torch.randn(count, len(block), generator=draws, dtype=torch.float64)
        total += weights @ (block.double() - mean)
    return total / math.sqrt(max(len(flat) - 1, 1))


def pixel_mean(data: ImageData) -> Float[Tensor, "1 C H W"]:
    """The mean image in [0, 1], the reconstruction of a model that learned nothing."""
    mean = data.images.mean(0, dtype=np.float64, keepdims=True) / 255
    return torch.as_tensor(mean, dtype=torch.float32)
