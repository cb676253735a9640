"""What each dimension of the flat code carries, and over which range it varies.

Letters in shapes: N images, D dimensions of the flat code.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from vaelab import projections
from vaelab.arithmetic import exact
from vaelab.data import ImageData
from vaelab.loaded_run import BATCH_SIZE, LoadedRun
from vaelab.models.capabilities import Level
from vaelab.randomness import generator


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LatentDimensions:
    """The dimensions of a model's flat code.

    Attributes:
        names: such as z1; with the level where there are several, such as z2.1.
        kl: mean KL over images, in nats; None where it is not known by dimension.
        center: mean of the prior; of the codes where the prior's moments are not known.
        scale: standard deviation of the same; 1 where there is none.
        is_of_prior: whether center and scale are the prior's.
        order: indices by falling KL; by falling variance of the codes where it is not known.
    """

    names: tuple[str, ...]
    kl: Float[Tensor, " D"] | None
    center: Float[Tensor, " D"]
    scale: Float[Tensor, " D"]
    is_of_prior: bool
    order: Int[Tensor, " D"]


@torch.no_grad()
def measure_dimensions(loaded: LoadedRun, data: ImageData) -> LatentDimensions:
    """The dimensions of a model's flat code, measured on images such as `loaded.data.test`.

    Of codes with many dimensions, on as many images as memory is meant for.
    """
    data = data.first(projections.max_count(loaded.capabilities.latent_size, len(data)))
    codes = exact(loaded.codes(data))
    kl = _mean_kl(loaded, data)
    spread = codes.var(0, correction=0)
    moments = loaded.model.prior_moments()
    center, variance = (
        (codes.mean(0), spread) if moments is None else (each.cpu() for each in moments)
    )
    return LatentDimensions(
        names=dimension_names(loaded.capabilities.levels),
        kl=kl,
        center=center,
        scale=torch.where(variance > 0, variance.sqrt(), torch.ones_like(variance)),
        is_of_prior=moments is not None,
        order=(spread if kl is None else kl).argsort(descending=True, stable=True),
    )


def _mean_kl(loaded: LoadedRun, data: ImageData) -> Float64[Tensor, " D"] | None:
    """The mean KL of each dimension over the images; None where it is not known."""
    noise = generator(0, "binarize", device=loaded.device)
    parts = [
        loaded.model.kl_per_dimension(batch.x, batch.labels)
        for batch in loaded.batches(data).in_order(BATCH_SIZE, noise)
    ]
    known = [exact(part) for part in parts if part is not None]
    return torch.cat(known).mean(0) if known else None


def dimension_names(levels: tuple[Level, ...]) -> tuple[str, ...]:
    """z1, z2, ... for one level; the level's name and a number for several."""
    if len(levels) == 1:
        return tuple(f"z{index + 1}" for index in range(levels[0].size))
    return tuple(f"{level.name}.{index + 1}" for level in levels for index in range(level.size))
