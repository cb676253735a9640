"""The one place that reduces, and what is minimized."""

import math

import pytest
import torch

from vaelab.config import (
    CapacityConfig,
    CyclicalConfig,
    ElboConfig,
    ReconstructionConfig,
    WarmupConfig,
)
from vaelab.models.latent_variable_model import Terms
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.objectives import Progress, build_objective, per_image, reduce

HALFWAY = Progress(5.0, 10.0)


def terms(batch: int = 3, latent: int = 4) -> Terms:
    log_likelihood = -torch.arange(batch * 4.0).view(batch, 1, 2, 2)
    kl = torch.arange(batch * float(latent)).view(batch, latent) / 10
    zeros = torch.zeros(batch, latent)
    return Terms(log_likelihood, kl, DiagonalGaussian(zeros, zeros), torch.zeros(batch))


def test_sums_over_pixels_and_latents_and_means_over_the_batch() -> None:
    losses = reduce(terms())
    assert losses.reconstruction.item() == pytest.approx(sum(range(12)) / 3)
    assert losses.kl.item() == pytest.approx(sum(range(12)) / 10 / 3)
    assert losses.negative_elbo.item() == pytest.approx(sum(range(12)) * 1.1 / 3)
    reconstruction, kl = per_image(terms())
    assert reconstruction.tolist() == [6, 22, 38]
    assert kl.tolist() == pytest.approx([0.6, 2.2, 3.8])


@pytest.mark.parametrize("beta", [0.0, 0.25, 1.0, 8.0])
def test_beta_weighs_the_kl(beta: float) -> None:
    losses = reduce(terms())
    loss = build_objective(ElboConfig(beta=beta))(terms(), losses, HALFWAY)
    assert loss.item() == pytest.approx((losses.reconstruction + beta * losses.kl).item())


def test_reconstruction_objective_has_no_kl() -> None:
    objective = build_objective(ReconstructionConfig())
    losses = reduce(terms())
    assert objective(terms(), losses, HALFWAY).item() == losses.reconstruction.item()
    assert objective.kl_weight(HALFWAY) == 0
    assert objective.final(3.0, 4.0) == 3.0


@pytest.mark.parametrize(("epoch", "weight"), [(0, 0), (2.5, 1), (5, 2), (9, 2), (10, 2)])
def test_warmup_rises_linearly_then_stays(epoch: float, weight: float) -> None:
    objective = build_objective(ElboConfig(beta=2, kl_schedule=WarmupConfig(epochs=5)))
    assert objective.kl_weight(Progress(epoch, 10)) == pytest.approx(weight)


@pytest.mark.parametrize(
    ("epoch", "weight"),
    [(0, 0), (1.25, 0.5), (2.5, 1), (4.9, 1), (5, 0), (7.5, 1), (10, 1)],
)
def test_cyclical_rises_again_and_again(epoch: float, weight: float) -> None:
    schedule = CyclicalConfig(cycles=2, rising_fraction=0.5)
    objective = build_objective(ElboConfig(kl_schedule=schedule))
    assert objective.kl_weight(Progress(epoch, 10)) == pytest.approx(weight)


def test_capacity_draws_the_kl_to_its_target() -> None:
    schedule = CapacityConfig(target_nats=8, epochs=10)
    objective = build_objective(ElboConfig(beta=100, kl_schedule=schedule))
    losses = reduce(terms())
    expected = losses.reconstruction + 100 * (losses.kl - 4).abs()
    assert objective(terms(), losses, HALFWAY).item() == pytest.approx(expected.item())
    assert objective.final(1.0, 8.0) == pytest.approx(1.0)
    assert objective.final(1.0, 7.0) == pytest.approx(101.0)


def test_free_bits_hold_each_dimension_up() -> None:
    objective = build_objective(ElboConfig(free_bits_nats=0.5))
    losses = reduce(terms())
    means = terms().kl.mean(0)
    assert means.min() < 0.5 < means.max()
    expected = losses.reconstruction + means.clamp(min=0.5).sum()
    assert objective(terms(), losses, HALFWAY).item() == pytest.approx(expected.item())


def test_without_free_bits_a_negative_estimate_of_the_kl_counts_as_it_is() -> None:
    estimate = terms()._replace(kl=torch.full((3, 1), -0.3))
    losses = reduce(estimate)
    expected = losses.reconstruction.item() - 0.3
    loss = build_objective(ElboConfig())(estimate, losses, HALFWAY)
    assert loss.item() == pytest.approx(expected)


def test_the_best_epoch_is_chosen_by_the_final_weight() -> None:
    objective = build_objective(ElboConfig(beta=2, kl_schedule=WarmupConfig(epochs=5)))
    assert objective.kl_weight(Progress(0, 10)) == 0
    assert objective.final(100.0, 10.0) == 120.0
    assert math.isfinite(objective.final(1.0, 1.0))
