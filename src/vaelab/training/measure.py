"""One pass over images that are not trained on.

Letters in shapes: D latent dimensions.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Generator, Tensor

from vaelab.data.batches import Batches
from vaelab.models import LatentVariableModel
from vaelab.models.posteriors import Delta, DiagonalGaussian
from vaelab.models.priors import kl_per_dimension
from vaelab.objectives import per_image

# Burda et al. 2016 (arXiv:1509.00519), section 5.1.
ACTIVE_VARIANCE = 1e-2


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Means over all images, at one draw from each posterior.

    Attributes:
        reconstruction: per image, in the likelihood's unit.
        kl_nats: per image.
        reconstruction_std: over images.
        kl_nats_std: over images.
        total_std: over images.
        count: of images.
        kl_nats_per_dimension: see `kl_per_dimension`; None for a model without posterior.
        active_units: dimensions whose posterior mean varies over the images, by more than
            0.01 of the prior's variance; None for a model without posterior.
    """

    reconstruction: float
    kl_nats: float
    reconstruction_std: float
    kl_nats_std: float
    total_std: float
    count: int
    kl_nats_per_dimension: tuple[float, ...] | None
    active_units: int | None

    @property
    def total(self) -> float:
        """Minus the ELBO."""
        return self.reconstruction + self.kl_nats


@torch.no_grad()
def measure(
    model: LatentVariableModel, batches: Batches, noise: Generator, batch_size: int = 500
) -> Measured:
    """Reconstruction, KL and what the latent dimensions carry, over every image once.

    The model is used in evaluation mode and left in the mode that it was in.
    """
    was_training = model.training
    model.eval()
    reconstructions, kls, posteriors = [], [], []
    for batch in batches.in_order(batch_size, noise):
        terms = model(batch.x, batch.labels, noise)
        reconstruction, kl = per_image(terms)
        reconstructions.append(reconstruction.double())
        kls.append(kl.double())
        posteriors.append(terms.posterior)
    model.train(was_training)
    reconstruction, kl = torch.cat(reconstructions), torch.cat(kls)
    latents = _latents(model, posteriors)
    return Measured(
        reconstruction=reconstruction.mean().item(),
        kl_nats=kl.mean().item(),
        reconstruction_std=reconstruction.std().item(),
        kl_nats_std=kl.std().item(),
        total_std=(reconstruction + kl).std().item(),
        count=len(kl),
        kl_nats_per_dimension=None if latents is None else tuple(latents[0].tolist()),
        active_units=None if latents is None else int((latents[1] > ACTIVE_VARIANCE).sum()),
    )


def _latents(
    model: LatentVariableModel, posteriors: list[DiagonalGaussian | Delta]
) -> tuple[Float64[Tensor, " D"], Float64[Tensor, " D"]] | None:
    """Mean KL of each dimension, and the variance of its posterior mean over the prior's."""
    if model.prior is None:
        return None
    gaussians = [each for each in posteriors if isinstance(each, DiagonalGaussian)]
    posterior = DiagonalGaussian(
        torch.cat([each.mean for each in gaussians]),
        torch.cat([each.log_variance for each in gaussians]),
    )
    _, prior_variance = model.prior.moments()
    kl = kl_per_dimension(model.prior, posterior).double().mean(0)
    return kl, posterior.mean.double().var(0) / prior_variance.double()
