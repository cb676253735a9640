"""Reconstruction, KL and their sum on the test images, at one draw from each posterior."""

import torch
from torch import Tensor

from vaelab.evaluation.baselines import pixel_mean
from vaelab.evaluation.classified_images import raw
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.randomness import generator
from vaelab.training import measure as measuring

MEASURES = {
    "reconstruction": Measure("nats", "lower"),
    "kl": Measure("nats"),
    "negative_elbo": Measure("nats", "lower"),
    "active_units": Measure("dimensions"),
}
LEAST_PROBABILITY = 1e-6


def measure(context: EvaluationContext) -> Findings:
    """The bound's terms per image, their floor, and what the mean training image would lose."""
    run = context.run
    found = measuring.measure(run.model, run.test_batches, generator(context.seed, "evaluation"))
    errors = found.standard_errors or (None, None, None)
    floor, baseline = floor_and_ceiling(context)
    unit = run.model.likelihood.unit

    def bounded(value: float, error: float | None) -> Estimate:
        return Estimate(value, found.count, error, floor=floor, baseline=baseline, unit=unit)

    estimates = {"reconstruction": bounded(found.reconstruction, errors[0])}
    if run.model.prior is not None:  # without one there is no bound on log p(x) to speak of
        estimates["kl"] = Estimate(found.kl, found.count, errors[1])
        estimates["negative_elbo"] = bounded(found.negative_elbo, errors[2])
    if found.active_units is not None:
        estimates["active_units"] = Estimate(float(found.active_units), found.count)
    return Findings(estimates)


@torch.no_grad()
def floor_and_ceiling(context: EvaluationContext) -> tuple[float | None, float | None]:
    """The least that the likelihood allows on the test images, and the mean image's loss.

    None where there is no such limit, as on binarized images: a code may carry which pixels were
    drawn.
    """
    likelihood = context.run.model.likelihood
    test = raw(context.dataset.test)
    floor = likelihood.floor(test)
    if floor is None or context.run.config.data.binarize:
        return None, None
    return floor.double().flatten(1).sum(1).mean().item(), _loss_of_mean_image(context, test)


def _loss_of_mean_image(context: EvaluationContext, test: Tensor) -> float:
    """Reconstruction of every test image by the training images' mean, per image."""
    likelihood = context.run.model.likelihood
    mean = pixel_mean(context.dataset.train).clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    losses = [
        -likelihood.log_prob(block, mean.logit().expand_as(block)).double().flatten(1).sum(1)
        for block in test.split(1000)
    ]
    return torch.cat(losses).mean().item()
