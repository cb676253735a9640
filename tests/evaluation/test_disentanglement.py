"""Every score on codes whose score is known in advance."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from vaelab.data.image_data import Factors
from vaelab.errors import InputError
from vaelab.evaluation.disentanglement import (
    LEAST_IMAGES,
    dci_scores,
    factor_vae_score,
    mutual_information_gap,
    separated_attribute_predictability,
)
from vaelab.evaluation.disentanglement.dci import completeness, disentanglement
from vaelab.evaluation.disentanglement.inputs import equal_mass_bins
from vaelab.randomness import generator

N = 2_000
CATEGORIES = (10, None, 4, None)


def drawn(count: int = N, categories: tuple[int | None, ...] = CATEGORIES) -> Factors:
    values = np.random.default_rng(0).random((count, len(categories)))
    for column, of_it in enumerate(categories):
        if of_it is not None:
            values[:, column] = np.floor(values[:, column] * of_it)
    names = tuple(f"factor {column}" for column in range(len(categories)))
    return Factors(names=names, values=values, categories=categories)


FACTORS = drawn()
TRUTH = torch.from_numpy(FACTORS.values)
STANDARD = (TRUTH - TRUTH.mean(0)) / TRUTH.std(0)
NOISE = torch.randn(N, 4, generator=generator(0, "noise"), dtype=torch.float64)
IDEAL = STANDARD[:, [2, 0, 3, 1]]


def mig(codes: Tensor, factors: Factors = FACTORS) -> list[float]:
    return [mutual_information_gap(codes, factors).score]


def sap(codes: Tensor, factors: Factors = FACTORS) -> list[float]:
    return [separated_attribute_predictability(codes, factors).score]


def dci(codes: Tensor, factors: Factors = FACTORS) -> list[float]:
    found = dci_scores(codes, factors, generator(0, "dci"))
    return [found.disentanglement, found.completeness, found.informativeness]


def factor_vae(codes: Tensor, factors: Factors = FACTORS) -> list[float]:
    return [factor_vae_score(codes, factors, generator(0, "groups"))]


Score = Callable[..., list[float]]
every_score = pytest.mark.parametrize("score", [mig, sap, dci, factor_vae])


@every_score
def test_a_permutation_of_the_factors_has_the_best_score(score: Score) -> None:
    found = score(IDEAL)
    assert min(found) > 0.95
    assert max(found) <= 1


@every_score
def test_additional_noise_dimensions_do_not_lower_the_score(score: Score) -> None:
    assert min(score(torch.cat([NOISE, IDEAL], dim=1))) > 0.95


@every_score
def test_noise_scores_at_chance(score: Score) -> None:
    chance = 1 / 4 if score is factor_vae else 0.0
    for found in score(NOISE):
        assert found == pytest.approx(chance, abs=0.05)


def test_an_even_mixture_of_all_factors_is_not_disentangled() -> None:
    """An even rotation, after which every dimension depends equally on every factor."""
    signs = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
    mixed = IDEAL @ torch.tensor(signs, dtype=torch.float64) / 2
    disentanglement, completeness, informativeness = dci(mixed)
    assert max(*mig(mixed), *sap(mixed), disentanglement, completeness) < 0.05
    assert factor_vae(mixed)[0] < 1 / 4 + 0.1
    # All is still there to be read, if not as easily.
    assert 0.5 < informativeness < 0.9


@every_score
def test_scale_sign_shift_and_order_of_dimensions_do_not_matter(score: Score) -> None:
    code = IDEAL + 1.5 * NOISE
    changed = (code * torch.tensor([1e-3, -1.0, 40.0, 3.0]) + 7)[:, [3, 1, 0, 2]]
    assert 0.03 < min(score(code)) < 0.97
    # A split that parts two candidates evenly may go either way.
    assert score(changed) == pytest.approx(score(code), abs=0.005)


@every_score
def test_dead_dimensions_are_left_out(score: Score) -> None:
    dead = torch.full((N, 2), 0.3)
    code = (IDEAL + 0.5 * NOISE).float()
    assert score(torch.cat([code, dead], dim=1)) == pytest.approx(score(code), abs=1e-12)


@every_score
def test_a_code_without_live_dimensions_scores_zero(score: Score) -> None:
    assert set(score(torch.zeros(N, 3))) == {0.0}


@every_score
def test_the_same_generator_gives_the_same_score(score: Score) -> None:
    assert score(IDEAL + NOISE) == score(IDEAL + NOISE)


@every_score
def test_a_constant_factor_is_left_out(score: Score) -> None:
    values = np.concatenate([FACTORS.values, np.full((N, 1), 0.5)], axis=1)
    more = Factors(
        names=(*FACTORS.names, "constant"), values=values, categories=(*CATEGORIES, None)
    )
    code = IDEAL + NOISE
    assert score(code, more) == score(code)


def test_two_dimensions_per_factor() -> None:
    twice = torch.cat([IDEAL, IDEAL], dim=1)
    assert mig(twice) == pytest.approx([0], abs=1e-6)
    assert sap(twice) == pytest.approx([0], abs=1e-6)
    disentanglement, completeness, informativeness = dci(twice)
    assert disentanglement > 0.95
    # Importance is shared by two of eight dimensions: 1 - log 2 / log 8.
    assert completeness == pytest.approx(2 / 3, abs=0.06)
    assert informativeness > 0.95
    assert factor_vae(twice)[0] > 0.95


def test_two_factors_in_one_dimension() -> None:
    factors = drawn(categories=(4, 4, 4))
    both = torch.from_numpy(factors.values[:, 0] + 4 * factors.values[:, 1])
    code = torch.stack([both, torch.from_numpy(factors.values[:, 2])], dim=1)
    scores = dci_scores(code, factors, generator(0))
    assert scores.completeness > 0.95
    # Of importance 3, the first dimension has 2 and shares them evenly, the second has 1.
    assert scores.disentanglement == pytest.approx(
        (2 * (1 - math.log(2) / math.log(3)) + 1) / 3, abs=0.05
    )
    # A vote for the first dimension may mean either factor.
    assert factor_vae(code, factors) == pytest.approx([2 / 3], abs=0.06)


def test_scores_by_factor_show_which_factor_is_missing() -> None:
    code = torch.cat([STANDARD[:, :2], NOISE], dim=1)
    for gaps in (
        mutual_information_gap(code, FACTORS),
        separated_attribute_predictability(code, FACTORS),
    ):
        found = list(gaps.by_factor.values())
        assert list(gaps.by_factor) == list(FACTORS.names)
        assert min(found[:2]) > 0.9
        assert max(found[2:]) < 0.08
        assert gaps.score == pytest.approx(sum(found) / 4)
    informed = dci_scores(code, FACTORS, generator(0)).informativeness_by_factor
    assert min(informed["factor 0"], informed["factor 1"]) > 0.95
    assert max(informed["factor 2"], informed["factor 3"]) < 0.08


def test_mutual_information_of_a_noisy_channel() -> None:
    """A bit that is flipped with probability p has log 2 - H(p) of log 2 nats of information."""
    factors = drawn(20_000, (2, 2))
    truth = torch.from_numpy(factors.values)
    p = 0.1
    is_flipped = torch.rand(truth.shape, generator=generator(0)) < p
    entropy = -p * math.log2(p) - (1 - p) * math.log2(1 - p)
    code = torch.where(is_flipped, 1 - truth, truth)
    assert mig(code, factors) == pytest.approx([1 - entropy], abs=0.015)
    # The same channel is right in 1 - p of the cases: above chance 1 - 2 p.
    assert sap(code, factors) == pytest.approx([1 - 2 * p], abs=0.015)


def test_predictability_of_a_noisy_line_is_its_r2() -> None:
    factors = drawn(20_000, (None, None))
    truth = torch.from_numpy(factors.values)
    truth = (truth - truth.mean(0)) / truth.std(0)
    noise = torch.randn(truth.shape, generator=generator(0), dtype=torch.float64)
    assert sap(truth + 2 * noise, factors) == pytest.approx([1 / 5], abs=0.015)


def test_information_is_unchanged_by_a_monotonic_curve_and_an_outlier() -> None:
    code = IDEAL + 0.3 * NOISE
    bent = torch.sinh(3 * code)
    bent[code.argmax(0), torch.arange(4)] *= 1e9
    assert mig(bent) == mig(code)


def test_bins_have_equal_mass_and_keep_equal_values_together() -> None:
    bins = equal_mass_bins(torch.randn(1_000, generator=generator(0), dtype=torch.float64))
    assert bins.bincount().tolist() == [50] * 20
    rare_at_both_ends = torch.tensor([-1.0] + [0.0] * 998 + [1.0], dtype=torch.float64)
    assert equal_mass_bins(rare_at_both_ends).unique().tolist() == [0, 10, 19]


def test_importances_of_known_concentration() -> None:
    diagonal = torch.eye(3, dtype=torch.float64)
    assert disentanglement(diagonal) == completeness(diagonal) == 1
    even = torch.full((3, 3), 1 / 3, dtype=torch.float64)
    assert disentanglement(even) == pytest.approx(0, abs=1e-12)
    assert completeness(even) == pytest.approx(0, abs=1e-12)
    # The second dimension serves nothing and has no weight; the first serves both factors.
    one_for_both = torch.tensor([[1.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    assert disentanglement(one_for_both) == pytest.approx(0, abs=1e-12)
    assert completeness(one_for_both) == 1
    single_dimension = torch.ones(1, 2, dtype=torch.float64)
    assert completeness(single_dimension) == 1


@every_score
def test_what_cannot_be_scored_is_refused(score: Score) -> None:
    with pytest.raises(InputError, match=f"at least {LEAST_IMAGES:,} images.*found 100"):
        score(NOISE[:100], drawn(100))
    with pytest.raises(InputError, match="one code per image"):
        score(NOISE[:-1])
    with pytest.raises(InputError, match="finite"):
        score(NOISE / 0)
    with pytest.raises(InputError, match="at least 2 factors must vary, found 1 of 2"):
        score(NOISE, drawn(N, (1, None)))


def test_groups_need_a_value_with_enough_images() -> None:
    with pytest.raises(InputError, match="factor 0 some value must have 50 images"):
        factor_vae(NOISE, drawn(N, (1_000, 3)))
