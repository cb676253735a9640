"""Mean terms of the objective over images that are not trained on.

Letters in shapes: N images, B batch, D numbers in the flat code.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Generator, Tensor

from vaelab.arithmetic import exact
from vaelab.data.batches import ALONE, Batch, Batches
from vaelab.models.contract import LatentVariableModel, Terms, TermsRequest
from vaelab.objectives.objective import Objective, Progress, end_of_training, kl_per_image
from vaelab.training.process_group import ProcessGroup

# Burda et al. 2016 (arXiv:1509.00519), section 5.1.
ACTIVE_VARIANCE = 1e-2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ValidationResult:
    """Means over all images, at one draw from each posterior.

    Attributes:
        means: reconstruction; kl, the KL of each of several levels, and negative_elbo where the
            model has a KL; and the scalars that the objective names. Per image.
        per_image: the terms of the ELBO of each image.
        loss: mean of the objective at the end of its schedules; NaN without an objective.
        reconstruction_floor: the least reconstruction that the likelihood allows on these images;
            None where it has no minimum. Binarized images have none: a code may determine which
            pixels are 1.
        active_units: dimensions whose posterior mean has a variance over the images of more than
            0.01 of the prior's variance; None where the prior's variance is unknown, or for a
            single image.
        count: of images.
    """

    means: dict[str, float]
    per_image: dict[str, Float64[Tensor, " N"]]
    loss: float
    reconstruction_floor: float | None
    active_units: int | None
    count: int


@torch.no_grad()
def validate(
    model: LatentVariableModel,
    batches: Batches,
    noise: Generator,
    *,
    objective: Objective | None = None,
    image_count: int = 1,
    batch_size: int = 500,
    process_group: ProcessGroup | None = None,
) -> ValidationResult:
    """Evaluate the terms of the objective on every image once.

    The model is used in evaluation mode and returned to its mode.

    Args:
        model: the model.
        batches: the images.
        noise: of the draws from the posterior.
        objective: whose scalars to average; None: the terms of the ELBO alone.
        image_count: training images, for objectives that depend on it.
        batch_size: over all processes.
        process_group: the processes that share the images; None: this one alone.
    """
    was_training = model.training
    model.eval()
    request = TermsRequest() if objective is None else objective.request
    of_elbo = request._replace(prior_alone=False)
    progress = end_of_training(image_count)
    share = ALONE if process_group is None else process_group.share
    has_moments = model.capabilities.has_prior_moments
    # One block of memory for each column: many small ones between the large ones of the batches
    # would keep these from being reused.
    columns: dict[str, Tensor] = {}
    done = 0
    for batch in batches.in_order(batch_size, noise, share):
        terms = of_objective = model(batch.x, batch.labels, batch.source, of_elbo)
        if request.prior_alone:
            of_objective = model(batch.x, batch.labels, batch.source, request)
        if batch.weight == 0:
            continue  # its image belongs to another process
        values = elbo_terms(terms) | {"floor": _floor(model, batch)}
        if objective is not None:
            values = _objective_scalars(objective, of_objective, progress) | values
        if has_moments and terms.posterior is not None:
            values["means"] = terms.posterior.mean
        rows = slice(done, done + len(batch))
        done = rows.stop
        for name, value in values.items():
            part = exact(value)
            if name not in columns:
                columns[name] = part.new_empty(len(batches), *part.shape[1:])
            columns[name][rows] = part
    model.train(was_training)
    found = {name: column[:done] for name, column in columns.items()}
    if process_group is not None:
        found = {name: process_group.gather(part) for name, part in found.items()}
    floor, posterior_means = found.pop("floor"), found.pop("means", None)
    loss = found.pop("loss", None)
    names = elbo_terms(terms)
    return ValidationResult(
        means={name: each.mean().item() for name, each in found.items()},
        per_image={name: found[name] for name in names},
        loss=math.nan if loss is None else loss.mean().item(),
        reconstruction_floor=(
            None if batches.binarize or floor.isnan().any() else floor.mean().item()
        ),
        active_units=None if posterior_means is None else _active_units(model, posterior_means),
        count=len(floor),
    )


def elbo_terms(terms: Terms) -> dict[str, Tensor]:
    """Reconstruction, KL, KL by level and negative ELBO of each image, in float64.

    Letters in shapes: all values are (B,).
    """
    reconstruction = exact(terms.reconstruction)
    if not terms.kl:
        return {"reconstruction": reconstruction}
    kl = exact(kl_per_image(terms))
    by_level = {f"kl_{name}": exact(each.sum(1)) for name, each in terms.kl.items()}
    return {
        "reconstruction": reconstruction,
        "kl": kl,
        **(by_level if len(by_level) > 1 else {}),
        "negative_elbo": reconstruction + kl,
    }


def _objective_scalars(objective: Objective, terms: Terms, progress: Progress) -> dict[str, Tensor]:
    """The objective's scalars of a batch, repeated for each of its images."""
    loss, scalars = objective(terms, progress)
    count = len(terms.reconstruction)
    return {name: value.expand(count) for name, value in (scalars | {"loss": loss}).items()}


def _floor(model: LatentVariableModel, batch: Batch) -> Float64[Tensor, " B"]:
    """Of each image; NaN where the likelihood has none."""
    floor = model.likelihood.floor(batch.x)
    if floor is None:
        return torch.full((len(batch),), math.nan, dtype=torch.float64)
    return exact(floor).flatten(1).sum(1)


def _active_units(model: LatentVariableModel, means: Float64[Tensor, "N D"]) -> int | None:
    moments = model.prior_moments()
    if moments is None or len(means) < 2:
        return None
    return int((means.var(0) / exact(moments[1]) > ACTIVE_VARIANCE).sum())
