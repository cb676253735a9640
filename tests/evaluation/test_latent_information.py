import math

import pytest
import torch
from torch import Tensor

from tests.models.parts import prior_context, standard_normal
from vaelab.evaluation import latent_information as module
from vaelab.evaluation.latent_information import latent_information
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.config import MixtureConfig
from vaelab.models.priors.mixture import Mixture
from vaelab.randomness import generator
from vaelab.statistics import mean_and_standard_error

COUNT, LATENT_SIZE = 2000, 3


def log_prior(z: Tensor) -> Tensor:
    return standard_normal(LATENT_SIZE).log_prob(z, z[:, :0])


def posterior(means: Tensor, variance: float) -> DiagonalGaussian:
    return DiagonalGaussian(means, torch.full_like(means, math.log(variance)))


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=generator(0, "means"))


def test_posteriors_equal_to_the_prior_have_neither_information_nor_kl() -> None:
    found = latent_information(
        posterior(torch.zeros(COUNT, LATENT_SIZE), 1.0), log_prior, generator(0)
    )
    assert found.mutual_information.mean().item() == pytest.approx(0, abs=1e-6)
    assert found.aggregate_posterior_kl.mean().item() == pytest.approx(0, abs=1e-6)
    assert found.kl.mean().item() == pytest.approx(0, abs=1e-6)


def test_distant_posteriors_have_all_the_information_on_which_image_it_is() -> None:
    found = latent_information(posterior(normal(COUNT, LATENT_SIZE), 1e-8), log_prior, generator(0))
    assert found.mutual_information.mean().item() == pytest.approx(math.log(COUNT), abs=0.01)
    assert found.mutual_information.mean().item() <= math.log(COUNT) + 1e-6


def test_collapsed_posteriors_have_kl_without_information() -> None:
    found = latent_information(
        posterior(torch.full((COUNT, LATENT_SIZE), 2.0), 1.0),
        log_prior,
        generator(0),
    )
    assert found.mutual_information.mean().item() == pytest.approx(0, abs=1e-5)
    assert found.aggregate_posterior_kl.mean().item() == pytest.approx(
        LATENT_SIZE * 2.0**2 / 2, abs=0.3
    )


@pytest.mark.parametrize(("slope", "variance"), [(0.8, 0.36), (0.9, 0.5), (1.5, 0.5)])
def test_a_linear_gaussian_encoder(slope: float, variance: float) -> None:
    """x ~ N(0, 1), z = slope * x + noise: the codes are N(0, slope^2 + variance)."""
    found = latent_information(
        posterior(slope * normal(2 * COUNT, 2), variance),
        lambda z: standard_normal(2).log_prob(z, z[:, :0]),
        generator(0),
    )
    total = slope**2 + variance
    information = 2 * 0.5 * math.log(total / variance)
    gap = 2 * 0.5 * (total - 1 - math.log(total))
    assert found.mutual_information.mean().item() == pytest.approx(information, abs=0.08)
    assert found.aggregate_posterior_kl.mean().item() == pytest.approx(gap, abs=0.08)
    assert found.kl.mean().item() == pytest.approx(information + gap, abs=0.1)
    assert mean_and_standard_error(found.kl)[1] < 0.05


def test_the_kl_agrees_with_the_one_that_a_prior_estimates() -> None:
    mixture = Mixture(MixtureConfig(components=4), prior_context(LATENT_SIZE))
    mixture.initialize(generator(0, "weights"))
    codes = DiagonalGaussian(normal(COUNT, LATENT_SIZE), normal(COUNT, LATENT_SIZE) - 1)
    found = latent_information(codes, lambda z: mixture.log_prob(z, z[:, :0]), generator(0))
    estimates = [
        mixture.kl(codes, codes.sample(generator(seed)), codes.mean[:, :0]).mean()
        for seed in range(20)
    ]
    assert found.kl.mean().item() == pytest.approx(torch.stack(estimates).mean().item(), abs=0.2)


def test_against_every_pair_by_torch_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = DiagonalGaussian(normal(50, LATENT_SIZE), normal(50, LATENT_SIZE) - 1)
    monkeypatch.setattr(module, "BLOCK_PAIRS", 50 * 7)
    found = latent_information(codes, log_prior, generator(3))
    z = codes.sample(generator(3)).double()
    each = torch.distributions.Normal(
        codes.mean.double(), torch.exp(0.5 * codes.log_variance.double())
    )
    pairs = each.log_prob(z.unsqueeze(1)).sum(2)  # (code, posterior)
    expected = pairs.diagonal() - pairs.logsumexp(1) + math.log(50)
    assert torch.allclose(found.mutual_information, expected, atol=1e-4)


def test_a_single_image_has_no_information() -> None:
    found = latent_information(posterior(torch.ones(1, LATENT_SIZE), 0.1), log_prior, generator(0))
    assert found.mutual_information.mean().item() == pytest.approx(0, abs=1e-5)
