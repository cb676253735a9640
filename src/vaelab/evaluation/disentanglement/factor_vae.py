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

_VOTES = 2_000  # to learn from, and as many again to test: a standard error of 0.01


def factor_vae_score(codes: Float[Tensor, "N D"], factors: Factors, generator: Generator) -> float:
    """The FactorVAE score: Kim and Mnih 2018 (arXiv:1802.05983), section 4.

    Images of a group have one factor in common; the dimension that varies least among them, against
    its variance among all, casts a vote for that factor. The score is the share of votes that a
    majority vote names rightly, on other votes than it was learned from. Chance is about one over
    the number of factors.

    The groups are drawn from the images given, 50 each, rather than drawn anew: the score then
    needs no more than codes, and holds for any data with known factors. Of a continuous factor a
    group has the same twentieth of the images in common, within which a dimension that follows the
    factor keeps about 1/400 of its variance. A code whose dimensions are all dead scores 0.

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
    asked, voted = _votes(live, pools, generator)
    train, test = slice(_VOTES), slice(_VOTES, None)
    table = torch.zeros(live.shape[1], len(varied), dtype=torch.long)
    table.index_put_((voted[train], asked[train]), torch.tensor(1), accumulate=True)
    named = table.argmax(1)[voted[test]]
    return (named == asked[test]).double().mean().item()


def _pools(factor: Factor) -> list[Int[Tensor, " _"]]:
    """For each value or bin of a factor that has enough images for a group, their indices."""
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
    """For each group the factor in common and the dimension of least variance."""
    asked = torch.randint(len(pools), (2 * _VOTES,), generator=generator)
    voted = [_vote(live, pools[factor], generator) for factor in asked.tolist()]
    return asked, torch.tensor(voted)


def _vote(
    live: Float64[Tensor, "N L"], pools: list[Int[Tensor, " _"]], generator: Generator
) -> int:
    pool = pools[int(torch.randint(len(pools), (), generator=generator))]
    group = pool[torch.randperm(len(pool), generator=generator)[:IMAGES_PER_BIN]]
    return int(live[group].var(0).argmin())  # (G, L) -> (L)
