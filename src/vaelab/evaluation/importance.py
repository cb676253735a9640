"""The importance-weighted bound on log p(x) of the test images, and the ELBO of its draws."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor
from tqdm import tqdm

from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.losses import reconstruction_bounds
from vaelab.evaluation.metric import (
    LIKELIHOOD,
    Direction,
    Metric,
    MetricSpec,
    MetricValue,
    mean_over_images,
)
from vaelab.models.importance import ImportanceBound, importance_bound
from vaelab.randomness import generator

IMAGES_AT_ONCE = 100


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Minus the bound on log p(x) of the test images, and the ELBO's terms over the same draws."""
    batches = context.run.test_batches.in_order(IMAGES_AT_ONCE, context.generator("binarize"))
    bound = bound_in_parts(context, ((batch.x, batch.labels) for batch in batches))
    floor, baseline = reconstruction_bounds(context)
    unit = f"{context.run.capabilities.unit}, k = {bound.k}"

    def loss(values: Tensor) -> MetricValue:
        return mean_over_images(values.cpu(), unit=unit, floor=floor, baseline=baseline)

    return {
        "negative_log_likelihood": loss(-bound.log_likelihood),
        "reconstruction_many_draws": loss(bound.reconstruction),
        "kl_many_draws": mean_over_images(bound.kl.cpu(), unit=f"nats, k = {bound.k}"),
        "negative_elbo_many_draws": loss(bound.negative_elbo),
        "effective_sample_size": mean_over_images(
            bound.effective_sample_size.cpu(), unit=f"of {bound.k} draws"
        ),
    }


def bound_in_parts(
    context: EvaluationContext, parts: Iterable[tuple[Tensor, Tensor | None]]
) -> ImportanceBound:
    """The bound of the run's model on the test images, given in parts, with a progress bar."""
    draws = generator(context.seed, "importance")
    bounds = [
        importance_bound(
            context.model,
            x.to(context.device),
            None if labels is None else labels.to(context.device),
            k=context.importance_samples,
            generator=draws,
        )
        for x, labels in tqdm(
            parts,
            "importance-weighted bound",
            total=math.ceil(len(context.dataset.test) / IMAGES_AT_ONCE),
            disable=not context.show_progress,
            leave=False,
        )
    ]
    return ImportanceBound(
        log_likelihood=torch.cat([bound.log_likelihood for bound in bounds]),
        effective_sample_size=torch.cat([bound.effective_sample_size for bound in bounds]),
        reconstruction=torch.cat([bound.reconstruction for bound in bounds]),
        kl=torch.cat([bound.kl for bound in bounds]),
        k=context.importance_samples,
    )


def _spec(
    name: str, label: str, meaning: str, unit: str = "nats", direction: Direction | None = "lower"
) -> MetricSpec:
    return MetricSpec(
        name=name,
        label=label,
        unit=unit,
        meaning=meaning,
        group=LIKELIHOOD,
        direction=direction,
    )


METRIC = Metric(
    (
        _spec(
            "negative_log_likelihood",
            "NLL",
            "-log p(x) by the importance-weighted bound, tighter than the negative ELBO.",
        ),
        _spec(
            "reconstruction_many_draws",
            "Reconstruction, k draws",
            "The reconstruction as a mean over k draws.",
        ),
        _spec(
            "kl_many_draws", "KL, k draws", "The KL as a mean over the same draws.", direction=None
        ),
        _spec("negative_elbo_many_draws", "Negative ELBO, k draws", "The sum of these two."),
        _spec(
            "effective_sample_size",
            "Effective sample size",
            "(sum w)² / sum w² of the k importance weights.",
            unit="draws",
            direction=None,
        ),
    ),
    compute,
    ("a trained model", "a density"),
    aliases=("iwae", "nll"),
)
