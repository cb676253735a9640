"""Likelihoods: contracts over the table, exact values of small models, autoregressive order."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from vaelab import parts
from vaelab.models.build import initialize
from vaelab.models.image_shape import ImageShape
from vaelab.models.likelihoods import LIKELIHOODS
from vaelab.models.likelihoods.autoregressive import (
    Autoregressive,
    with_bernoulli,
    with_logistic_mixture,
)
from vaelab.models.likelihoods.config import (
    AutoregressiveBernoulliConfig,
    AutoregressiveLogisticConfig,
    LogisticMixtureConfig,
)
from vaelab.models.likelihoods.likelihood import Likelihood, build_likelihood
from vaelab.models.likelihoods.logistic import LogisticMixture
from vaelab.models.likelihoods.pixelwise import GaussianOptimal
from vaelab.randomness import generator

SHAPE = ImageShape(2, 9, 7)
ONE_NUMBER = [
    name for name in LIKELIHOODS if build_likelihood(name, SHAPE).decoded_channels(1) == 1
]
SMALL = {"maps": 3, "channels": 8, "blocks": 2, "width": 8}
AUTOREGRESSIVE = {
    "bernoulli": lambda shape: with_bernoulli(AutoregressiveBernoulliConfig(**SMALL), shape),
    "logistic": lambda shape: with_logistic_mixture(
        AutoregressiveLogisticConfig(components=2, **SMALL), shape
    ),
}


def initialized(likelihood: Likelihood) -> Likelihood:
    """With every weight drawn, also those that start at zero."""
    initialize(likelihood, generator(0, "weights"))
    for weights in likelihood.parameters():
        torch.nn.init.normal_(weights, std=0.3, generator=generator(0, "weights"))
    return likelihood.eval()


def build(name: str, shape: ImageShape = SHAPE) -> Likelihood:
    return initialized(build_likelihood(name, shape))


def autoregressive(kind: str, shape: ImageShape) -> Autoregressive:
    likelihood = initialized(AUTOREGRESSIVE[kind](shape))
    assert isinstance(likelihood, Autoregressive)
    return likelihood


def gray(count: int, shape: ImageShape = SHAPE) -> Tensor:
    size = (count, shape.channels, shape.height, shape.width)
    return torch.randint(256, size, generator=generator(0, "x")) / 255


def decoded_for(likelihood: Likelihood, count: int, shape: ImageShape = SHAPE) -> Tensor:
    channels = likelihood.decoded_channels(shape.channels)
    return torch.randn(
        count, channels, shape.height, shape.width, generator=generator(0, "decoded")
    )


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_likelihood_contract(name: str) -> None:
    likelihood, x = build(name), gray(4)
    decoded = (4 * decoded_for(likelihood, 4)).requires_grad_()
    log_prob = likelihood.log_prob(x, decoded)
    assert log_prob.shape == x.shape
    log_prob.sum().backward()
    assert decoded.grad is not None
    assert torch.isfinite(decoded.grad).all()
    draws = [likelihood.sample(decoded, generator(0, "pixels")) for _ in range(2)]
    assert torch.equal(*draws)
    for picture in (likelihood.mean(decoded), draws[0]):
        assert picture.shape == x.shape
        assert picture.min() >= 0
        assert picture.max() <= 1
    floor = likelihood.floor(x)
    if floor is not None:
        assert (-log_prob >= floor - 1e-5).all()


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_summed_log_probability_is_the_sum_of_that_of_the_pixels(name: str) -> None:
    likelihood, x = build(name), gray(3)
    decoded = decoded_for(likelihood, 15).unflatten(0, (3, 5))
    expected = torch.stack(
        [likelihood.log_prob(x, draw).flatten(1).sum(1) for draw in decoded.unbind(1)], 1
    )
    torch.testing.assert_close(
        likelihood.summed_log_prob(x, decoded), expected, rtol=1e-5, atol=1e-3
    )


@pytest.mark.parametrize("name", ONE_NUMBER)
def test_the_likelihood_is_greatest_where_its_mean_is_the_image(name: str) -> None:
    likelihood = build_likelihood(name, ImageShape(1, 1, 1)).eval()
    x = torch.full((1, 1, 1, 1), 0.3)
    logits = torch.linspace(-20, 20, 4001).view(-1, 1, 1, 1)
    best = likelihood.log_prob(x.expand_as(logits), logits).argmax()
    torch.testing.assert_close(likelihood.mean(logits[best : best + 1]), x, atol=3e-3, rtol=0)


def test_optimal_variance_follows_the_mean_squared_error_in_training_only() -> None:
    likelihood = build_likelihood("gaussian-optimal", SHAPE)
    assert isinstance(likelihood, GaussianOptimal)
    x = gray(5)
    decoded = torch.zeros_like(x)
    for _ in range(400):
        likelihood.log_prob(x, decoded)
    variance = likelihood.log_variance.exp()
    torch.testing.assert_close(variance, (x - 0.5).square().mean(), rtol=1e-4, atol=0)
    likelihood.eval().log_prob(torch.ones_like(x), decoded)
    assert likelihood.log_variance.exp() == variance


def test_squared_error_is_the_squared_error() -> None:
    x = gray(5)
    decoded = torch.ones_like(x)
    expected = -((x - torch.sigmoid(decoded)) ** 2)
    found = build_likelihood("squared-error", SHAPE).log_prob(x, decoded)
    torch.testing.assert_close(found, expected)


def logistic_of_one_pixel(scale: float = 3.0) -> tuple[LogisticMixture, Tensor, Tensor]:
    """The likelihood, all values of a pixel and one decoder output for all of them."""
    likelihood = LogisticMixture(LogisticMixtureConfig(components=3), ImageShape(1, 1, 1))
    decoded = scale * torch.randn(1, 9, 1, 1, generator=generator(1, "decoded"))
    values = torch.arange(256).view(-1, 1, 1, 1) / 255
    return likelihood, values, decoded.expand(256, -1, -1, -1)


@pytest.mark.parametrize("scale", [0.0, 3.0, 100.0])
def test_probabilities_of_all_gray_values_sum_to_one(scale: float) -> None:
    likelihood, values, decoded = logistic_of_one_pixel(scale)
    probabilities = likelihood.log_prob(values, decoded).double().exp()
    assert probabilities.sum().item() == pytest.approx(1, abs=1e-5)


def test_the_logistic_mixture_agrees_with_differences_of_its_cumulative_distribution() -> None:
    likelihood, values, decoded = logistic_of_one_pixel(1.0)
    log_weights, means, log_scales = (each[:1].double() for each in likelihood.mixture(decoded))
    edges = (torch.arange(257, dtype=torch.float64) * 2 - 1) / 255 - 1
    edges[0], edges[-1] = -math.inf, math.inf
    cumulative = torch.sigmoid((edges.view(-1, 1) - means.view(1, -1)) / log_scales.exp().view(-1))
    expected = (cumulative.diff(dim=0) * log_weights.exp().view(-1)).sum(1)
    found = likelihood.log_prob(values, decoded).flatten().double().exp()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("scale", [0.3, 3.0, 100.0])
def test_the_mean_and_the_samples_of_a_logistic_mixture(scale: float) -> None:
    likelihood, values, decoded = logistic_of_one_pixel(scale)
    probabilities = likelihood.log_prob(values, decoded).exp().flatten()
    exact = (probabilities * values.flatten()).sum().item()
    assert likelihood.mean(decoded[:1]).item() == pytest.approx(exact, abs=0.6 / 255)
    draws = likelihood.sample(decoded[:1].expand(20000, -1, -1, -1), generator(0, "draws"))
    assert torch.equal((255 * draws).round() / 255, draws)
    assert draws.mean().item() == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(
    "shape", [ImageShape(1, 3, 4), ImageShape(2, 2, 3), ImageShape(1, 1, 7)], ids=str
)
def test_autoregressive_probabilities_of_all_images_sum_to_one(shape: ImageShape) -> None:
    likelihood = autoregressive("bernoulli", shape)
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=shape.pixels)))
    x = every.view(-1, shape.channels, shape.height, shape.width)
    decoded = decoded_for(likelihood, 1, shape).expand(len(x), -1, -1, -1)
    log_prob = likelihood.log_prob(x, decoded).flatten(1).sum(1)
    assert log_prob.double().exp().sum().item() == pytest.approx(1, abs=1e-5)


def order_of_pixels(likelihood: Autoregressive, shape: ImageShape) -> list[tuple[int, int]]:
    """Rows and columns in the order in which `fill` asks for them."""
    visited = list[tuple[int, int]]()

    def choose(_channel: int, row: int, column: int, parameters: Tensor) -> Tensor:
        visited.append((row, column))
        return parameters.new_zeros(len(parameters), 1, 1, 1)

    likelihood.fill(decoded_for(likelihood, 1, shape), choose)
    return visited


@pytest.mark.parametrize("kind", AUTOREGRESSIVE)
def test_a_pixel_does_not_depend_on_those_after_it(kind: str) -> None:
    shape = ImageShape(1, 9, 7)
    likelihood = autoregressive(kind, shape)
    x, decoded = gray(1, shape), decoded_for(likelihood, 1, shape)
    if kind == "bernoulli":
        x = x.round()
    before = likelihood.log_prob(x, decoded)
    order = order_of_pixels(likelihood, shape)
    assert sorted(order) == list(itertools.product(range(9), range(7)))
    reached = 0
    for place, (row, column) in enumerate(order):
        changed = x.clone()
        changed[..., row, column] = 1 - changed[..., row, column].round()
        after = likelihood.log_prob(changed, decoded)
        for earlier in order[:place]:
            assert after[(..., *earlier)] == before[(..., *earlier)]
        reached += sum(bool(after[(..., *each)] != before[(..., *each)]) for each in order[place:])
    # A pixel reaches most of those after it, so the test above is no empty statement.
    assert reached > 0.7 * 63 * 64 / 2


@pytest.mark.parametrize("kind", AUTOREGRESSIVE)
@pytest.mark.parametrize("shape", [SHAPE, ImageShape(1, 28, 28)], ids=str)
def test_filling_pixel_by_pixel_meets_the_distributions_of_the_whole(
    kind: str, shape: ImageShape
) -> None:
    likelihood = autoregressive(kind, shape)
    x, decoded = gray(2, shape), decoded_for(likelihood, 2, shape)
    if kind == "bernoulli":
        x = x.round()
    total = torch.zeros(2)

    def choose(channel: int, row: int, column: int, parameters: Tensor) -> Tensor:
        value = x[:, channel : channel + 1, row : row + 1, column : column + 1]
        total.add_(likelihood.pixel.log_prob(value, parameters).flatten())
        return value

    filled = likelihood.fill(decoded, choose)
    torch.testing.assert_close(filled, x)
    expected = likelihood.log_prob(x, decoded).flatten(1).sum(1)
    torch.testing.assert_close(total, expected, rtol=1e-5, atol=1e-3)


def test_autoregressive_samples_have_the_probabilities_of_the_model() -> None:
    shape = ImageShape(1, 2, 2)
    likelihood = autoregressive("bernoulli", shape)
    decoded = decoded_for(likelihood, 1, shape)
    draws = likelihood.sample(decoded.expand(40000, -1, -1, -1), generator(0, "draws"))
    codes = (draws.flatten(1) @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4))).view(-1, 1, 2, 2)
    log_prob = likelihood.log_prob(every, decoded.expand(16, -1, -1, -1)).flatten(1).sum(1)
    found = torch.bincount(codes, minlength=16) / len(codes)
    torch.testing.assert_close(found, log_prob.exp(), rtol=0, atol=0.01)


def test_the_mean_of_an_autoregressive_likelihood_is_unbiased() -> None:
    shape = ImageShape(1, 3, 2)
    likelihood = autoregressive("bernoulli", shape)
    decoded = decoded_for(likelihood, 1, shape)
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=6))).view(-1, 1, 3, 2)
    log_prob = likelihood.log_prob(every, decoded.expand(64, -1, -1, -1)).flatten(1).sum(1)
    exact = (log_prob.exp() @ every.flatten(1)).view(1, 3, 2)
    many = decoded.expand(20000, -1, -1, -1)
    draws = likelihood.sample(many, generator(0, "draws"))
    estimates = likelihood.pixel.mean(likelihood.conditionals(draws, many))
    torch.testing.assert_close(estimates.mean(0), exact, rtol=0, atol=0.01)
    together = likelihood.mean(many[:3])
    torch.testing.assert_close(together, likelihood.mean(decoded).expand_as(together))


@pytest.mark.parametrize("kind", AUTOREGRESSIVE)
def test_an_autoregressive_likelihood_reads_the_code(kind: str) -> None:
    likelihood = autoregressive(kind, SHAPE)
    decoded = decoded_for(likelihood, 2)
    mean = likelihood.mean(decoded)
    assert not torch.allclose(mean[0], mean[1])


def test_every_likelihood_is_built_from_its_settings() -> None:
    for name, part in LIKELIHOODS.items():
        built = parts.build(part.config(kind=name), SHAPE)
        assert isinstance(built, Likelihood)
