"""Reconstruction, KL and their sum on the test images, at one draw from each posterior."""

import torch
from torch import Tensor

from vaelab.evaluation.baselines import pixel_mean
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.evaluation.shown import raw
from vaelab.evaluation.subject import Subject
from vaelab.randomness import generator
from vaelab.training import measure as measuring

MEASURES = {
    "reconstruction": Measure("nats", "lower"),
    "kl": Measure("nats"),
    "total": Measure("nats", "lower"),
    "active_units": Measure("dimensions"),
}
LEAST_PROBABILITY = 1e-6


def measure(subject: Subject) -> Findings:
    """The bound's terms per image, their floor, and what the mean training image would lose."""
    run = subject.run
    found = measuring.measure(run.model, run.test_batches, generator(subject.seed, "evaluation"))
    errors = found.standard_errors or (None, None, None)
    floor, useless = floor_and_ceiling(subject)
    unit = run.model.likelihood.unit

    def bounded(value: float, error: float | None) -> Estimate:
        return Estimate(value, found.count, error, perfect=floor, useless=useless, unit=unit)

    estimates = {"reconstruction": bounded(found.reconstruction, errors[0])}
    if run.model.prior is not None:  # without one there is no bound on log p(x) to speak of
        estimates["kl"] = Estimate(found.kl_nats, found.count, errors[1])
        estimates["total"] = bounded(found.total, errors[2])
    if found.active_units is not None:
        estimates["active_units"] = Estimate(float(found.active_units), found.count)
    return Findings(estimates)


@torch.no_grad()
def floor_and_ceiling(subject: Subject) -> tuple[float | None, float | None]:
    """The least that the likelihood allows on the test images, and the mean image's loss.

    None where there is no such limit, as on binarized images: a code may carry which pixels were
    drawn.
    """
    likelihood = subject.run.model.likelihood
    test = raw(subject.dataset.test)
    floor = likelihood.floor(test)
    if floor is None or subject.run.config.data.binarize:
        return None, None
    return floor.double().flatten(1).sum(1).mean().item(), _loss_of_mean_image(subject, test)


def _loss_of_mean_image(subject: Subject, test: Tensor) -> float:
    """Reconstruction of every test image by the training images' mean, per image."""
    likelihood = subject.run.model.likelihood
    mean = pixel_mean(subject.dataset.train).clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    losses = [
        -likelihood.log_prob(block, mean.logit().expand_as(block)).double().flatten(1).sum(1)
        for block in test.split(1000)
    ]
    return torch.cat(losses).mean().item()
