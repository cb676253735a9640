"""Lossless coding with models of every kind: exact round trips and lengths near the bound."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.conftest import tiny
from vaelab.compression.codec import Codec
from vaelab.entropy_coding import (
    LARGEST_POSITION,
    STEP,
    TOTAL,
    BitStack,
    ExhaustedError,
    counts_from_edges,
)
from vaelab.errors import InputError
from vaelab.models.build import build_model
from vaelab.models.contract import LatentVariableModel
from vaelab.models.image_shape import ImageShape
from vaelab.models.importance import importance_bound
from vaelab.models.latents import Latents
from vaelab.models.likelihoods.likelihood import build_likelihood
from vaelab.models.likelihoods.values import digits, high_edges, low_edges
from vaelab.randomness import generator

Model = LatentVariableModel

SHAPE = ImageShape(1, 6, 5)
TWO_CHANNELS = ImageShape(2, 9, 7)
DISCRETE = ["bernoulli", "logistic-mixture", "autoregressive-bernoulli", "autoregressive-logistic"]
PRIORS = ["standard-normal", "mixture", "vamp", "flow", "autoregressive", "gmm"]
SMALL = {"maps": "3", "channels": "8", "blocks": "2", "width": "8", "components": "2"}


def settings(likelihood: str) -> dict[str, str]:
    kinds = {
        "bernoulli": (),
        "logistic-mixture": ("components",),
        "autoregressive-bernoulli": ("maps", "channels", "blocks", "width"),
        "autoregressive-logistic": tuple(SMALL),
    }
    fields = {f"model__likelihood__{name}": SMALL[name] for name in kinds[likelihood]}
    binarize = "bernoulli" in likelihood
    return {"model__likelihood": likelihood, "data__binarize": str(binarize).lower()} | fields


def built(preset: str, shape: ImageShape = SHAPE, classes: int = 0, **fields: str) -> Model:
    config = tiny(preset, **fields)
    model = build_model(config.model, shape, classes, generator(0, "weights"))
    for name, weights in model.named_parameters():
        if name.startswith("prior.layers"):  # of a flow, whose last layers start at zero
            torch.nn.init.normal_(weights, std=0.1, generator=generator(0, name))
    return model.eval()


def values(model: Model, count: int) -> Tensor:
    size = (count, model.shape.channels, model.shape.height, model.shape.width)
    return torch.randint(model.likelihood.value_count, size, generator=generator(0, "values"))


def drawn_from(model: Model, count: int) -> Tensor:
    """Values of images that the model generates."""
    source = generator(0, "drawn")
    with torch.no_grad():
        z = model.sample_prior(count, source).flat()
        x = model.likelihood.sample(model.latent_coding().decoded(Latents((z,)), z[:, :0]), source)
    return (x * (model.likelihood.value_count - 1)).round().long()


def require_exact(model: Model, count: int = 30) -> None:
    given = values(model, count)
    labels = None
    if model.is_conditional:
        labels = torch.randint(model.class_count, (count,), generator=generator(0, "labels"))
    codec = Codec(model)
    coded = codec.encode(given, labels)
    restored, restored_labels = codec.decode(coded.words, coded.batches)
    assert torch.equal(restored, given)
    assert sum(coded.batches) == count
    if labels is None:
        assert restored_labels is None
    else:
        assert restored_labels is not None
        assert torch.equal(restored_labels, labels)


@pytest.mark.parametrize("shape", [SHAPE, TWO_CHANNELS, ImageShape(1, 1, 1)], ids=str)
@pytest.mark.parametrize("likelihood", DISCRETE)
def test_images_are_restored_exactly(likelihood: str, shape: ImageShape) -> None:
    require_exact(built("mlp-vae", shape, **settings(likelihood)))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("preset", ["mlp-vae", "hierarchical-vae", "ladder-vae"])
def test_every_prior_codes(preset: str, prior: str) -> None:
    require_exact(built(preset, model__likelihood="logistic-mixture", model__prior=prior), 40)


@pytest.mark.parametrize("likelihood", ["bernoulli", "autoregressive-logistic"])
@pytest.mark.parametrize("preset", ["hierarchical-vae", "ladder-vae", "cvae"])
def test_other_models_code(preset: str, likelihood: str) -> None:
    classes = 10 if preset == "cvae" else 0
    require_exact(built(preset, classes=classes, **settings(likelihood)))


@pytest.mark.parametrize("prior", ["class-gaussian", "flow", "autoregressive", "gmm"])
def test_a_conditional_prior_codes(prior: str) -> None:
    fields = {"model__likelihood": "bernoulli", "model__prior": prior}
    require_exact(built("cvae", classes=3, **fields))


def test_the_length_is_that_of_the_negative_elbo() -> None:
    model = built("mlp-vae", model__likelihood="logistic-mixture", model__prior="mixture")
    given = drawn_from(model, 2000)
    coded = Codec(model).encode(given, None)
    nats = 32 * len(coded.words) * np.log(2)
    bound = importance_bound(model, given / 255, None, k=1, generator=generator(0, "bound"))
    assert nats == pytest.approx(bound.negative_elbo.sum().item(), rel=0.005)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_length_of_codes_is_that_of_the_prior(prior: str) -> None:
    model = built("mlp-vae", model__likelihood="bernoulli", model__prior=prior)
    coding, condition = model.latent_coding(), torch.empty(2000, 0)
    stack = BitStack.of_random_bits(20000, generator(0, "random"))
    with torch.no_grad():
        mean = model.sample_prior(2000, generator(0, "z")).flat()
        (z,) = (stack.draw_gaussian(mean, torch.full_like(mean, 0.1)),)
        before = stack.bits
        coding.push_prior(stack, model.space.from_flat(z), condition)
        expected = -model.prior_log_prob(z).double().sum() - z.numel() * np.log(STEP)
        nats = (stack.bits - before) * np.log(2)
        assert nats == pytest.approx(expected.item(), rel=0.01)
        assert torch.equal(coding.pop_prior(stack, condition).flat(), z)
    assert stack.bits == before


@pytest.mark.parametrize("likelihood", ["bernoulli", "logistic-mixture"])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_counts_of_all_values_sum_to_the_total(likelihood: str, scale: float) -> None:
    pixel = build_likelihood(likelihood, SHAPE)
    shape = (8, pixel.decoded_channels(1), 3, 3)
    decoded = scale * torch.randn(shape, generator=generator(0, "decoded"))
    high, low = digits(pixel.value_count)
    coarse = counts_from_edges(high_edges(pixel, decoded))
    assert coarse.min() >= 1
    assert (coarse.sum(1) == TOTAL).all()
    total = np.zeros(len(coarse))
    for digit in range(high):
        fine = counts_from_edges(
            low_edges(pixel, decoded, torch.full((8, 1, 3, 3), digit, dtype=torch.long))
        )
        assert fine.min() >= 1
        assert (fine.sum(1) == TOTAL).all()
        probabilities = coarse[:, digit : digit + 1] / TOTAL * fine / TOTAL
        total += probabilities.sum(1)
        x = (digit * low + torch.arange(low)) / (pixel.value_count - 1)
        many = decoded.repeat_interleave(low, 0)
        exact = pixel.log_prob(x.repeat(8).view(-1, 1, 1, 1).expand(-1, 1, 3, 3), many).exp()
        by_pixel = exact.unflatten(0, (8, low)).permute(0, 2, 3, 4, 1).flatten(0, 3)
        np.testing.assert_allclose(probabilities, by_pixel.numpy(), rtol=1e-4, atol=2e-6)
    np.testing.assert_allclose(total, 1, atol=1e-12)


def test_the_coder_has_exactly_the_given_counts() -> None:
    edges = torch.tensor([[0.0, 0.0, 0.25, 1.0]])
    counts = counts_from_edges(edges)[0]
    last = np.cumsum(counts) - 1
    for slot in [*last, *(last[:-1] + 1)]:
        stack = BitStack(np.array([1, 1, slot, 1], np.uint32))
        assert stack.pop(edges)[0] == np.searchsorted(last, slot)


def test_drawn_codes_are_near_the_mean_and_the_bits_return() -> None:
    stack = BitStack.of_random_bits(50000, generator(0, "random"))
    words = stack.words
    mean = 5 * torch.randn(50, 400, generator=generator(0, "mean"))
    scale = torch.logspace(-4, 2, 400).expand(50, -1)
    z = stack.draw_gaussian(mean, scale)
    assert torch.equal(z / STEP, (z / STEP).round())
    noise = (z - mean) / scale.clamp(min=STEP)
    assert noise.abs().max() < 13
    assert noise[:, 150:250].std() == pytest.approx(1, abs=0.02)
    stack.return_gaussian(z, mean, scale)
    assert np.array_equal(stack.words, words)


def test_codes_outside_of_the_grid_are_moved_to_its_ends() -> None:
    stack = BitStack.of_random_bits(100, generator(0, "random"))
    words, mean = stack.words, torch.tensor([[-1e6, 1e6]])
    z = stack.draw_gaussian(mean, torch.ones(1, 2))
    assert z.abs().max() <= LARGEST_POSITION * STEP
    stack.push_gaussian(z, torch.zeros(1, 2), torch.ones(1, 2))
    assert torch.equal(stack.pop_gaussian(torch.zeros(1, 2), torch.ones(1, 2)), z)
    stack.return_gaussian(z, mean, torch.ones(1, 2))
    assert np.array_equal(stack.words, words)


def test_too_few_bits_are_an_error() -> None:
    stack = BitStack.of_random_bits(3, generator(0, "random"))
    with pytest.raises(ExhaustedError):
        stack.draw_gaussian(torch.zeros(1, 100), torch.ones(1, 100))


@pytest.mark.parametrize(
    "spoil", [lambda stack, bad: stack.draw_gaussian(bad, bad), lambda stack, bad: stack.pop(bad)]
)
def test_numbers_that_are_not_finite_are_an_error(
    spoil: Callable[[BitStack, Tensor], object],
) -> None:
    stack = BitStack.of_random_bits(100, generator(0, "random"))
    with pytest.raises(InputError, match="not finite"):
        spoil(stack, torch.tensor([[0.0, float("nan"), 1.0]]))


def test_batches_grow_with_the_bits_of_those_before() -> None:
    model = built("mlp-vae", ImageShape(1, 28, 28), model__likelihood="logistic-mixture")
    coded = Codec(model).encode(values(model, 100), None)
    assert coded.batches[0] == 1
    assert max(coded.batches) > 30


@pytest.mark.parametrize("likelihood", ["gaussian-learned", "continuous-bernoulli"])
def test_a_density_codes_no_images(likelihood: str) -> None:
    with pytest.raises(InputError, match=r"no probabilities of pixel values.*logistic-mixture"):
        Codec(built("mlp-vae", model__likelihood=likelihood))


def test_a_model_without_a_coding_is_refused() -> None:
    model = build_model(
        tiny("vq-vae", model__likelihood="bernoulli").model,
        ImageShape(1, 28, 28),
        0,
        generator(0, "weights"),
    )
    with pytest.raises(InputError, match="no coding of its latent variables"):
        Codec(model)


def test_a_likelihood_of_one_digit_has_one_step() -> None:
    assert digits(2) == (2, 1)
    assert digits(256) == (16, 16)
