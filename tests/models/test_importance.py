import math

import pytest
import torch
from torch import Tensor, nn

from tests.conftest import tiny
from tests.models.parts import standard_normal
from vaelab.distributions import gaussian_log_prob
from vaelab.errors import InputError
from vaelab.models import ImageShape, importance
from vaelab.models.autoencoder.config import AutoencoderConfig
from vaelab.models.build import build_model
from vaelab.models.conditioning import ConcatConfig, NoConditioningConfig
from vaelab.models.contract import LatentVariableModel
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.gaussian.model import GaussianVae
from vaelab.models.importance import ImportanceBound, importance_bound
from vaelab.models.likelihoods.config import SquaredErrorConfig
from vaelab.models.likelihoods.likelihood import Likelihood
from vaelab.models.networks.config import MlpConfig
from vaelab.models.priors.config import MixtureConfig, StandardNormalConfig
from vaelab.randomness import generator
from vaelab.training.validation import elbo_terms

SHAPE = ImageShape(1, 4, 3)
LATENT_SIZE = 3
NOISE_VARIANCE = 0.3

# Factor analysis: x = W z + b + noise. The posterior is diagonal where W's columns are orthogonal.
LOADINGS = torch.linalg.qr(
    torch.randn(SHAPE.pixels, LATENT_SIZE, dtype=torch.float64, generator=generator(0, "loadings"))
).Q * torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64)
OFFSET = torch.linspace(-1, 1, SHAPE.pixels, dtype=torch.float64)
COVARIANCE = LOADINGS @ LOADINGS.T + NOISE_VARIANCE * torch.eye(SHAPE.pixels, dtype=torch.float64)
MARGINAL = torch.distributions.MultivariateNormal(OFFSET, COVARIANCE)
IMAGES = (
    torch.randn(40, SHAPE.pixels, dtype=torch.float64, generator=generator(0, "images"))
    @ torch.linalg.cholesky(COVARIANCE).T
    + OFFSET
).view(40, 1, 4, 3)
EXACT = MARGINAL.log_prob(IMAGES.flatten(1))


class FixedGaussian(Likelihood):
    """N(decoded, NOISE_VARIANCE)."""

    def log_prob(self, x: Tensor, decoded: Tensor) -> Tensor:
        return gaussian_log_prob(x, decoded, torch.full_like(x, math.log(NOISE_VARIANCE)))

    def mean(self, decoded: Tensor) -> Tensor:
        return decoded

    def sample(self, decoded: Tensor, generator: torch.Generator) -> Tensor:
        return decoded


class ExactEncoder(nn.Module):
    """The true posterior, its means moved and its variances multiplied."""

    def __init__(self, shift: float, factor: float) -> None:
        super().__init__()
        self.shift, self.factor = shift, factor

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        variance = 1 / (1 + LOADINGS.square().sum(0) / NOISE_VARIANCE)
        mean = (x.flatten(1) - OFFSET) @ LOADINGS / NOISE_VARIANCE * variance
        log_variance = torch.log(variance * self.factor).expand_as(mean)
        return torch.cat([mean + self.shift, log_variance], 1)


class LinearDecoder(nn.Module):
    def forward(self, code: Tensor) -> Tensor:
        return (code @ LOADINGS.T + OFFSET).view(-1, 1, 4, 3)


def linear_gaussian(shift: float = 0.0, factor: float = 1.0) -> LatentVariableModel:
    return GaussianVae(
        encoder=ExactEncoder(shift, factor),
        prior=standard_normal(LATENT_SIZE).double(),
        decoder=LinearDecoder(),
        likelihood=FixedGaussian(),
        shape=SHAPE,
        latent_size=LATENT_SIZE,
    )


def bound_of(model: LatentVariableModel, k: int, x: Tensor = IMAGES) -> ImportanceBound:
    return importance_bound(model, x, None, k=k, generator=generator(0, "importance"))


def bernoulli_model(*, conditional: bool = False, mixture: bool = False) -> LatentVariableModel:
    config = VaeConfig(
        latent_size=4,
        network=MlpConfig(widths=(20,)),
        prior=MixtureConfig(components=3) if mixture else StandardNormalConfig(),
        conditioning=ConcatConfig() if conditional else NoConditioningConfig(),
    )
    return build_model(config, ImageShape(1, 8, 8), 3, generator(0, "weights"))


BINARY = torch.rand(30, 1, 8, 8, generator=generator(0, "binary")).round()


@pytest.mark.parametrize("k", [1, 7, 200])
def test_the_exact_posterior_gives_the_exact_likelihood_at_any_k(k: int) -> None:
    found = bound_of(linear_gaussian(), k)
    torch.testing.assert_close(found.log_likelihood, EXACT)
    torch.testing.assert_close(
        found.effective_sample_size, torch.full((40,), float(k), dtype=torch.float64)
    )
    torch.testing.assert_close(-found.negative_elbo, EXACT)


def test_the_bound_rises_to_the_exact_likelihood() -> None:
    model = linear_gaussian(shift=0.3, factor=2.0)
    gaps = [(EXACT - bound_of(model, k).log_likelihood).mean().item() for k in (1, 10, 100, 3000)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.5
    assert gaps[-1] == pytest.approx(0, abs=0.01)


def test_the_elbo_of_many_draws_is_the_one_in_closed_form() -> None:
    model = linear_gaussian(shift=0.3, factor=2.0)
    found = bound_of(model, 20_000)
    posterior, kl = model.posterior(IMAGES), model.kl_per_dimension(IMAGES).sum(1)
    assert found.kl.mean().item() == pytest.approx(kl.mean().item(), abs=0.01)
    # E |x - W z - b|^2 is the squared distance at the mean plus the variance that W passes on.
    distance = (IMAGES.flatten(1) - posterior.mean @ LOADINGS.T - OFFSET).square().sum(1)
    spread = posterior.log_variance.exp() @ LOADINGS.square().sum(0)
    expected = 0.5 * (distance + spread) / NOISE_VARIANCE + 0.5 * SHAPE.pixels * math.log(
        2 * math.pi * NOISE_VARIANCE
    )
    assert found.reconstruction.mean().item() == pytest.approx(expected.mean().item(), abs=0.03)


def test_a_distant_proposal_has_few_effective_samples() -> None:
    near, far = bound_of(linear_gaussian(0.1), 100), bound_of(linear_gaussian(2.0), 100)
    assert near.effective_sample_size.min() > 70
    assert far.effective_sample_size.mean() < 10
    assert far.effective_sample_size.min() >= 1


def test_fewer_draws_are_the_first_of_more() -> None:
    # So that each further draw can only add to the sum of the weights.
    model = linear_gaussian(shift=0.3, factor=2.0)
    weights = {k: bound_of(model, k).log_likelihood.exp() * k for k in (64, 65, 100)}
    assert (weights[65] > weights[64]).all()
    assert (weights[100] > weights[65]).all()


@pytest.mark.parametrize("k", [3, 150])
@pytest.mark.parametrize("block_pixels", [1, 64 * 37, 2**24])
def test_blocks_do_not_change_the_value(
    monkeypatch: pytest.MonkeyPatch, k: int, block_pixels: int
) -> None:
    model, x = bernoulli_model(), BINARY[:7]
    expected = bound_of(model, k, x)
    monkeypatch.setattr(importance, "BLOCK_PIXELS", block_pixels)
    monkeypatch.setattr(importance, "ENCODED_AT_ONCE", 3)
    found = bound_of(model, k, x)
    for name in ("log_likelihood", "reconstruction", "kl"):
        torch.testing.assert_close(
            getattr(found, name), getattr(expected, name), rtol=1e-6, atol=1e-5
        )


def test_images_may_come_in_parts() -> None:
    model = bernoulli_model()
    whole = bound_of(model, 20, BINARY)
    source = generator(0, "importance")
    parts = [
        importance_bound(model, part, None, k=20, generator=source).log_likelihood
        for part in BINARY.split(7)
    ]
    torch.testing.assert_close(torch.cat(parts), whole.log_likelihood, rtol=1e-6, atol=0)


def test_other_generators_give_other_draws() -> None:
    model = bernoulli_model()
    one, other = (
        importance_bound(model, BINARY, None, k=5, generator=generator(seed)).log_likelihood
        for seed in (0, 1)
    )
    assert (one != other).all()
    same = BINARY[:1].expand(30, -1, -1, -1)
    assert len(bound_of(model, 5, same).log_likelihood.unique()) == 30


@pytest.mark.parametrize(
    "model", [bernoulli_model(), bernoulli_model(mixture=True)], ids=["normal", "mixture"]
)
def test_the_total_is_the_bound_that_training_measures(model: LatentVariableModel) -> None:
    many = bound_of(model, 5000, BINARY)
    noise = generator(0, "noise")
    with torch.no_grad():
        single = torch.stack(
            [elbo_terms(model(BINARY, None, noise))["negative_elbo"] for _ in range(1000)]
        )
    assert many.negative_elbo.mean().item() == pytest.approx(single.mean().item(), abs=0.1)
    assert (many.log_likelihood >= -many.negative_elbo).all()


def test_a_conditional_model_is_given_each_images_label() -> None:
    model = bernoulli_model(conditional=True)
    labels = torch.arange(30) % 3

    def likelihood(given: Tensor) -> Tensor:
        return importance_bound(model, BINARY, given, k=10, generator=generator(0)).log_likelihood

    right = likelihood(labels)
    for label in range(3):
        alike = likelihood(torch.full((30,), label))
        chosen = labels == label
        torch.testing.assert_close(right[chosen], alike[chosen], rtol=1e-6, atol=0)
        assert (right[~chosen] != alike[~chosen]).all()


@pytest.mark.parametrize("is_training", [True, False])
def test_the_model_is_returned_to_its_mode(is_training: bool) -> None:
    model = bernoulli_model().train(is_training)
    bound_of(model, 2, BINARY)
    assert model.training is is_training


def test_what_has_no_likelihood_is_refused() -> None:
    network = MlpConfig(widths=(20,))
    shape = ImageShape(1, 8, 8)
    autoencoder = build_model(
        AutoencoderConfig(latent_size=4, network=network), shape, 3, generator(0)
    )
    with pytest.raises(InputError, match="autoencoder with a reconstruction in nats has no bound"):
        bound_of(autoencoder, 2, BINARY)
    squared = build_model(
        VaeConfig(latent_size=4, network=network, likelihood=SquaredErrorConfig()),
        shape,
        3,
        generator(0),
    )
    with pytest.raises(InputError, match="VAE with a reconstruction in squared error has no bound"):
        bound_of(squared, 2, BINARY)
    with pytest.raises(InputError, match="found k = 0"):
        bound_of(bernoulli_model(), 0, BINARY)


@pytest.mark.parametrize("prior", ["standard-normal", "mixture", "vamp", "flow"])
@pytest.mark.parametrize("preset", ["hierarchical-vae", "ladder-vae"])
def test_a_hierarchy_has_the_elbo_of_its_importance_weights_with_every_prior(
    preset: str, prior: str
) -> None:
    config = tiny(preset, model__prior=prior)
    model = build_model(config.model, ImageShape(1, 8, 8), 0, generator(0, "weights")).eval()
    x = torch.rand(1, 1, 8, 8, generator=generator(0, "x")).round()
    with torch.no_grad():
        terms = model(x.expand(4000, -1, -1, -1), None, generator(0, "draws"))
    elbo = terms.reconstruction + sum(kl.sum(1) for kl in terms.kl.values())
    bound = importance_bound(model, x, None, k=4000, generator=generator(1, "bound"))
    error = 4 * elbo.std().item() / 4000**0.5 + 0.02
    assert elbo.mean().item() == pytest.approx(bound.negative_elbo.item(), abs=error)
    assert -bound.log_likelihood.item() < bound.negative_elbo.item()
