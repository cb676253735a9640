"""A contract that every model kind, network, likelihood and prior keeps."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from vaelab.config import (
    AutoencoderConfig,
    ConvConfig,
    MixtureConfig,
    MlpConfig,
    ModelConfig,
    ResidualConfig,
    StandardNormalConfig,
    VaeConfig,
)
from vaelab.errors import InputError
from vaelab.models import MODELS, ImageShape, LatentVariableModel, build_model
from vaelab.models.likelihoods import LIKELIHOODS
from vaelab.models.networks import NETWORKS
from vaelab.models.posteriors import Delta, DiagonalGaussian
from vaelab.models.priors import PRIORS, Mixture, StandardNormal, kl_per_dimension
from vaelab.objectives import reduce
from vaelab.randomness import generator

NETWORK_CONFIGS = {
    "mlp": MlpConfig(widths=(24, 16)),
    "conv": ConvConfig(channels=(4, 6)),
    "residual": ResidualConfig(width=24, blocks=2),
}
PRIOR_CONFIGS = {
    "standard-normal": StandardNormalConfig(),
    "mixture": MixtureConfig(components=4),
}
MODEL_CONFIGS = {"vae": VaeConfig, "autoencoder": AutoencoderConfig}
SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 17, 17)]
CLASSES = 3


def build(config: ModelConfig, shape: ImageShape = SHAPES[0], seed: int = 0) -> LatentVariableModel:
    return build_model(config, shape, CLASSES, generator(seed, "weights"))


def images(shape: ImageShape, count: int = 5) -> Tensor:
    return torch.rand(
        count, shape.channels, shape.height, shape.width, generator=generator(0, "images")
    )


def test_every_table_entry_is_under_contract() -> None:
    assert NETWORK_CONFIGS.keys() == NETWORKS.keys()
    assert PRIOR_CONFIGS.keys() == PRIORS.keys()
    assert MODEL_CONFIGS.keys() == MODELS.keys()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize(("kind", "network"), list(product(MODELS, NETWORKS)))
def test_model_contract(kind: str, network: str, conditional: bool, shape: ImageShape) -> None:
    model = build(
        MODEL_CONFIGS[kind](
            latent_size=4, network=NETWORK_CONFIGS[network], conditional=conditional
        ),
        shape,
    )
    x, labels = images(shape), torch.arange(5) % CLASSES
    terms = model(x, labels, generator(0, "noise"))
    assert terms.log_likelihood.shape == x.shape
    assert terms.kl.shape == (5, 4)
    assert torch.isfinite(reduce(terms).negative_elbo)
    assert model.encode(x, labels).mean.shape == (5, 4)
    rebuilt = model.reconstruct(x, labels)
    assert rebuilt.shape == x.shape
    assert rebuilt.min() >= 0
    assert rebuilt.max() <= 1
    walk = model.interpolate(x[:2], x[2:4], 3, labels[:2])
    assert walk.shape == (2, 3, *x.shape[1:])
    torch.testing.assert_close(walk[:, 0], model.reconstruct(x[:2], labels[:2]))
    reduce(terms).negative_elbo.backward()
    assert all(weights.grad is not None for weights in model.parameters())


@pytest.mark.parametrize("network", NETWORKS)
def test_the_label_reaches_encoder_and_decoder(network: str) -> None:
    model = build(VaeConfig(network=NETWORK_CONFIGS[network], conditional=True))
    for weights in model.parameters():  # no path may start at zero
        nn.init.normal_(weights, std=0.1, generator=generator(0, "wide"))
    x = images(SHAPES[0])
    zeros, ones = torch.zeros(5, dtype=torch.int64), torch.ones(5, dtype=torch.int64)
    assert not torch.allclose(model.encode(x, zeros).mean, model.encode(x, ones).mean)
    z = torch.zeros(5, model.latent_size)
    assert not torch.allclose(model.decode(z, zeros), model.decode(z, ones))
    with pytest.raises(InputError, match="needs a label"):
        model.reconstruct(x)


@pytest.mark.parametrize("network", NETWORKS)
def test_an_unconditional_model_ignores_labels(network: str) -> None:
    model = build(VaeConfig(network=NETWORK_CONFIGS[network]))
    x = images(SHAPES[0])
    torch.testing.assert_close(model.reconstruct(x), model.reconstruct(x, torch.arange(5) % 3))


@pytest.mark.parametrize("network", NETWORKS)
def test_the_same_seed_gives_the_same_weights(network: str) -> None:
    config = VaeConfig(network=NETWORK_CONFIGS[network], prior=MixtureConfig(components=3))
    one, same, other = (build(config, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_default_weights_are_those_of_pytorch_in_distribution() -> None:
    ours = build(VaeConfig(network=ConvConfig(channels=(32, 64)), latent_size=12))
    theirs = {
        "encoder.convolutions.2": nn.Conv2d(32, 64, 4, 2, 1),
        "decoder.convolutions.0": nn.ConvTranspose2d(64, 32, 4, 2, 1),
        "encoder.output": nn.Linear(64 * 49, 24),
    }
    for name, layer in theirs.items():
        mine = ours.get_submodule(name)
        assert isinstance(mine, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
        assert mine.weight.shape == layer.weight.shape
        torch.testing.assert_close(mine.weight.std(), layer.weight.std(), rtol=0.05, atol=0)
        torch.testing.assert_close(
            mine.weight.abs().max(), layer.weight.abs().max(), rtol=0.05, atol=0
        )


def test_r4_has_its_number_of_parameters() -> None:
    model = build(VaeConfig(latent_size=10, network=MlpConfig(widths=(400,))))
    encoder = 784 * 400 + 400 + 2 * (400 * 10 + 10)
    decoder = 10 * 400 + 400 + 400 * 784 + 784
    assert sum(weights.numel() for weights in model.parameters()) == encoder + decoder


def test_an_autoencoder_is_deterministic_and_has_no_prior() -> None:
    model = build(AutoencoderConfig(latent_size=4))
    x = images(SHAPES[0])
    one, other = (model(x, None, generator(seed, "noise")) for seed in (0, 1))
    assert isinstance(one.posterior, Delta)
    assert torch.equal(one.log_likelihood, other.log_likelihood)
    assert not one.kl.any()
    with pytest.raises(InputError, match="no prior"):
        model.sample(3, generator(0, "samples"))


@pytest.mark.parametrize("extreme", [1e4, -1e4, 1e30])
def test_no_encoder_output_gives_nan(extreme: float) -> None:
    encoded = torch.cat([torch.zeros(2, 3), torch.full((2, 3), extreme)], 1).requires_grad_()
    posterior = DiagonalGaussian.from_encoded(encoded)
    z = posterior.sample(generator(0, "noise"))
    loss = StandardNormal(3).kl(posterior, z).sum() + z.square().sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(encoded.grad).all()


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_likelihood_contract(name: str) -> None:
    likelihood = LIKELIHOODS[name]()
    x = images(SHAPES[0])
    decoded = torch.linspace(-12, 12, x.numel()).view_as(x).requires_grad_()
    log_prob = likelihood.log_prob(x, decoded)
    assert log_prob.shape == x.shape
    log_prob.sum().backward()
    assert torch.isfinite(decoded.grad).all()
    for picture in (likelihood.mean(decoded), likelihood.sample(decoded, generator(0, "pixels"))):
        assert picture.shape == x.shape
        assert picture.min() >= 0
        assert picture.max() <= 1
    floor = likelihood.floor(x)
    if floor is not None:
        assert (-log_prob >= floor - 1e-5).all()


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_summed_log_probability_is_the_sum_of_that_of_the_pixels(name: str) -> None:
    likelihood = LIKELIHOODS[name]().eval()
    x = torch.rand(3, 2, 9, 7, generator=generator(0, "x"))
    decoded = 4 * torch.randn(3, 5, 2, 9, 7, generator=generator(0, "decoded"))
    expected = torch.stack(
        [likelihood.log_prob(x, draw).flatten(1).sum(1) for draw in decoded.unbind(1)], 1
    )
    torch.testing.assert_close(
        likelihood.summed_log_prob(x, decoded), expected, rtol=1e-5, atol=1e-4
    )


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_likelihood_is_greatest_where_its_mean_is_the_image(name: str) -> None:
    likelihood = LIKELIHOODS[name]().eval()
    x = torch.full((1, 1, 1, 1), 0.3)
    logits = torch.linspace(-20, 20, 4001).view(-1, 1, 1, 1)
    best = likelihood.log_prob(x.expand_as(logits), logits).argmax()
    torch.testing.assert_close(likelihood.mean(logits[best : best + 1]), x, atol=3e-3, rtol=0)


def test_optimal_variance_follows_the_mean_squared_error_in_training_only() -> None:
    likelihood = LIKELIHOODS["gaussian-optimal"]()
    x, decoded = images(SHAPES[0]), torch.zeros(5, 1, 28, 28)
    for _ in range(400):
        likelihood.log_prob(x, decoded)
    variance = likelihood.get_buffer("log_variance").exp()
    torch.testing.assert_close(variance, (x - 0.5).square().mean(), rtol=1e-4, atol=0)
    likelihood.eval().log_prob(torch.ones_like(x), decoded)
    assert likelihood.get_buffer("log_variance").exp() == variance


def test_squared_error_is_the_squared_error() -> None:
    x, decoded = images(SHAPES[0]), torch.ones(5, 1, 28, 28)
    expected = -((x - torch.sigmoid(decoded)) ** 2)
    torch.testing.assert_close(LIKELIHOODS["squared-error"]().log_prob(x, decoded), expected)


def standard_mixture(latent_size: int) -> Mixture:
    """A mixture whose components are all N(0, I)."""
    prior = Mixture(latent_size, 3)
    with torch.no_grad():
        prior.means.zero_()
        prior.log_scales.zero_()
        prior.logits.copy_(torch.tensor([0.0, 1.0, 2.0]))
    return prior


def wide_mixture() -> Mixture:
    prior = Mixture(2, 3)
    with torch.no_grad():
        prior.means.copy_(torch.tensor([[-2.0, 0.0], [3.0, 1.0], [0.0, -1.0]]))
        prior.log_scales.copy_(torch.tensor([[0.0, -1.0], [-0.5, 0.3], [0.2, 0.0]]))
        prior.logits.copy_(torch.tensor([0.0, 1.0, -0.5]))
    return prior


def reference_mixture(prior: Mixture) -> torch.distributions.Distribution:
    return torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=prior.logits),
        torch.distributions.Independent(
            torch.distributions.Normal(prior.means, prior.log_scales.exp()), 1
        ),
    )


def test_mixture_agrees_with_torch_distributions() -> None:
    prior = wide_mixture()
    z = torch.randn(100, 2, generator=generator(0, "z"))
    reference = reference_mixture(prior)
    torch.testing.assert_close(prior.log_prob(z), reference.log_prob(z), rtol=1e-4, atol=1e-4)
    mean, variance = prior.moments()
    torch.testing.assert_close(mean, reference.mean)
    torch.testing.assert_close(variance, reference.variance)
    draws = prior.sample(200_000, generator(0, "draws"))
    torch.testing.assert_close(draws.mean(0), mean, atol=0.02, rtol=0)
    torch.testing.assert_close(draws.var(0), variance, atol=0.03, rtol=0.02)


@pytest.mark.parametrize("prior", [StandardNormal(2), standard_mixture(2), wide_mixture()])
def test_the_kl_estimate_has_the_right_mean(prior: StandardNormal | Mixture) -> None:
    count = 200_000
    posterior = DiagonalGaussian(
        torch.tensor([0.7, -0.4]).expand(count, -1), torch.tensor([-1.0, 0.3]).expand(count, -1)
    )
    z = posterior.sample(generator(0, "noise"))
    estimate = (posterior.log_prob(z).sum(1) - prior.log_prob(z)).mean()
    with torch.no_grad():
        found = prior.kl(posterior, z).sum(1).mean()
    torch.testing.assert_close(found, estimate.detach(), atol=0.01, rtol=0)


def test_kl_per_dimension_is_the_kl_for_a_standard_normal_prior() -> None:
    posterior = DiagonalGaussian(torch.randn(6, 3), torch.randn(6, 3))
    prior = StandardNormal(3)
    torch.testing.assert_close(
        kl_per_dimension(prior, posterior), prior.kl(posterior, posterior.mean)
    )


def test_gradients_of_the_bound_agree_with_a_numeric_estimate() -> None:
    model = build(
        VaeConfig(latent_size=2, network=MlpConfig(widths=(5,), activation="silu")),
        ImageShape(1, 4, 4),
    ).double()
    x = torch.rand(3, 1, 4, 4, dtype=torch.float64, generator=generator(0, "x"))

    def bound() -> Tensor:
        return reduce(model(x, None, generator(0, "noise"))).total  # the same draw each time

    bound().backward()
    step = 1e-6
    for weights in model.parameters():
        flat, gradient = weights.data.view(-1), weights.grad
        assert gradient is not None
        for index in range(0, len(flat), max(1, len(flat) // 5)):
            original = flat[index].item()
            flat[index] = original + step
            above = bound().item()
            flat[index] = original - step
            below = bound().item()
            flat[index] = original
            numeric = (above - below) / (2 * step)
            assert gradient.view(-1)[index].item() == pytest.approx(numeric, rel=1e-5, abs=1e-6)


def test_too_small_images_are_refused_with_advice() -> None:
    config = VaeConfig(network=ConvConfig(channels=(4, 4, 4)))
    with pytest.raises(InputError, match=r"give model\.network\.channels fewer entries"):
        build(config, ImageShape(1, 6, 6))


@pytest.mark.parametrize(
    "config",
    [
        VaeConfig(likelihood="bernouli"),
        VaeConfig(network=MlpConfig(activation="rellu")),
        VaeConfig(network=MlpConfig(widths=(0,))),
        VaeConfig(network=ConvConfig(channels=(8, -1))),
    ],
)
def test_unusable_parts_are_told(config: ModelConfig) -> None:
    with pytest.raises(InputError):
        build(config)
