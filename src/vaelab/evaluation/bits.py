"""Bits per dimension of 8-bit images, from models that give a density of grey values.

A density cannot be compared with a compressor as it is: 8-bit values are a discrete thing, and a
density may rise without bound where they repeat. With uniform noise in every grey level it can
(Theis et al. 2016, arXiv:1511.01844, section 3.1).

Letters in shapes: N images, C channels, H height, W width.
"""

import math

import torch
from jaxtyping import Float, Float64, Int, UInt8
from torch import Generator, Tensor

from vaelab.distributions import uniform_like
from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.importance import importance_bound, mean_and_standard_error
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.models import LatentVariableModel
from vaelab.randomness import generator

GREY_LEVELS = 256


def dequantized(images: UInt8[Tensor, "N C H W"], generator: Generator) -> Float[Tensor, "N C H W"]:
    """(v + u) / 256 with u from U[0, 1): every grey level spread over its own share of [0, 1]."""
    x = images.float()
    return (x + uniform_like(x, generator)) / GREY_LEVELS


def bits_of_density(log_density: Float64[Tensor, " N"], dimensions: int) -> Float64[Tensor, " N"]:
    """Bits per dimension from the log-density, in nats, of dequantized images in [0, 1].

    A grey level is 1/256 of [0, 1], hence 8 bits for a density of one.
    """
    return math.log2(GREY_LEVELS) - log_density / (dimensions * math.log(2))


def bits_per_dimension(
    model: LatentVariableModel,
    images: UInt8[Tensor, "N C H W"],
    labels: Int[Tensor, " N"] | None,
    *,
    k: int,
    generator: Generator,
) -> Float64[Tensor, " N"]:
    """An upper bound, in expectation, on the bits that the model needs for each value of an image.

    log P(v) >= E_u log p((v + u) / 256) - dimensions * log 256, at one u per image, and log p by
    the importance-weighted bound. The first is loose for a model that was trained on values
    without noise: it has learned that all of an image's background is one and the same grey.

    Args:
        model: whose likelihood is a density of grey values.
        images: 8-bit values.
        labels: of a conditional model.
        k: draws of z per image.
        generator: of the noise and the draws.

    Raises:
        InputError: if the likelihood is none of 8-bit values, or the model has no prior.
    """
    if model.likelihood.unit != "nats of density":
        raise InputError(
            "bits per dimension need a likelihood that is a density of grey values, found one in "
            f"{model.likelihood.unit}; train with continuous-bernoulli or gaussian-learned"
        )
    x = dequantized(images, generator)
    bound = importance_bound(model, x, labels, k=k, generator=generator)
    return bits_of_density(bound.log_likelihood, x[0].numel())


MEASURES = {"bits_per_dim": Measure("bits per dimension", "lower")}


def measure(context: EvaluationContext) -> Findings:
    """Of the 8-bit test images; useless is to write every value down as it is."""
    test = context.dataset.test
    labels = None if test.labels is None else torch.from_numpy(test.labels)
    bits = bits_per_dimension(
        context.run.model,
        torch.from_numpy(test.images),
        labels,
        k=context.importance_samples,
        generator=generator(context.seed, "bits"),
    )
    mean, error = mean_and_standard_error(bits)
    unit = f"bits per dimension, k = {context.importance_samples}"
    return Findings({"bits_per_dim": Estimate(mean, len(bits), error, baseline=8.0, unit=unit)})
