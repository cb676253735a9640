"""Reconstruction, KL and negative ELBO on the test images, at one draw from each posterior.

Letters in shapes: B images of a block, C channels, H height, W width.
"""

from dataclasses import replace

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from vaelab.arithmetic import exact
from vaelab.data.batches import Batch
from vaelab.data.unit_images import UnitImages
from vaelab.evaluation.baselines import pixel_mean
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import (
    LIKELIHOOD,
    Metric,
    MetricSpec,
    MetricValue,
    mean_over_images,
)
from vaelab.training.validation import validate

LEAST_PROBABILITY = 1e-6
BLOCK = 1000


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """The terms of the ELBO, with the likelihood's floor and the loss of the mean image.

    Of a model with several levels also the KL of each; the details of the KL hold its mean for each
    latent dimension.
    """
    found = validate(context.model, context.run.test_batches, context.generator("evaluation"))
    floor, baseline = reconstruction_bounds(context)
    unit = context.run.capabilities.unit
    values = {}
    for name, of_images in found.per_image.items():
        is_kl = name.startswith("kl")
        value = mean_over_images(
            of_images,
            unit="" if is_kl else unit,
            floor=None if is_kl else floor,
            baseline=None if is_kl else baseline,
        )
        values[name] = replace(
            value,
            details=_kl_by_dimension(context) if name == "kl" else {},
            spec=_level_spec(name.removeprefix("kl_")) if name.startswith("kl_") else None,
        )
    if found.active_units is not None:
        values["active_units"] = MetricValue(value=float(found.active_units), count=found.count)
    return values


def _kl_by_dimension(context: EvaluationContext) -> dict[str, list[float]]:
    """Mean KL of each latent dimension, where the model has it."""
    if not context.run.capabilities.kl_by_dimension:
        return {}

    def kl(batch: Batch) -> Tensor:
        by_dimension = context.model.kl_per_dimension(batch.x, batch.labels)
        assert by_dimension is not None
        return by_dimension

    return {"kl_per_dimension_nats": exact(context.of_test_images(kl)).mean(0).tolist()}


@torch.no_grad()
def reconstruction_bounds(context: EvaluationContext) -> tuple[float | None, float | None]:
    """The least reconstruction loss that the likelihood allows, and that of the mean image.

    None where the likelihood has no least loss, and on binarized images: a code may contain which
    pixels were drawn.
    """
    likelihood = context.model.likelihood
    mean = pixel_mean(context.dataset.train).clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    logits = mean.logit().to(context.device)
    floors, losses = [], []
    for block in UnitImages(context.dataset.test.images).split(BLOCK):
        x = block.to(context.device)
        floor = likelihood.floor(x)
        if floor is None or context.run.config.data.binarize:
            return None, None
        floors.append(_per_image(floor))
        losses.append(_per_image(-likelihood.log_prob(x, logits.expand_as(x))))
    least, of_mean = (torch.cat(each).mean().item() for each in (floors, losses))
    return least, of_mean


def _per_image(losses: Float[Tensor, "B C H W"]) -> Float64[Tensor, " B"]:
    """Sums over pixels, on the CPU."""
    return exact(losses).flatten(1).sum(1)


def _level_spec(level: str) -> MetricSpec:
    return MetricSpec(
        name=f"kl_{level}",
        label=f"KL of {level}",
        unit="nats",
        meaning=f"The part of the KL that belongs to the latent variables {level}.",
        group=LIKELIHOOD,
    )


METRIC = Metric(
    (
        MetricSpec(
            name="reconstruction",
            label="Reconstruction",
            unit="nats",
            meaning="-log p(x|z) at one draw from each image's posterior.",
            group=LIKELIHOOD,
            direction="lower",
            is_headline=True,
        ),
        MetricSpec(
            name="kl",
            label="KL",
            unit="nats",
            meaning="KL(q(z|x) ‖ p(z)): the distance of the posteriors from the prior.",
            group=LIKELIHOOD,
            needs=("a prior",),
            is_headline=True,
        ),
        MetricSpec(
            name="negative_elbo",
            label="Negative ELBO",
            unit="nats",
            meaning="Reconstruction + KL, with β = 1 for every run.",
            group=LIKELIHOOD,
            needs=("a prior",),
            direction="lower",
            is_headline=True,
        ),
        MetricSpec(
            name="active_units",
            label="Active units",
            unit="dimensions",
            meaning="Latent dimensions whose posterior mean varies between images.",
            group="Latent space",
            needs=("prior moments", "2 test images"),
        ),
    ),
    compute,
    aliases=("elbo", "loss"),
)
