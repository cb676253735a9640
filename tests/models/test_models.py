"""A contract that every model, network, conditioning and likelihood satisfies."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from vaelab.config import ConditioningConfig, ModelConfig, NetworkConfig
from vaelab.distributions import gaussian_kl
from vaelab.errors import InputError
from vaelab.models import MODELS, ImageShape
from vaelab.models.autoencoder.config import AutoencoderConfig
from vaelab.models.build import build_model
from vaelab.models.conditioning import (
    CONDITIONINGS,
    ClassWeightsConfig,
    ConcatConfig,
    NoConditioningConfig,
)
from vaelab.models.contract import LatentVariableModel, TermsRequest
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.hierarchical.config import HierarchicalConfig
from vaelab.models.importance import importance_bound, log_weights
from vaelab.models.ladder.config import LadderConfig
from vaelab.models.networks import NETWORKS
from vaelab.models.networks.config import ConvConfig, MlpConfig, ResidualConfig, ResidualConvConfig
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.config import MixtureConfig
from vaelab.models.vq.config import VqVaeConfig
from vaelab.objectives.objective import kl_per_image, reduce
from vaelab.randomness import generator

NETWORK_CONFIGS: dict[str, NetworkConfig] = {
    "mlp": MlpConfig(widths=(24, 16)),
    "conv": ConvConfig(channels=(4, 6)),
    "residual-conv": ResidualConvConfig(channels=(4, 6), blocks=1),
    "residual": ResidualConfig(width=24, blocks=2),
}
CONDITIONING_CONFIGS: dict[str, ConditioningConfig] = {
    "none": NoConditioningConfig(),
    "concat": ConcatConfig(),
    "class-weights": ClassWeightsConfig(),
}
MODEL_CONFIGS: dict[str, ModelConfig] = {
    "vae": VaeConfig(latent_size=4, network=NETWORK_CONFIGS["mlp"]),
    "autoencoder": AutoencoderConfig(latent_size=4, network=NETWORK_CONFIGS["mlp"]),
    "hierarchical-vae": HierarchicalConfig(
        upper_size=3, lower_size=4, width=16, network=NETWORK_CONFIGS["mlp"]
    ),
    "ladder-vae": LadderConfig(top_size=4, channels=(4, 6), levels=(1, 2), latent_channels=2),
    "vq-vae": VqVaeConfig(codebook_size=8, code_size=3, channels=(4, 6)),
}
SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 32, 20), ImageShape(2, 17, 19)]
CLASSES = 3


def build(config: ModelConfig, shape: ImageShape = SHAPES[0], seed: int = 0) -> LatentVariableModel:
    return build_model(config, shape, CLASSES, generator(seed, "weights"))


def images(shape: ImageShape, count: int = 5) -> Tensor:
    return torch.rand(
        count, shape.channels, shape.height, shape.width, generator=generator(0, "images")
    )


def labels_for(model: LatentVariableModel, count: int) -> Tensor | None:
    return torch.arange(count) % CLASSES if model.is_conditional else None


def test_every_table_entry_is_under_contract() -> None:
    assert NETWORK_CONFIGS.keys() == NETWORKS.keys()
    assert CONDITIONING_CONFIGS.keys() == CONDITIONINGS.keys()
    assert MODEL_CONFIGS.keys() == MODELS.keys()


VARIANTS = [
    *MODEL_CONFIGS.values(),
    *(
        replace(MODEL_CONFIGS[kind], network=network, conditioning=conditioning)  # type: ignore[call-arg]
        for kind in ("vae", "autoencoder", "hierarchical-vae")
        for network in NETWORK_CONFIGS.values()
        for conditioning in CONDITIONING_CONFIGS.values()
    ),
    *(
        replace(MODEL_CONFIGS["ladder-vae"], conditioning=conditioning)  # type: ignore[call-arg]
        for conditioning in CONDITIONING_CONFIGS.values()
    ),
]


def title(config: ModelConfig) -> str:
    parts = (getattr(config, name, None) for name in ("network", "conditioning"))
    return "-".join([config.kind, *(part.kind for part in parts if part is not None)])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("config", VARIANTS, ids=title)
def test_model_contract(config: ModelConfig, shape: ImageShape) -> None:
    model = build(config, shape)
    x, labels = images(shape), labels_for(model, 5)
    capabilities = model.capabilities
    assert capabilities.latent_size == model.latent_size
    assert capabilities.is_conditional == model.is_conditional

    terms = model(x, labels, generator(0, "noise"))
    assert terms.reconstruction.shape == (5,)
    assert tuple(terms.kl) == capabilities.kl_levels
    assert all(kl.shape[0] == 5 for kl in terms.kl.values())
    assert all(value.shape == (5,) for value in terms.auxiliary.values())
    assert [each.shape for each in terms.z.levels] == [
        (5, *level.shape) for level in capabilities.levels
    ]

    z = model.encode(x, labels)
    assert z.flat().shape == (5, model.latent_size)
    for level, again in zip(z.levels, model.space.from_flat(z.flat()).levels, strict=True):
        assert torch.equal(level, again)
    rebuilt = model.reconstruct(x, labels)
    assert rebuilt.shape == x.shape
    assert rebuilt.min() >= 0
    assert rebuilt.max() <= 1
    torch.testing.assert_close(model.decode(z.flat(), labels), rebuilt)
    some = None if labels is None else labels[:2]
    path = model.interpolate(x[:2], x[2:4], 3, some)
    assert path.shape == (2, 3, *x.shape[1:])
    torch.testing.assert_close(path[:, 0], model.reconstruct(x[:2], some))


@pytest.mark.parametrize("config", MODEL_CONFIGS.values(), ids=title)
def test_capabilities_say_what_works(config: ModelConfig) -> None:
    model = build(config).eval()
    x, capabilities = images(SHAPES[0]), model.capabilities
    condition = x.new_empty(5, 0)
    if capabilities.has_prior:
        codes = model.sample_prior(5, generator(0, "samples"))
        assert codes.flat().shape == (5, model.latent_size)
        assert torch.equal(codes.flat(), model.sample_prior(5, generator(0, "samples")).flat())
        sample_terms = model(x, None, generator(0), TermsRequest(prior_sample=True))
        assert sample_terms.prior_sample is not None
    else:
        with pytest.raises(InputError, match="no prior"):
            model.sample(3, generator(0, "samples"))
    assert (model.posterior(x) is not None) == capabilities.has_gaussian_posterior
    assert (model.prior_moments() is not None) == capabilities.has_prior_moments
    assert (model.kl_per_dimension(x) is not None) == capabilities.kl_by_dimension
    assert (model.noise_size > 0) == capabilities.can_sample_from_noise
    if capabilities.can_sample_from_noise:
        noise = torch.randn(5, model.noise_size, generator=generator(0, "noise"))
        assert model.code_from_noise(noise, condition).shape == (5, model.latent_size)
    else:
        with pytest.raises(InputError, match="noise"):
            model.code_from_noise(torch.zeros(5, 1), condition)
    if capabilities.has_density:
        assert log_weights(model, x, None, 3, generator(0)).shape == (5, 3)
    else:
        with pytest.raises(InputError, match="no bound"):
            importance_bound(model, x, None, k=3, generator=generator(0))


@pytest.mark.parametrize("kind", ["vae", "hierarchical-vae", "vq-vae"])
def test_the_mean_of_the_log_weights_is_the_elbo(kind: str) -> None:
    model = build(MODEL_CONFIGS[kind], ImageShape(1, 8, 8)).eval()
    x = images(ImageShape(1, 8, 8), 2)
    bound = importance_bound(model, x, None, k=4000, generator=generator(0))
    with torch.no_grad():
        many = [model(x, None, generator(seed)) for seed in range(300)]
    elbo = torch.stack([-(each.reconstruction + kl_per_image(each)) for each in many]).mean(0)
    torch.testing.assert_close(-bound.negative_elbo.float(), elbo, atol=0.15, rtol=0)
    assert (bound.log_likelihood >= -bound.negative_elbo - 1e-4).all()


@pytest.mark.parametrize("kind", ["vae", "hierarchical-vae", "vq-vae"])
def test_requested_log_weights_are_those_of_the_streamed_bound(kind: str) -> None:
    model = build(MODEL_CONFIGS[kind], ImageShape(1, 8, 8)).eval()
    x = images(ImageShape(1, 8, 8), 2)
    terms = model(x, None, generator(0), TermsRequest(importance_draws=3000))
    assert terms.log_weights is not None
    streamed = log_weights(model, x, None, 3000, generator(1))
    torch.testing.assert_close(
        terms.log_weights.double().mean(1), streamed.mean(1), atol=0.15, rtol=0
    )


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("conditioning", ["concat", "class-weights"])
def test_the_label_reaches_encoder_and_decoder(network: str, conditioning: str) -> None:
    model = build(
        VaeConfig(network=NETWORK_CONFIGS[network], conditioning=CONDITIONING_CONFIGS[conditioning])
    )
    for weights in model.parameters():  # no path may start at zero
        nn.init.normal_(weights, std=0.1, generator=generator(0, "wide"))
    x = images(SHAPES[0])
    zeros, ones = torch.zeros(5, dtype=torch.int64), torch.ones(5, dtype=torch.int64)
    assert not torch.allclose(model.encode(x, zeros).flat(), model.encode(x, ones).flat())
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


def test_the_classic_vae_has_its_number_of_parameters() -> None:
    model = build(VaeConfig(latent_size=10, network=MlpConfig(widths=(400,))))
    encoder = 784 * 400 + 400 + 2 * (400 * 10 + 10)
    decoder = 10 * 400 + 400 + 400 * 784 + 784
    assert sum(weights.numel() for weights in model.parameters()) == encoder + decoder


def test_an_autoencoder_is_deterministic() -> None:
    model = build(AutoencoderConfig(latent_size=4))
    x = images(SHAPES[0])
    one, other = (model(x, None, generator(seed, "noise")) for seed in (0, 1))
    assert torch.equal(one.reconstruction, other.reconstruction)
    assert one.kl == {}


@pytest.mark.parametrize("config", [ConcatConfig(), ClassWeightsConfig()])
def test_a_conditional_model_needs_classes(config: ConditioningConfig) -> None:
    with pytest.raises(InputError, match=r"set model\.conditioning=none or use images with labels"):
        build_model(VaeConfig(conditioning=config), SHAPES[0], 0, generator(0))


@pytest.mark.parametrize("extreme", [1e4, -1e4, 1e30])
def test_no_encoder_output_gives_nan(extreme: float) -> None:
    encoded = torch.cat([torch.zeros(2, 3), torch.full((2, 3), extreme)], 1).requires_grad_()
    posterior = DiagonalGaussian.from_encoded(encoded)
    z = posterior.sample(generator(0, "noise"))
    loss = gaussian_kl(posterior.mean, posterior.log_variance).sum() + z.square().sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(encoded.grad).all()


def test_gradients_of_the_bound_agree_with_a_numeric_estimate() -> None:
    model = build(
        VaeConfig(latent_size=2, network=MlpConfig(widths=(5,), activation="silu")),
        ImageShape(1, 4, 4),
    ).double()
    x = torch.rand(3, 1, 4, 4, dtype=torch.float64, generator=generator(0, "x"))

    def bound() -> Tensor:
        terms = reduce(model(x, None, generator(0, "noise")))  # the same draw each time
        return terms.reconstruction + terms.kl

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
    with pytest.raises(InputError, match="give channels at most 2 entries, or choose a preset"):
        build(config, ImageShape(1, 6, 6))
    with pytest.raises(InputError, match=r"cannot be halved 3 times.*; choose a preset"):
        build(config, ImageShape(1, 1, 6))


@pytest.mark.parametrize(
    "config",
    [
        VaeConfig(network=MlpConfig(activation="rellu")),
    ],
)
def test_unusable_parts_are_refused(config: ModelConfig) -> None:
    with pytest.raises(InputError):
        build(config)
