"""The FactorVAE score.

Letters in shapes: N images, D latent dimensions, L live ones, G images of a group, V votes.
"""

import torch
from jaxtyping import Float, Float64, Int
from torch import Generator, Tensor

from vaelab.data.image_data import Factors
from vaelab.errors import InputError
from vaelab.evaluation.disentanglement.inputs import (
    IMAGES_PER_BIN,
    Factor,
    live_codes,
    varied_factors,
)

_VOTES = 2_000  # to fit, and as many to test: a standard error of 0.01


def factor_vae_score(codes: Float[Tensor, "N D"], factors: Factors, generator: Generator) -> float:
    """The FactorVAE score: Kim and Mnih 2018 (arXiv:1802.05983), section 4.

    The images of a group share the value of one factor. The dimension with the least variance
    within the group, relative to its variance over all images, votes for that factor. The score is
    the accuracy of a majority-vote classifier on votes that it was not fitted to; chance is about
    one over the number of factors.

    Groups of 50 are sampled from the given images, so the score needs only their codes and works
    for any data with known factors. For a continuous factor, the images of a group share one of 20
    bins, within which a dimension that follows the factor keeps about 1/400 of its variance. A code
    without live dimensions scores 0.

    Args:
        codes: of the images.
        factors: of the images.
        generator: for the groups.

    Raises:
        InputError: a factor of which no value has 50 images; see also `varied_factors` and
            `live_codes`.
    """
    varied = varied_factors(factors, len(codes))
    pools = [_pools(factor) for factor in varied]
    live = live_codes(codes)
    if not live.shape[1]:
        return 0.0
    factor, voted = _votes(live, pools, generator)
    train, test = slice(_VOTES), slice(_VOTES, None)
    table = torch.zeros(live.shape[1], len(varied), dtype=torch.long)
    table.index_put_((voted[train], factor[train]), torch.tensor(1), accumulate=True)
    predicted = table.argmax(1)[voted[test]]
    return (predicted == factor[test]).double().mean().item()


def _pools(factor: Factor) -> list[Int[Tensor, " _"]]:
    """The indices of the images of each value or bin that has enough of them for a group."""
    members = [(factor.bins == value).nonzero().flatten() for value in range(factor.bin_count)]
    pools = [images for images in members if len(images) >= IMAGES_PER_BIN]
    if not pools:
        raise InputError(
            f"FactorVAE score: of factor {factor.name} some value must have {IMAGES_PER_BIN} "
            f"images, found at most {max(map(len, members))}; use more images"
        )
    return pools


def _votes(
    live: Float64[Tensor, "N L"], pools: list[list[Int[Tensor, " _"]]], generator: Generator
) -> tuple[Int[Tensor, " V"], Int[Tensor, " V"]]:
    """For each group its factor and the dimension of least variance."""
    factors = torch.randint(len(pools), (2 * _VOTES,), generator=generator)
    voted = [_vote(live, pools[factor], generator) for factor in factors.tolist()]
    return factors, torch.tensor(voted)


def _vote(
    live: Float64[Tensor, "N L"], pools: list[Int[Tensor, " _"]], generator: Generator
) -> int:
    pool = pools[int(torch.randint(len(pools), (), generator=generator))]
    group = pool[torch.randperm(len(pool), generator=generator)[:IMAGES_PER_BIN]]
    return int(live[group].var(0).argmin())  # (G, L) -> (L)
