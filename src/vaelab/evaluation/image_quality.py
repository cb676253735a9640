"""Quality of reconstructions: MSE, PSNR and SSIM.

Letters in shapes: N images, C channels, H height, W width.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional

from vaelab.data.unit_images import UnitImages
from vaelab.evaluation.baselines import pixel_mean
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import Metric, MetricSpec, MetricValue, mean_over_images

SSIM_UNIT = "of at most 1"
WINDOW, DEVIATION = 11, 1.5
BLOCK = 500
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

    Windows lie inside of the image, as in its authors' program; on images smaller than the window
    it is as large as the image.
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


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Means over the test images, reconstructed at the posterior's mean.

    PSNR is the mean over images, where equal images count 100 dB; its floor has no limit. The
    baseline is the mean training image.
    """
    real, reconstructed = UnitImages(context.dataset.test.images), context.reconstructions.images
    mean = pixel_mean(context.dataset.train)
    qualities: list[tuple[str, Quality, float | None, str]] = [
        ("mse", squared_errors, 0.0, ""),
        ("psnr", lambda a, b: signal_to_noise(a, b).clamp(max=MOST_DECIBELS), None, ""),
        ("ssim", structural_similarity, 1.0, _ssim_unit(real.shape)),
    ]
    found, of_mean = ([list[Tensor]() for _ in qualities] for _ in range(2))
    for x, decoded in zip(real.split(BLOCK), reconstructed.split(BLOCK), strict=True):
        for index, (_, quality, _, _) in enumerate(qualities):
            found[index].append(quality(x, decoded))
            of_mean[index].append(quality(x, mean.expand_as(x)))
    values = {}
    for index, (name, _, floor, unit) in enumerate(qualities):
        baseline = torch.cat(of_mean[index]).mean().item()
        values[name] = mean_over_images(
            torch.cat(found[index]), unit=unit, floor=floor, baseline=baseline
        )
    return values


def _ssim_unit(shape: tuple[int, ...]) -> str:
    """The unit with the window, where the images are too small for the usual one."""
    height, width = shape[2:]
    if min(height, width) >= WINDOW:
        return SSIM_UNIT
    return f"{SSIM_UNIT}, window {min(WINDOW, height)} x {min(WINDOW, width)}"


METRIC = Metric(
    (
        MetricSpec(
            name="mse",
            label="MSE",
            unit="squared gray level in [0, 1]",
            meaning="Mean squared error of pixels in [0, 1].",
            group="Reconstructions",
            direction="lower",
        ),
        MetricSpec(
            name="psnr",
            label="PSNR",
            unit="dB",
            meaning="Peak signal-to-noise ratio.",
            group="Reconstructions",
            direction="higher",
        ),
        MetricSpec(
            name="ssim",
            label="SSIM",
            unit=SSIM_UNIT,
            meaning="Structural similarity in windows of 11 × 11 pixels.",  # noqa: RUF001
            group="Reconstructions",
            direction="higher",
        ),
    ),
    compute,
)
