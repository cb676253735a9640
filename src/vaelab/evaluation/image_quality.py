"""How near reconstructions are to their images: MSE, PSNR, SSIM.

Letters in shapes: N images, C channels, H height, W width.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional

from vaelab.evaluation.baselines import pixel_mean
from vaelab.evaluation.classified_images import raw
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.importance import mean_and_standard_error
from vaelab.evaluation.result import Estimate, Findings, Measure

MEASURES = {
    "mse": Measure("squared grey level in [0, 1]", "lower"),
    "psnr": Measure("dB", "higher"),
    "ssim": Measure("of at most 1", "higher"),
}
WINDOW, DEVIATION = 11, 1.5
BLOCK = 1000
MOST_DECIBELS = 100.0

Images = Float[Tensor, "N C H W"]
Quality = Callable[[Images, Images], Float64[Tensor, " N"]]


def squared_errors(a: Images, b: Images) -> Float64[Tensor, " N"]:
    """Mean squared error of each image's pixels."""
    errors: Tensor = (a.double() - b.double()).square().flatten(1).mean(1)
    return errors


def signal_to_noise(a: Images, b: Images) -> Float64[Tensor, " N"]:
    """Peak signal-to-noise ratio of each image, dB, peak 1; infinite for equal images."""
    return -10 * squared_errors(a, b).log10()


def structural_similarity(a: Images, b: Images) -> Float64[Tensor, " N"]:
    """SSIM of each image: Wang et al. 2004, equation 13, with a Gaussian window of 11 x 11.

    Only where the window fits inside the image, as its authors' program has it.
    """
    a, b = a.double(), b.double()
    mean_a, mean_b = _blurred(a), _blurred(b)
    variance_a = _blurred(a * a) - mean_a**2
    variance_b = _blurred(b * b) - mean_b**2
    covariance = _blurred(a * b) - mean_a * mean_b
    first, second = 0.01**2, 0.03**2
    similarity = ((2 * mean_a * mean_b + first) * (2 * covariance + second)) / (
        (mean_a**2 + mean_b**2 + first) * (variance_a + variance_b + second)
    )
    return similarity.flatten(1).mean(1)


def _blurred(x: Float64[Tensor, "N C H W"]) -> Float64[Tensor, "N C I J"]:
    channels, height, width = x.shape[1:]
    for dimension, size in ((2, height), (3, width)):
        window = _gaussian(min(WINDOW, size))
        shape = [1, 1, 1, 1]
        shape[dimension] = len(window)
        x = functional.conv2d(x, window.view(shape).expand(channels, *shape[1:]), groups=channels)
    return x


def _gaussian(size: int) -> Float64[Tensor, " S"]:
    offsets = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    weights = torch.exp(-offsets.square() / (2 * DEVIATION**2))
    return weights / weights.sum()


def _in_blocks(quality: Quality, a: Images, b: Images) -> Float64[Tensor, " N"]:
    return torch.cat([quality(*pair) for pair in zip(a.split(BLOCK), b.split(BLOCK), strict=True)])


def measure(context: EvaluationContext) -> Findings:
    """Means over the test images of reconstructions at the posterior's mean.

    PSNR is the mean of the images' own, equal images counting 100 dB; floor has no bound.
    Useless is the mean training image.
    """
    real, rebuilt = raw(context.dataset.test), context.reconstructions
    mean = pixel_mean(context.dataset.train).expand_as(real)
    qualities: list[tuple[str, Quality, float | None]] = [
        ("mse", squared_errors, 0.0),
        ("psnr", lambda a, b: signal_to_noise(a, b).clamp(max=MOST_DECIBELS), None),
        ("ssim", structural_similarity, 1.0),
    ]
    estimates = {}
    for name, quality, floor in qualities:
        value, error = mean_and_standard_error(_in_blocks(quality, real, rebuilt))
        baseline, _ = mean_and_standard_error(_in_blocks(quality, real, mean))
        estimates[name] = Estimate(value, len(real), error, floor=floor, baseline=baseline)
    return Findings(estimates)
