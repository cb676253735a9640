"""Priors: a contract for every table entry, and agreement with known distributions."""

import math
from typing import Any

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
from vaelab.models.priors.autoregressive import MaskedNetwork
from vaelab.models.priors.class_gaussian import ClassGaussian
from vaelab.models.priors.config import (
    AutoregressiveConfig,
    ClassGaussianConfig,
    FlowConfig,
    FlowMatchingConfig,
    GaussianMixtureConfig,
    MixtureConfig,
    StandardNormalConfig,
    VampConfig,
)
from vaelab.models.priors.flow_matching import FlowMatching, midpoint
from vaelab.models.priors.gmm import FittedMixture
from vaelab.models.priors.mixture import Mixture
from vaelab.models.priors.prior import Prior, PriorContext, PriorModule
from vaelab.models.sampling_options import SamplingOptions
from vaelab.randomness import generator

CONFIGS: dict[str, PriorConfig] = {
    "standard-normal": StandardNormalConfig(),
    "mixture": MixtureConfig(components=4),
    "vamp": VampConfig(components=4),
    "flow": FlowConfig(layers=4, width=16),
    "class-gaussian": ClassGaussianConfig(),
    "flow-matching": FlowMatchingConfig(layers=2, width=16),
    "autoregressive": AutoregressiveConfig(layers=1, width=16, components=2),
    "gmm": GaussianMixtureConfig(components=4),
}
CLASSES, SIZE, SHAPE = 3, 2, ImageShape(1, 8, 8)

# Names of priors; those of conditional models with a mark.
BY_CLASS = " by class"
UNCONDITIONAL = [name for name in PRIORS if name != "class-gaussian"]
CASES = [*UNCONDITIONAL, *(f"{name}{BY_CLASS}" for name in PRIORS if name != "vamp")]


def test_every_table_entry_is_under_contract() -> None:
    assert CONFIGS.keys() == PRIORS.keys()


def encoder(x: Tensor) -> DiagonalGaussian:
    """Some posterior that depends on the image."""
    means = x.flatten(1)[:, :SIZE] * 4 - 2
    return DiagonalGaussian(means, x.flatten(1)[:, SIZE : 2 * SIZE] - 1)


def untrained(case: str) -> PriorModule:
    """A prior before training."""
    classes = CLASSES if case.endswith(BY_CLASS) else 0
    context = PriorContext(latent_size=SIZE, class_count=classes, shape=SHAPE)
    module: PriorModule = parts.build(CONFIGS[case.removesuffix(BY_CLASS)], context)
    initialize(module, generator(0, "weights"))
    return module


def conditions(case: str, count: int) -> Tensor:
    """Conditions of every class in turn."""
    rows = torch.eye(CLASSES)[torch.arange(count) % CLASSES]
    return rows if case.endswith(BY_CLASS) else rows[:, :0]


@torch.no_grad()
def prior_of(case: str) -> tuple[Prior, Tensor]:
    """A prior with random weights, and conditions for 64 codes."""
    module = untrained(case)
    for weights in module.parameters():
        nn.init.normal_(weights, std=0.25, generator=generator(1, *weights.shape))
    if not list(module.parameters()):
        codes = torch.randn(300, SIZE, generator=generator(2)) * 2 + 1
        shift = (
            conditions(case, 300) @ torch.arange(CLASSES).float()[: conditions(case, 1).shape[1]]
        )
        module.fit(codes + shift.unsqueeze(1), conditions(case, 300), seed=0)
    return module.given_encoder(encoder), conditions(case, 64)


WITH_DENSITY = [case for case in CASES if prior_of(case)[0].has_density]


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_prior_contract(case: str) -> None:
    prior, condition = prior_of(case)
    z = prior.sample(64, generator(0, "z"), condition)
    assert z.shape == (64, SIZE)
    assert torch.equal(z, prior.sample(64, generator(0, "z"), condition))
    assert prior.loss(z, condition, generator(0, "loss")).shape == (64,)
    if not prior.has_density:
        with pytest.raises(InputError, match="has no density"):
            prior.log_prob(z, condition)
        return
    assert prior.log_prob(z, condition).shape == (64,)
    posterior = DiagonalGaussian(z, torch.zeros_like(z))
    assert prior.kl(posterior, z, condition).shape == (64, SIZE if prior.splits_kl else 1)


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_the_temperature_scales_the_noise_of_a_prior(case: str) -> None:
    """At 1 nothing changes; at 0 only the components are left that a mixture chooses from."""
    prior, condition = prior_of(case)
    condition = condition[:1].expand(64, -1)

    def samples(temperature: float) -> Tensor:
        options = SamplingOptions(temperature=temperature)
        return prior.sample(64, generator(0, "z"), condition, options)

    assert torch.equal(samples(1.0), prior.sample(64, generator(0, "z"), condition))
    assert len(samples(0.0).round(decimals=3).unique(dim=0)) <= 4
    assert len(samples(1.0).unique(dim=0)) == 64
    distances = [(samples(t) - samples(0.0)).norm(dim=1).mean() for t in (0.25, 0.5, 1.0)]
    assert distances == sorted(distances)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": -0.1}, "temperature must not be negative, found -0.1"),
        ({"temperature": math.nan}, "temperature must not be negative, found nan"),
        ({"solver_steps": 0}, "solver steps must be at least 1, found 0"),
    ],
)
def test_impossible_options_of_sampling_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SamplingOptions(**values)


@pytest.mark.parametrize("case", WITH_DENSITY)
@torch.no_grad()
def test_the_density_integrates_to_one(case: str) -> None:
    prior, condition = prior_of(case)
    steps = torch.linspace(-14, 14, 561)
    grid = torch.cartesian_prod(steps, steps)
    label = condition[:1].expand(len(grid), -1)
    area = (steps[1] - steps[0]) ** 2
    assert (prior.log_prob(grid, label).exp().sum() * area).item() == pytest.approx(1, abs=5e-3)


@pytest.mark.parametrize("case", WITH_DENSITY)
@torch.no_grad()
def test_samples_follow_the_density(case: str) -> None:
    """The mean of any function over samples is its integral under the density."""
    prior, condition = prior_of(case)
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


@pytest.mark.parametrize("case", WITH_DENSITY)
@torch.no_grad()
def test_the_kl_estimate_has_the_right_mean(case: str) -> None:
    prior, condition = prior_of(case)
    count = 100_000
    posterior = DiagonalGaussian(
        torch.tensor([0.7, -0.4]).expand(count, -1), torch.tensor([-1.0, 0.3]).expand(count, -1)
    )
    label = condition[:1].expand(count, -1)
    z = posterior.sample(generator(0, "noise"))
    estimate = (posterior.log_prob(z).sum(1) - prior.log_prob(z, label)).mean()
    found = prior.kl(posterior, z, label).sum(1).mean()
    torch.testing.assert_close(found, estimate, atol=0.02, rtol=0)


@pytest.mark.parametrize("case", [case for case in CASES if prior_of(case)[0].has_moments])
@torch.no_grad()
def test_moments_are_those_of_samples(case: str) -> None:
    prior, condition = prior_of(case)
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
    prior.fit(codes, codes[:, :0], seed=0)
    (weights,), (means,), (factors,) = prior.weights, prior.means, prior.factors
    order = means[:, 0].argsort()
    torch.testing.assert_close(weights[order], torch.tensor([0.25, 0.75]), atol=0.01, rtol=0)
    torch.testing.assert_close(
        means[order], torch.tensor([[-4.0, -4.0], [4.0, 4.0]]), atol=0.05, rtol=0
    )
    factor = factors[order[1]]
    torch.testing.assert_close(factor @ factor.T, stretch.T @ stretch, atol=0.05, rtol=0)
    gaussians = [
        torch.distributions.MultivariateNormal(means[i], scale_tril=factors[i]) for i in range(2)
    ]
    z = codes[::1000]
    expected = torch.logsumexp(
        torch.stack([weights[i].log() + each.log_prob(z) for i, each in enumerate(gaussians)]),
        0,
    )
    torch.testing.assert_close(
        prior.log_prob(z, z.new_empty(len(z), 0)), expected, rtol=1e-4, atol=1e-4
    )
    with pytest.raises(InputError, match="at least 2 codes, found 1"):
        prior.fit(codes[:1], codes[:1, :0], seed=0)


@torch.no_grad()
def test_a_fitted_mixture_has_the_codes_of_each_class() -> None:
    """Its components are shared out among the classes."""
    context = PriorContext(latent_size=2, class_count=CLASSES, shape=SHAPE)
    prior = FittedMixture(GaussianMixtureConfig(components=9), context)
    condition = conditions("gmm by class", 900)
    centers = torch.tensor([[-9.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
    codes = condition @ centers + torch.randn(900, 2, generator=generator(0))
    prior.fit(codes, condition, seed=0)
    drawn = prior.sample(900, generator(1), condition)
    torch.testing.assert_close(condition.T @ drawn / 300, centers, atol=0.3, rtol=0)
    assert prior.log_prob(codes, condition).mean() > -4
    assert prior.log_prob(codes, condition.roll(1, 0)).mean() < -20
    few = torch.eye(CLASSES)[torch.arange(8).clamp(max=2)]
    with pytest.raises(InputError, match="at least 3 codes of class 0, found 1"):
        prior.fit(torch.randn(8, 2, generator=generator(0)), few, seed=0)


@torch.no_grad()
def test_what_is_learned_by_gradient_starts_from_the_codes() -> None:
    """For each prior a distribution in closed form that its start should have."""
    codes = torch.randn(3000, SIZE, generator=generator(0)) * torch.tensor([20.0, 0.1]) + 50
    none = codes[:, :0]
    gaussian = torch.distributions.Normal(codes.mean(0), codes.std(0))
    flow = untrained("flow")
    flow.fit(codes, none, seed=0)
    torch.testing.assert_close(
        flow.given_encoder(encoder).log_prob(codes, none),
        gaussian.log_prob(codes).sum(1),
        rtol=1e-3,
        atol=1e-3,
    )
    matching = untrained("flow-matching")
    assert isinstance(matching, FlowMatching)
    matching.fit(codes, none, seed=0)
    noise = torch.randn(100, SIZE, generator=generator(1))
    torch.testing.assert_close(
        matching.from_noise(noise, none[:100]),
        codes.mean(0) + codes.std(0) * noise,
        rtol=0.02,
        atol=0.02 * codes.std(0).max().item(),
    )
    mixture = untrained("mixture")
    assert isinstance(mixture, Mixture)
    mixture.fit(codes, none, seed=0)
    assert all((codes == mean).all(1).any() for mean in mixture.means)
    by_class, condition = untrained("class-gaussian by class"), conditions("x by class", 3000)
    assert isinstance(by_class, ClassGaussian)
    by_class.fit(codes, condition, seed=0)
    of_second = codes[1::3]
    torch.testing.assert_close(by_class.means[1], of_second.mean(0))
    torch.testing.assert_close(
        by_class.log_variances[1].exp(), of_second.var(0, unbiased=False), rtol=1e-3, atol=0
    )


@torch.no_grad()
def test_the_loss_of_flow_matching_is_the_variance_of_the_velocity() -> None:
    """Of codes from N(0, I) the velocity given z_t has the variance 1 / (t^2 + (1 - t)^2).

    Its integral over t is pi / 2. The prior starts with the mean of this velocity.
    """
    prior = untrained("flow-matching").given_encoder(encoder)
    codes = torch.randn(20_000, SIZE, generator=generator(0))
    loss = prior.loss(codes, codes[:, :0], generator(1)).mean()
    assert loss.item() == pytest.approx(SIZE * math.pi / 2, rel=0.02)


def test_the_solver_is_of_second_order() -> None:
    start = torch.ones(1, 1)
    errors = [
        abs(midpoint(lambda z, _: z, start.double(), steps).item() - math.e) for steps in (10, 20)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


@torch.no_grad()
def test_the_number_of_solver_steps_is_an_option_of_sampling() -> None:
    prior, condition = prior_of("flow-matching")

    def samples(steps: int | None) -> Tensor:
        return prior.sample(64, generator(0), condition, SamplingOptions(solver_steps=steps))

    exact = samples(200)
    assert torch.equal(samples(None), samples(FlowMatchingConfig().solver_steps))
    errors = [(samples(steps) - exact).abs().max() for steps in (1, 4, 16, 64)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.1 * errors[0]


@pytest.mark.parametrize("case", ["autoregressive", "autoregressive by class"])
def test_each_dimension_depends_on_those_before_it_and_on_the_class(case: str) -> None:
    classes = CLASSES if case.endswith(BY_CLASS) else 0
    network = MaskedNetwork(5, classes, width=20, layers=2, outputs=3)
    z, condition = torch.randn(1, 5, generator=generator(0)), conditions(case, 1)
    of_z, of_class = torch.autograd.functional.jacobian(network, (z, condition))
    depends = of_z[0, :, :, 0].abs().sum(1) > 0
    assert torch.equal(depends, torch.ones(5, 5).tril(-1) > 0)
    assert (of_class[0, :, :, 0].abs().sum(1) > 0).all()


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
