"""One pass over images that are not trained on.

Letters in shapes: N images, D latent dimensions.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Generator, Tensor

from vaelab.data.batches import ALONE, Batch, Batches
from vaelab.models import LatentVariableModel
from vaelab.objectives import per_image
from vaelab.training.engine import ProcessGroup

# Burda et al. 2016 (arXiv:1509.00519), section 5.1.
ACTIVE_VARIANCE = 1e-2


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Means over all images, at one draw from each posterior.

    Attributes:
        reconstruction: per image, in the likelihood's unit.
        kl: per image.
        standard_errors: of reconstruction, KL and total; None for a single image.
        reconstruction_floor: the least that the likelihood allows on these images; None where
            there is no limit. Binarized images have none: a code may carry which pixels were drawn.
        active_units: dimensions whose posterior mean varies over the images by more than 0.01 of
            the prior's variance; None without a prior, or for a single image.
        count: of images.
    """

    reconstruction: float
    kl: float
    standard_errors: tuple[float, float, float] | None
    reconstruction_floor: float | None
    active_units: int | None
    count: int

    @property
    def negative_elbo(self) -> float:
        """Minus the ELBO."""
        return self.reconstruction + self.kl


@torch.no_grad()
def measure(
    model: LatentVariableModel,
    batches: Batches,
    noise: Generator,
    batch_size: int = 500,
    process_group: ProcessGroup | None = None,
) -> Measured:
    """Reconstruction, KL and what the latent dimensions carry, over every image once.

    The model is used in evaluation mode and left in the mode that it was in.

    Args:
        model: to be measured.
        batches: the images.
        noise: of the draws from the posterior.
        batch_size: over all processes.
        process_group: the processes that share the images; None: this one takes them all.
    """
    was_training = model.training
    model.eval()
    reconstructions, kls, means, floors = [], [], [], []
    share = ALONE if process_group is None else process_group.share
    for batch in batches.in_order(batch_size, noise, share):
        terms = model(batch.x, batch.labels, batch.source)
        if batch.weight == 0:
            continue  # its image is another process's
        reconstruction, kl = per_image(terms)
        reconstructions.append(reconstruction.double())
        kls.append(kl.double())
        means.append(terms.posterior.mean.double())
        floors.append(_floor(model, batch))
    model.train(was_training)
    found = [torch.cat(parts) for parts in (reconstructions, kls, means, floors)]
    if process_group is not None:
        found = [process_group.gather(part) for part in found]
    reconstruction, kl, all_means, floor = found
    return Measured(
        reconstruction=reconstruction.mean().item(),
        kl=kl.mean().item(),
        standard_errors=_standard_errors(reconstruction, kl, reconstruction + kl),
        reconstruction_floor=None
        if batches.binarize or floor.isnan().any()
        else floor.mean().item(),
        active_units=_active_units(model, all_means),
        count=len(kl),
    )


def _standard_errors(*values: Float64[Tensor, " N"]) -> tuple[float, float, float] | None:
    if len(values[0]) < 2:
        return None
    reconstruction, kl, total = (each.std().item() / len(each) ** 0.5 for each in values)
    return reconstruction, kl, total


def _floor(model: LatentVariableModel, batch: Batch) -> Float64[Tensor, " B"]:
    """Of each image; NaN where the likelihood has none."""
    floor = model.likelihood.floor(batch.x)
    if floor is None:
        return torch.full((len(batch),), math.nan, dtype=torch.float64, device=batch.x.device)
    return floor.double().flatten(1).sum(1)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _active_units(model: LatentVariableModel, means: Float64[Tensor, "N D"]) -> int | None:
    if model.prior is None or len(means) < 2:
        return None
    _, prior_variance = model.prior.moments()
    return int((means.var(0) / prior_variance.double() > ACTIVE_VARIANCE).sum())
