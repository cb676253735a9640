import math

import pytest
import torch
from torch import Tensor, nn

from tests.models.parts import standard_normal
from vaelab.config import LikelihoodConfig
from vaelab.errors import InputError
from vaelab.evaluation.bits import bits_of_density, bits_per_dimension, dequantized
from vaelab.models import ImageShape
from vaelab.models.build import build_model
from vaelab.models.contract import LatentVariableModel
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.gaussian.model import GaussianVae
from vaelab.models.likelihoods.config import BernoulliConfig, SquaredErrorConfig
from vaelab.models.likelihoods.likelihood import Likelihood, build_likelihood
from vaelab.models.networks.config import MlpConfig
from vaelab.randomness import generator

SHAPE = ImageShape(1, 6, 5)
LEVELS = torch.arange(256, dtype=torch.float64)


class Constant(nn.Module):
    """The same output for every input."""

    def __init__(self, value: float, *shape: int) -> None:
        super().__init__()
        self.value, self.shape = value, shape

    def forward(self, x: Tensor, *_: Tensor) -> Tensor:
        return torch.full((len(x), *self.shape), self.value)


def model_of(likelihood: Likelihood, decoded: float) -> LatentVariableModel:
    """Ignores z: each pixel is drawn from the likelihood at `decoded`."""
    return GaussianVae(
        encoder=Constant(0.0, 4),
        prior=standard_normal(2),
        decoder=Constant(
            decoded, likelihood.decoded_channels(SHAPE.channels), SHAPE.height, SHAPE.width
        ),
        likelihood=likelihood,
        shape=SHAPE,
        latent_size=2,
    )


def drawn(probabilities: Tensor, count: int = 400) -> Tensor:
    levels = torch.multinomial(
        probabilities, count * SHAPE.pixels, replacement=True, generator=generator(0, "levels")
    )
    return levels.to(torch.uint8).view(count, SHAPE.channels, SHAPE.height, SHAPE.width)


def mean_bits(model: LatentVariableModel, images: Tensor) -> float:
    bits = bits_per_dimension(model, images, None, k=3, generator=generator(0, "noise"))
    assert bits.shape == (len(images),)
    return bits.mean().item()


def test_a_uniform_density_needs_all_eight_bits() -> None:
    images = drawn(torch.ones(256))
    assert mean_bits(model_of(build_likelihood("continuous-bernoulli", SHAPE), 0.0), images) == (
        pytest.approx(8, abs=1e-5)
    )


def test_a_density_of_known_entropy() -> None:
    """Under the density of logit l, a gray level has the mass of its interval in [0, 1]."""
    logit = -6.0
    edges = torch.expm1(logit * torch.arange(257, dtype=torch.float64) / 256) / math.expm1(logit)
    mass = edges.diff()
    entropy = -(mass * mass.log2()).sum().item()
    found = mean_bits(model_of(build_likelihood("continuous-bernoulli", SHAPE), logit), drawn(mass))
    assert found == pytest.approx(entropy, abs=0.02)


@pytest.mark.parametrize("log_variance", [-2.0, -6.0, -11.0])
def test_the_bits_are_never_below_those_of_the_levels_themselves(log_variance: float) -> None:
    likelihood = build_likelihood("gaussian-learned", SHAPE)
    nn.init.constant_(likelihood.get_parameter("log_variance"), log_variance)
    density = torch.distributions.Normal(0.5, math.exp(0.5 * log_variance))
    mass = density.cdf((LEVELS + 1) / 256) - density.cdf(LEVELS / 256)
    images = drawn((mass / mass.sum()).clamp(min=0))
    exact = -mass.log2()[images.long()].mean().item()
    found = mean_bits(model_of(likelihood, 0.0), images)
    assert found > exact - 0.01
    # Noise costs more the more the density changes within a gray level.
    assert found == pytest.approx(exact, abs=0.1 if log_variance < -10 else 0.02)


def test_probabilities_of_8_bit_values_are_code_lengths() -> None:
    """The bits of a model whose latent variables carry nothing are those of its likelihood."""
    likelihood = build_likelihood("logistic-mixture", SHAPE)
    images = drawn(torch.ones(256))
    decoded = torch.zeros(len(images), 15 * SHAPE.channels, SHAPE.height, SHAPE.width)
    expected = -likelihood.log_prob(images / 255, decoded).mean().item() / math.log(2)
    model = model_of(likelihood, 0.0)
    assert mean_bits(model, images) == pytest.approx(expected, abs=1e-5)


def test_dequantized_values_lie_within_their_gray_level() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1).expand(-1, 1, 40, 40)
    x = dequantized(images, generator(0))
    assert x.min() >= 0
    assert x.max() <= 1
    assert ((x.double() * 256).floor() == images).double().mean() > 0.9999
    assert (x * 256 - images).mean().item() == pytest.approx(0.5, abs=0.005)


def test_bits_of_density() -> None:
    log_density = torch.tensor([0.0, 10 * math.log(2), -10 * math.log(256)], dtype=torch.float64)
    assert bits_of_density(log_density, 10).tolist() == pytest.approx([8, 7, 16])


@pytest.mark.parametrize("likelihood", [BernoulliConfig(), SquaredErrorConfig()])
def test_likelihoods_that_are_no_density_of_gray_values_are_refused(
    likelihood: LikelihoodConfig,
) -> None:
    model = build_model(
        VaeConfig(latent_size=2, network=MlpConfig(widths=(4,)), likelihood=likelihood),
        SHAPE,
        1,
        generator(0),
    )
    with pytest.raises(InputError, match="a likelihood of gray values, found one in"):
        bits_per_dimension(
            model, torch.zeros(2, 1, 6, 5, dtype=torch.uint8), None, k=1, generator=generator(0)
        )
