"""What floors and baselines are computed of: real images, a Gaussian of pixels, the mean image.

Letters in shapes: N images, M samples, C channels, H height, W width, P pixels.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Generator, Tensor

from vaelab.data import ImageData
from vaelab.data.image_data import images_at_once
from vaelab.data.unit_images import ImageParts
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.randomness import generator

# With more pixels than this, the eigenvectors of their covariance would take minutes.
MOST_EIGEN_PIXELS = 4096
# Values of the images that are computed with at once.
BLOCK_VALUES = 2**22


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


def gaussian_images(images: ImageParts, count: int, draws: Generator) -> Float[Tensor, "M C H W"]:
    """Draws from the Gaussian fitted to images (N, C, H, W), clipped to [0, 1]."""
    sums = [
        part.flatten(1).double().sum(0)
        for part in images.split(images_at_once(BLOCK_VALUES, images.shape))
    ]
    mean = torch.stack(sums).sum(0) / len(images)
    drawn = _by_eigenvectors if len(mean) <= MOST_EIGEN_PIXELS else _by_combination
    pixels = drawn(images, mean, count, draws)
    return pixels.clamp_(0, 1).view(count, *images.shape[1:])


def _by_eigenvectors(
    images: ImageParts, mean: Float64[Tensor, " P"], count: int, draws: Generator
) -> Float[Tensor, "M P"]:
    """The mean, and noise times the square root of the covariance, which is summed in blocks."""
    scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for part in images.split(images_at_once(BLOCK_VALUES, images.shape)):
        centered = part.flatten(1).double() - mean
        scatter += centered.T @ centered
    values, vectors = torch.linalg.eigh(scatter / max(len(images) - 1, 1))
    root = vectors * values.clamp(min=0).sqrt()
    pixels = torch.empty(count, len(mean))
    for block in pixels.split(images_at_once(BLOCK_VALUES, pixels.shape)):
        noise = torch.randn(len(block), len(mean), generator=draws, dtype=torch.float64)
        block.copy_(mean + noise @ root.T)
    return pixels


def _by_combination(
    images: ImageParts, mean: Float64[Tensor, " P"], count: int, draws: Generator
) -> Float[Tensor, "M P"]:
    """The mean, and combinations of the centered images, which have the same covariance."""
    total = torch.zeros(count, len(mean), dtype=torch.float64)
    for part in images.split(images_at_once(BLOCK_VALUES, images.shape)):
        weights = torch.randn(count, len(part), generator=draws, dtype=torch.float64)
        total.addmm_(weights, part.flatten(1).double() - mean)
    return total.div_(math.sqrt(max(len(images) - 1, 1))).add_(mean).float()


def pixel_mean(data: ImageData) -> Float[Tensor, "1 C H W"]:
    """The mean image in [0, 1], the reconstruction of a model that learned nothing."""
    mean = data.images.mean(0, dtype=np.float64, keepdims=True) / 255
    return torch.as_tensor(mean, dtype=torch.float32)
