"""Every formula against torch.distributions or a closed form, in float64."""

import math

import pytest
import torch
from torch import distributions as reference

from vaelab import distributions as ours
from vaelab.randomness import generator

torch.manual_seed(0)
MEAN = torch.linspace(-3, 3, 40, dtype=torch.float64).view(4, 10)
LOG_VARIANCE = torch.linspace(-6, 4, 40, dtype=torch.float64).flip(0).view(4, 10)
LOGITS = torch.cat(
    [torch.linspace(-30, 30, 61), torch.tensor([-1e-3, 0.0, 1e-4, 9e-3, 1.1e-2])]
).double()
UNIT = torch.linspace(0, 1, len(LOGITS), dtype=torch.float64)


def test_gaussian_log_prob() -> None:
    x = MEAN.flip(0)
    expected = reference.Normal(MEAN, (0.5 * LOG_VARIANCE).exp()).log_prob(x)
    torch.testing.assert_close(ours.gaussian_log_prob(x, MEAN, LOG_VARIANCE), expected)


def test_gaussian_kl_to_standard_normal() -> None:
    expected = reference.kl_divergence(
        reference.Normal(MEAN, (0.5 * LOG_VARIANCE).exp()),
        reference.Normal(torch.zeros_like(MEAN), torch.ones_like(MEAN)),
    )
    torch.testing.assert_close(ours.gaussian_kl(MEAN, LOG_VARIANCE), expected)


def test_gaussian_kl_to_another() -> None:
    other_mean, other_log_variance = MEAN.flip(1), LOG_VARIANCE.flip(0)
    expected = reference.kl_divergence(
        reference.Normal(MEAN, (0.5 * LOG_VARIANCE).exp()),
        reference.Normal(other_mean, (0.5 * other_log_variance).exp()),
    )
    found = ours.gaussian_kl(MEAN, LOG_VARIANCE, other_mean, other_log_variance)
    torch.testing.assert_close(found, expected)


def test_reparameterize_has_the_moments_and_the_gradients() -> None:
    mean = torch.full((200_000,), 1.5, dtype=torch.float64, requires_grad=True)
    log_variance = torch.full((200_000,), -1.0, dtype=torch.float64, requires_grad=True)
    draw = ours.reparameterize(mean, log_variance, generator(0, "test"))
    assert draw.mean().item() == pytest.approx(1.5, abs=0.01)
    assert draw.var().item() == pytest.approx(math.exp(-1), rel=0.02)
    draw.sum().backward()
    torch.testing.assert_close(mean.grad, torch.ones_like(mean))
    # dz/dlogvar = (z - mean) / 2
    torch.testing.assert_close(log_variance.grad, (draw - mean).detach() / 2)


def test_bernoulli_log_prob() -> None:
    x = (UNIT > 0.5).double()
    expected = reference.Bernoulli(logits=LOGITS).log_prob(x)
    torch.testing.assert_close(ours.bernoulli_log_prob(x, LOGITS), expected)


def test_bernoulli_of_gray_is_the_expectation_over_binarizations() -> None:
    one, zero = torch.ones_like(UNIT), torch.zeros_like(UNIT)
    expected = UNIT * ours.bernoulli_log_prob(one, LOGITS) + (1 - UNIT) * ours.bernoulli_log_prob(
        zero, LOGITS
    )
    torch.testing.assert_close(ours.bernoulli_log_prob(UNIT, LOGITS), expected)


def test_binary_entropy_is_the_least_cross_entropy() -> None:
    p = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
    torch.testing.assert_close(ours.binary_entropy(p), -ours.bernoulli_log_prob(p, torch.logit(p)))
    torch.testing.assert_close(ours.binary_entropy(p), reference.Bernoulli(p).entropy())
    assert ours.binary_entropy(torch.tensor([0.0, 1.0])).tolist() == [0.0, 0.0]


def test_continuous_bernoulli_log_prob() -> None:
    near_half = (LOGITS.abs() > 1e-8) & (LOGITS.abs() < 20)
    expected = reference.ContinuousBernoulli(logits=LOGITS).log_prob(UNIT)
    found = ours.continuous_bernoulli_log_prob(UNIT, LOGITS)
    torch.testing.assert_close(found[near_half], expected[near_half], rtol=1e-6, atol=1e-6)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("logit", [-40.0, -3.0, -1.01e-2, -1e-3, 0.0, 9.9e-3, 2.0, 40.0])
def test_continuous_bernoulli_integrates_to_one_and_has_its_mean(logit: float) -> None:
    x = torch.linspace(0, 1, 400_001, dtype=torch.float64)
    density = ours.continuous_bernoulli_log_prob(x, torch.full_like(x, logit)).exp()
    assert torch.trapezoid(density, x).item() == pytest.approx(1, abs=1e-6)
    mean = ours.continuous_bernoulli_mean(torch.tensor([logit], dtype=torch.float64)).item()
    assert torch.trapezoid(density * x, x).item() == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("logit", [-200.0, -5.0, 0.0, 1.0, 200.0])
def test_continuous_bernoulli_sample(logit: float) -> None:
    logits = torch.full((100_000,), logit, dtype=torch.float64)
    draws = ours.continuous_bernoulli_sample(logits, generator(1, "test"))
    assert draws.min() >= 0
    assert draws.max() <= 1
    mean = ours.continuous_bernoulli_mean(logits[:1]).item()
    assert draws.mean().item() == pytest.approx(mean, abs=0.004)


@pytest.mark.parametrize("size", [1, 99, 100, 101, 784])
def test_summed_softplus(size: int) -> None:
    x = 20 * torch.randn(5, 3, size, dtype=torch.float64, generator=generator(0, "softplus"))
    expected = torch.nn.functional.softplus(x, threshold=1e9).sum(-1)
    torch.testing.assert_close(ours.summed_softplus(x), expected)
    torch.testing.assert_close(
        ours.summed_softplus(x.float()).double(), expected, rtol=1e-6, atol=1e-5
    )


def test_summed_softplus_of_hundreds_of_zeros() -> None:
    # Every factor is as small as it can be, so the products come nearest to underflow.
    found = ours.summed_softplus(torch.zeros(1, 1000)).item()
    assert found == pytest.approx(1000 * math.log(2), rel=1e-6)


def test_log_mean_exp() -> None:
    x = torch.tensor([[0.0, 0.0, 0.0], [1000.0, 1000.0, -1000.0], [-2000.0, -2000.0, -2000.0]])
    expected = torch.tensor([0.0, 1000 + math.log(2 / 3), -2000.0])
    torch.testing.assert_close(ours.log_mean_exp(x, 1), expected)
    torch.testing.assert_close(ours.log_mean_exp(x.T, 0), expected)


def test_generators_depend_on_seed_and_purpose_alone() -> None:
    def draw(*key: object) -> float:
        return torch.rand((), generator=generator(*key)).item()

    assert draw(0, "noise", 3) == draw(0, "noise", 3)
    assert (
        len({draw(0, "noise", 3), draw(1, "noise", 3), draw(0, "order", 3), draw(0, "noise", 4)})
        == 4
    )
