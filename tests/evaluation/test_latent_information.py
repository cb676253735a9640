import math

import pytest
import torch
from torch import Tensor

from vaelab.evaluation import latent_information as module
from vaelab.evaluation.latent_information import latent_information
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors import Mixture, StandardNormal
from vaelab.randomness import generator

COUNT, LATENT_SIZE = 2000, 3


def posterior(means: Tensor, variance: float) -> DiagonalGaussian:
    return DiagonalGaussian(means, torch.full_like(means, math.log(variance)))


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=generator(0, "means"))


def test_posteriors_equal_to_the_prior_tell_nothing_and_cost_nothing() -> None:
    found = latent_information(
        posterior(torch.zeros(COUNT, LATENT_SIZE), 1.0), StandardNormal(LATENT_SIZE), generator(0)
    )
    assert found.mutual_information_nats == pytest.approx(0, abs=1e-6)
    assert found.marginal_gap_nats == pytest.approx(0, abs=1e-6)
    assert found.kl == pytest.approx(0, abs=1e-6)


def test_posteriors_that_lie_apart_tell_which_image_it_is() -> None:
    found = latent_information(
        posterior(normal(COUNT, LATENT_SIZE), 1e-8), StandardNormal(LATENT_SIZE), generator(0)
    )
    assert found.mutual_information_nats == pytest.approx(math.log(COUNT), abs=0.01)
    assert found.mutual_information_nats <= math.log(COUNT) + 1e-6


def test_collapsed_posteriors_off_the_prior_are_all_gap() -> None:
    found = latent_information(
        posterior(torch.full((COUNT, LATENT_SIZE), 2.0), 1.0),
        StandardNormal(LATENT_SIZE),
        generator(0),
    )
    assert found.mutual_information_nats == pytest.approx(0, abs=1e-5)
    assert found.marginal_gap_nats == pytest.approx(LATENT_SIZE * 2.0**2 / 2, abs=0.3)


@pytest.mark.parametrize(("slope", "variance"), [(0.8, 0.36), (0.9, 0.5), (1.5, 0.5)])
def test_a_linear_gaussian_encoder(slope: float, variance: float) -> None:
    """x ~ N(0, 1), z = slope * x + noise: the codes are N(0, slope^2 + variance)."""
    found = latent_information(
        posterior(slope * normal(2 * COUNT, 2), variance), StandardNormal(2), generator(0)
    )
    total = slope**2 + variance
    information = 2 * 0.5 * math.log(total / variance)
    gap = 2 * 0.5 * (total - 1 - math.log(total))
    assert found.standard_errors is not None
    assert found.mutual_information_nats == pytest.approx(information, abs=0.08)
    assert found.marginal_gap_nats == pytest.approx(gap, abs=0.08)
    assert found.kl == pytest.approx(information + gap, abs=0.1)
    assert max(found.standard_errors) < 0.05


def test_the_parts_add_up_to_the_kl_under_any_prior() -> None:
    mixture = Mixture(LATENT_SIZE, 4)
    mixture.initialize(generator(0, "weights"))
    codes = DiagonalGaussian(normal(COUNT, LATENT_SIZE), normal(COUNT, LATENT_SIZE) - 1)
    found = latent_information(codes, mixture, generator(0))
    assert found.mutual_information_nats + found.marginal_gap_nats == pytest.approx(found.kl)
    estimates = [mixture.kl(codes, codes.sample(generator(seed))).mean() for seed in range(20)]
    assert found.kl == pytest.approx(torch.stack(estimates).mean().item(), abs=0.2)


def test_against_every_pair_by_torch_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = DiagonalGaussian(normal(50, LATENT_SIZE), normal(50, LATENT_SIZE) - 1)
    monkeypatch.setattr(module, "BLOCK_PAIRS", 50 * 7)
    found = latent_information(codes, StandardNormal(LATENT_SIZE), generator(3))
    z = codes.sample(generator(3)).double()
    each = torch.distributions.Normal(
        codes.mean.double(), torch.exp(0.5 * codes.log_variance.double())
    )
    pairs = each.log_prob(z.unsqueeze(1)).sum(2)  # (code, posterior)
    expected = pairs.diagonal() - pairs.logsumexp(1) + math.log(50)
    assert found.mutual_information_nats == pytest.approx(expected.mean().item(), abs=1e-5)
    assert found.standard_errors is not None
    assert found.standard_errors[0] == pytest.approx(expected.std().item() / 50**0.5, rel=1e-4)


def test_one_image_tells_nothing_of_itself() -> None:
    found = latent_information(
        posterior(torch.ones(1, LATENT_SIZE), 0.1), StandardNormal(LATENT_SIZE), generator(0)
    )
    assert found.mutual_information_nats == pytest.approx(0, abs=1e-5)
    assert found.standard_errors is None
