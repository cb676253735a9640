"""Priors: a contract for every table entry, and agreement with known distributions."""

import math

import pytest
import torch
from torch import Tensor, nn

from vaelab import parts
from vaelab.config import PriorConfig
from vaelab.errors import InputError
from vaelab.models import ImageShape
from vaelab.models.build import build_model, initialize
from vaelab.models.conditioning import ConcatConfig, NoConditioningConfig
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.gaussian.model import GaussianVae
from vaelab.models.networks.config import MlpConfig
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors import PRIORS
from vaelab.models.priors.config import (
    ClassGaussianConfig,
    FlowConfig,
    GaussianMixtureConfig,
    MixtureConfig,
    StandardNormalConfig,
    VampConfig,
)
from vaelab.models.priors.gmm import FittedMixture
from vaelab.models.priors.mixture import Mixture
from vaelab.models.priors.prior import Prior, PriorContext
from vaelab.randomness import generator

CONFIGS: dict[str, PriorConfig] = {
    "standard-normal": StandardNormalConfig(),
    "mixture": MixtureConfig(components=4),
    "vamp": VampConfig(components=4),
    "flow": FlowConfig(layers=4, width=16),
    "class-gaussian": ClassGaussianConfig(),
    "gmm": GaussianMixtureConfig(components=3),
}
CLASSES, SIZE, SHAPE = 3, 2, ImageShape(1, 8, 8)


def test_every_table_entry_is_under_contract() -> None:
    assert CONFIGS.keys() == PRIORS.keys()


def encoder(x: Tensor) -> DiagonalGaussian:
    """Some posterior that depends on the image."""
    means = x.flatten(1)[:, :SIZE] * 4 - 2
    return DiagonalGaussian(means, x.flatten(1)[:, SIZE : 2 * SIZE] - 1)


def prior_of(name: str) -> tuple[Prior, Tensor]:
    """A prior with random weights, and conditions for 64 codes."""
    classes = CLASSES if name == "class-gaussian" else 0
    context = PriorContext(latent_size=SIZE, class_count=classes, shape=SHAPE)
    module = parts.build(CONFIGS[name], context)
    initialize(module, generator(0, "weights"))
    for weights in module.parameters():
        nn.init.normal_(weights, std=0.25, generator=generator(1, *weights.shape))
    if module.is_fitted:
        module.fit(torch.randn(300, SIZE, generator=generator(2)) * 2 + 1, seed=0)
    condition = torch.eye(CLASSES)[torch.arange(64) % CLASSES][:, :classes]
    return module.given_encoder(encoder), condition


@pytest.mark.parametrize("name", PRIORS)
@torch.no_grad()
def test_prior_contract(name: str) -> None:
    prior, condition = prior_of(name)
    z = prior.sample(64, generator(0, "z"), condition)
    assert z.shape == (64, SIZE)
    assert torch.equal(z, prior.sample(64, generator(0, "z"), condition))
    assert prior.log_prob(z, condition).shape == (64,)
    posterior = DiagonalGaussian(z, torch.zeros_like(z))
    assert prior.kl(posterior, z, condition).shape == (64, SIZE if prior.splits_kl else 1)


@pytest.mark.parametrize("name", PRIORS)
@torch.no_grad()
def test_the_density_integrates_to_one(name: str) -> None:
    prior, condition = prior_of(name)
    steps = torch.linspace(-14, 14, 561)
    grid = torch.cartesian_prod(steps, steps)
    label = condition[:1].expand(len(grid), -1)
    area = (steps[1] - steps[0]) ** 2
    assert (prior.log_prob(grid, label).exp().sum() * area).item() == pytest.approx(1, abs=5e-3)


@pytest.mark.parametrize("name", PRIORS)
@torch.no_grad()
def test_samples_follow_the_density(name: str) -> None:
    """The mean of any function over samples is its integral under the density."""
    prior, condition = prior_of(name)
    label = condition[:1].expand(100_000, -1)
    steps = torch.linspace(-14, 14, 561)
    grid = torch.cartesian_prod(steps, steps)
    density = prior.log_prob(grid, label[:1].expand(len(grid), -1)).exp()
    weights = density / density.sum()
    samples = prior.sample(100_000, generator(0, "samples"), label)
    moved = prior.from_noise(
        torch.randn(100_000, prior_noise_size(prior), generator=generator(1)), label
    )
    for found in (samples, moved):
        for function in (lambda z: z, lambda z: z.square(), lambda z: z.prod(1, keepdim=True)):
            expected = (weights.unsqueeze(1) * function(grid)).sum(0)
            torch.testing.assert_close(function(found).mean(0), expected, atol=0.06, rtol=0.03)


def prior_noise_size(prior: Prior) -> int:
    return prior.noise_size or SIZE + 1  # a mixture of posteriors: one number for the component


@pytest.mark.parametrize("name", PRIORS)
@torch.no_grad()
def test_the_kl_estimate_has_the_right_mean(name: str) -> None:
    prior, condition = prior_of(name)
    count = 100_000
    posterior = DiagonalGaussian(
        torch.tensor([0.7, -0.4]).expand(count, -1), torch.tensor([-1.0, 0.3]).expand(count, -1)
    )
    label = condition[:1].expand(count, -1)
    z = posterior.sample(generator(0, "noise"))
    estimate = (posterior.log_prob(z).sum(1) - prior.log_prob(z, label)).mean()
    found = prior.kl(posterior, z, label).sum(1).mean()
    torch.testing.assert_close(found, estimate, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    "name", [name for name in PRIORS if name not in ("flow", "class-gaussian")]
)
@torch.no_grad()
def test_moments_are_those_of_samples(name: str) -> None:
    prior, condition = prior_of(name)
    mean, variance = prior.moments()
    draws = prior.sample(200_000, generator(0, "draws"), condition[:1].expand(200_000, -1))
    torch.testing.assert_close(draws.mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(draws.var(0), variance, atol=0.04, rtol=0.02)


def test_mixture_agrees_with_torch_distributions() -> None:
    context = PriorContext(latent_size=2, class_count=0, shape=SHAPE)
    prior = Mixture(MixtureConfig(components=3), context)
    with torch.no_grad():
        prior.means.copy_(torch.tensor([[-2.0, 0.0], [3.0, 1.0], [0.0, -1.0]]))
        prior.log_scales.copy_(torch.tensor([[0.0, -1.0], [-0.5, 0.3], [0.2, 0.0]]))
        prior.logits.copy_(torch.tensor([0.0, 1.0, -0.5]))
    reference = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=prior.logits),
        torch.distributions.Independent(
            torch.distributions.Normal(prior.means, prior.log_scales.exp()), 1
        ),
    )
    z = torch.randn(100, 2, generator=generator(0, "z"))
    none = z.new_empty(100, 0)
    torch.testing.assert_close(prior.log_prob(z, none), reference.log_prob(z), rtol=1e-4, atol=1e-4)
    mean, variance = prior.moments()
    torch.testing.assert_close(mean, reference.mean)
    torch.testing.assert_close(variance, reference.variance)


def test_a_fitted_mixture_finds_the_gaussians_that_codes_come_from() -> None:
    context = PriorContext(latent_size=2, class_count=0, shape=SHAPE)
    prior = FittedMixture(GaussianMixtureConfig(components=2), context)
    draws = torch.randn(20_000, 2, generator=generator(0))
    stretch = torch.tensor([[1.0, 0.8], [0.0, 0.4]])
    codes = torch.cat([draws[:15_000] @ stretch + 4, 0.5 * draws[15_000:] - 4])
    prior.fit(codes, seed=0)
    order = prior.means[:, 0].argsort()
    torch.testing.assert_close(prior.weights[order], torch.tensor([0.25, 0.75]), atol=0.01, rtol=0)
    torch.testing.assert_close(
        prior.means[order], torch.tensor([[-4.0, -4.0], [4.0, 4.0]]), atol=0.05, rtol=0
    )
    factor = prior.factors[order[1]]
    torch.testing.assert_close(factor @ factor.T, stretch.T @ stretch, atol=0.05, rtol=0)
    gaussians = [
        torch.distributions.MultivariateNormal(prior.means[i], scale_tril=prior.factors[i])
        for i in range(2)
    ]
    z = codes[::1000]
    expected = torch.logsumexp(
        torch.stack(
            [prior.weights[i].log() + each.log_prob(z) for i, each in enumerate(gaussians)]
        ),
        0,
    )
    torch.testing.assert_close(
        prior.log_prob(z, z.new_empty(len(z), 0)), expected, rtol=1e-4, atol=1e-4
    )
    with pytest.raises(InputError, match="at least 2 codes, found 1"):
        prior.fit(codes[:1], seed=0)


def test_a_flow_maps_codes_to_noise_and_back() -> None:
    prior, condition = prior_of("flow")
    noise = torch.randn(64, SIZE, generator=generator(0, "noise"))
    z = prior.from_noise(noise, condition)
    normal = -0.5 * (noise.square() + math.log(2 * math.pi)).sum(1)
    jacobian = torch.stack(
        [
            torch.autograd.functional.jacobian(
                lambda row, label=label: prior.from_noise(row[None], label[None])[0], row
            )
            for row, label in zip(noise, condition, strict=True)
        ]
    )
    expected = normal - jacobian.slogdet().logabsdet
    torch.testing.assert_close(prior.log_prob(z, condition), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_a_vamp_prior_is_the_mixture_of_the_posteriors_of_its_pseudo_inputs() -> None:
    model = build_model(
        VaeConfig(latent_size=SIZE, network=MlpConfig(widths=(8,)), prior=VampConfig(components=4)),
        SHAPE,
        0,
        generator(0, "weights"),
    )
    assert isinstance(model, GaussianVae)
    posterior = model.posterior(torch.sigmoid(model.prior.logits))
    z = torch.randn(10, SIZE, generator=generator(0, "z"))
    expected = torch.stack(
        [
            DiagonalGaussian(mean.expand_as(z), log_variance.expand_as(z)).log_prob(z).sum(1)
            for mean, log_variance in zip(*posterior, strict=True)
        ]
    )
    prior = model.prior.given_encoder(model.posterior)
    torch.testing.assert_close(
        prior.log_prob(z, z.new_empty(10, 0)),
        torch.logsumexp(expected, 0) - math.log(4),
        rtol=1e-4,
        atol=1e-4,
    )


def test_gradients_reach_the_pseudo_inputs() -> None:
    model = build_model(
        VaeConfig(network=MlpConfig(widths=(8,)), prior=VampConfig(components=4)),
        SHAPE,
        0,
        generator(0, "weights"),
    )
    x = torch.rand(5, 1, 8, 8, generator=generator(0, "x"))
    model(x, None, generator(0)).kl["z"].sum().backward()
    assert isinstance(model, GaussianVae)
    gradient = model.prior.logits.grad
    assert isinstance(gradient, Tensor)
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize(
    ("prior", "conditioning", "message"),
    [
        (VampConfig(), ConcatConfig(), "vamp needs model.conditioning=none"),
        (ClassGaussianConfig(), NoConditioningConfig(), "class-gaussian needs a conditional"),
    ],
)
def test_priors_refuse_models_that_they_do_not_fit(
    prior: PriorConfig, conditioning: ConcatConfig | NoConditioningConfig, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        build_model(VaeConfig(prior=prior, conditioning=conditioning), SHAPE, 3, generator(0))
