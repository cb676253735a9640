"""Bits per dimension of 8-bit images, for models of gray values.

A likelihood that gives the probability of each 8-bit value is a code length. A density is none and
has no upper limit, since values are discrete; with uniform noise within every gray level it bounds
one (Theis et al. 2016, arXiv:1511.01844, section 3.1).

Letters in shapes: N images, C channels, H height, W width.
"""

import math

import torch
from jaxtyping import Float, Float64, Int, UInt8
from torch import Generator, Tensor

from vaelab.distributions import uniform_like
from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import (
    LIKELIHOOD,
    Metric,
    MetricSpec,
    MetricValue,
    mean_over_images,
)
from vaelab.models.capabilities import DENSITY, GRAY_UNITS
from vaelab.models.contract import LatentVariableModel
from vaelab.models.importance import importance_bound
from vaelab.randomness import generator

GRAY_LEVELS = 256
# Images that are dequantized at once.
BLOCK = 1000
CPU = torch.device("cpu")


def dequantized(images: UInt8[Tensor, "N C H W"], generator: Generator) -> Float[Tensor, "N C H W"]:
    """(v + u) / 256 with u from U[0, 1): uniform within every gray level."""
    x = images.float()
    return (x + uniform_like(x, generator)) / GRAY_LEVELS


def bits_of_density(log_density: Float64[Tensor, " N"], dimensions: int) -> Float64[Tensor, " N"]:
    """Bits per dimension from the log-density, in nats, of dequantized images in [0, 1].

    A gray level is 1/256 of [0, 1], so a density of one costs 8 bits.
    """
    return math.log2(GRAY_LEVELS) - log_density / (dimensions * math.log(2))


def bits_per_dimension(
    model: LatentVariableModel,
    images: UInt8[Tensor, "N C H W"],
    labels: Int[Tensor, " N"] | None,
    *,
    k: int,
    generator: Generator,
    device: torch.device = CPU,
) -> Float64[Tensor, " N"]:
    """An upper bound, in expectation, on the bits that the model needs per value of an image.

    It is the importance-weighted bound on log P(v). For a density, log P(v) is bounded in turn:
    log P(v) >= E_u log p((v + u) / 256) - dimensions * log 256, at one u per image. That is loose
    for a model trained on values without noise, which has learned that the background is exactly
    one gray value.

    Args:
        model: whose likelihood is of 8-bit values or a density of gray values.
        images: 8-bit values.
        labels: of a conditional model.
        k: draws of z per image.
        generator: of the noise and the draws, on the CPU.
        device: of the model.

    Raises:
        InputError: if the likelihood is not of gray values, or the model has no prior.
    """
    unit = model.likelihood.unit
    if unit not in GRAY_UNITS:
        raise InputError(
            f"bits per dimension need a likelihood of gray values, found one in {unit}; train with "
            "logistic-mixture, continuous-bernoulli or gaussian-learned"
        )
    x = dequantized(images, generator) if unit == DENSITY else images.float() / (GRAY_LEVELS - 1)
    bound = importance_bound(
        model,
        x.to(device),
        None if labels is None else labels.to(device),
        k=k,
        generator=generator,
    )
    log_density = bound.log_likelihood.cpu()
    if unit == DENSITY:
        return bits_of_density(log_density, x[0].numel())
    return -log_density / (x[0].numel() * math.log(2))


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Of the 8-bit test images; the baseline is 8 bits, uncompressed values."""
    test, draws = context.dataset.test, generator(context.seed, "bits")
    parts = [
        bits_per_dimension(
            context.model,
            torch.from_numpy(test.images[start : start + BLOCK]),
            None if test.labels is None else torch.from_numpy(test.labels[start : start + BLOCK]),
            k=context.importance_samples,
            generator=draws,
            device=context.device,
        )
        for start in range(0, len(test), BLOCK)
    ]
    unit = f"bits per dimension, k = {context.importance_samples}"
    return {"bits_per_dim": mean_over_images(torch.cat(parts), baseline=8.0, unit=unit)}


METRIC = Metric(
    (
        MetricSpec(
            name="bits_per_dim",
            label="Bits per dimension",
            unit="bits per dimension",
            meaning="The importance-weighted bound per pixel, for 8-bit gray values.",
            group=LIKELIHOOD,
            direction="lower",
        ),
    ),
    compute,
    ("a trained model", "a likelihood of gray values"),
    aliases=("bpd",),
)
