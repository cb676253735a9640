"""Objectives: the one place that reduces, closed forms, and a contract for every table entry."""

import math

import pytest
import torch
from torch import Tensor

from vaelab import parts
from vaelab.config import ObjectiveConfig
from vaelab.errors import InputError
from vaelab.models import ImageShape
from vaelab.models.autoencoder.config import AutoencoderConfig
from vaelab.models.build import build_model
from vaelab.models.conditioning import ConcatConfig
from vaelab.models.contract import Terms, TermsRequest
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.hierarchical.config import HierarchicalConfig
from vaelab.models.latents import Latents
from vaelab.models.networks.config import MlpConfig
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.config import FlowConfig, MixtureConfig
from vaelab.models.vq.config import VqVaeConfig
from vaelab.objectives import OBJECTIVES
from vaelab.objectives.beta_tcvae import total_correlation
from vaelab.objectives.config import (
    BetaTcVaeConfig,
    CapacityConfig,
    CyclicalConfig,
    ElboConfig,
    InfoVaeConfig,
    IwaeConfig,
    PriorLossConfig,
    ReconstructionConfig,
    VqConfig,
    WarmupConfig,
)
from vaelab.objectives.info_vae import squared_mmd
from vaelab.objectives.objective import Objective, Progress, end_of_training, reduce
from vaelab.randomness import generator

HALFWAY = Progress(5.0, 10.0)
SHAPE = ImageShape(1, 8, 8)
MODELS = {
    "vae": VaeConfig(latent_size=3, network=MlpConfig(widths=(8,))),
    "vae with a flow": VaeConfig(
        latent_size=3, network=MlpConfig(widths=(8,)), prior=FlowConfig(layers=2, width=8)
    ),
    "autoencoder": AutoencoderConfig(latent_size=3, network=MlpConfig(widths=(8,))),
    "vq-vae": VqVaeConfig(codebook_size=4, code_size=2, channels=(4,)),
}
CONFIGS: dict[str, tuple[ObjectiveConfig, str]] = {
    "elbo": (ElboConfig(beta=2.0), "vae"),
    "reconstruction": (ReconstructionConfig(), "autoencoder"),
    "beta-tcvae": (BetaTcVaeConfig(beta=4.0), "vae"),
    "iwae": (IwaeConfig(draws=3), "vae"),
    "info-vae": (InfoVaeConfig(), "vae"),
    "prior-loss": (PriorLossConfig(), "vae with a flow"),
    "vq": (VqConfig(), "vq-vae"),
}


def terms(batch: int = 3, latent: int = 4) -> Terms:
    return Terms(
        reconstruction=torch.arange(batch, dtype=torch.float32) * 16 + 6,
        kl={"z": torch.arange(batch * float(latent)).view(batch, latent) / 10},
        auxiliary={},
        z=Latents((torch.zeros(batch, latent),)),
    )


def build(config: ObjectiveConfig) -> Objective:
    objective: Objective = parts.build(config)
    return objective


def test_every_table_entry_is_under_contract() -> None:
    assert CONFIGS.keys() == OBJECTIVES.keys()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective_contract(name: str) -> None:
    config, kind = CONFIGS[name]
    objective = build(config)
    model = build_model(MODELS[kind], SHAPE, 0, generator(0, "weights"))
    objective.require(model.capabilities)
    x = torch.rand(6, 1, 8, 8, generator=generator(0, "x"))
    of_model = model(x, None, generator(0, "noise"), objective.request)
    loss, scalars = objective(of_model, Progress(1, 2, 100))
    assert loss.shape == ()
    assert all(value.shape == () for value in scalars.values())
    loss.backward()
    gradients = [
        each.grad
        for name, each in model.named_parameters()
        if ("prior" in name) == objective.needs_parent
    ]
    if not objective.needs_parent:
        torch.testing.assert_close(scalars["reconstruction"], of_model.reconstruction.mean())
        assert ("kl" in scalars) == bool(model.capabilities.kl_levels)
    assert gradients
    assert all(gradient is not None for gradient in gradients)
    at_end, scalars = objective(of_model, end_of_training(100))
    means = {name: value.item() for name, value in scalars.items()} | {"loss": at_end.item()}
    assert objective.selection(means) == pytest.approx(at_end.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("config", "kind", "message"),
    [
        (ElboConfig(), "autoencoder", "needs a KL term: autoencoder has none"),
        (BetaTcVaeConfig(), "vq-vae", "needs a Gaussian posterior"),
        (IwaeConfig(), "autoencoder", "needs a bound on log p"),
        (VqConfig(), "vae", "needs a model with a codebook"),
    ],
)
def test_models_without_what_an_objective_needs_are_refused(
    config: ObjectiveConfig, kind: str, message: str
) -> None:
    model = build_model(MODELS[kind], SHAPE, 0, generator(0))
    with pytest.raises(InputError, match=message):
        build(config).require(model.capabilities)


def test_free_bits_need_a_kl_that_is_a_sum_over_dimensions() -> None:
    config = VaeConfig(network=MlpConfig(widths=(8,)), prior=MixtureConfig(components=2))
    model = build_model(config, SHAPE, 0, generator(0))
    with pytest.raises(InputError, match=r"free_bits_nats needs .* model\.prior=standard-normal"):
        build(ElboConfig(free_bits_nats=0.1)).require(model.capabilities)


def test_every_request_works_for_a_conditional_model_of_two_levels() -> None:
    config = HierarchicalConfig(
        upper_size=2,
        lower_size=3,
        width=8,
        network=MlpConfig(widths=(8,)),
        conditioning=ConcatConfig(),
    )
    model = build_model(config, SHAPE, 3, generator(0))
    x = torch.rand(4, 1, 8, 8, generator=generator(0, "x"))
    request = TermsRequest(importance_draws=2, prior_sample=True)
    found = model(x, torch.tensor([0, 1, 2, 0]), generator(0), request)
    assert found.prior_sample is not None
    assert found.prior_sample.flat().shape == (4, 5)
    assert found.log_weights is not None
    assert found.log_weights.shape == (4, 2)


def test_sums_over_latents_and_levels_and_means_over_the_batch() -> None:
    reduced = reduce(terms())
    assert reduced.reconstruction.item() == pytest.approx((6 + 22 + 38) / 3)
    assert reduced.kl.item() == pytest.approx(sum(range(12)) / 10 / 3)
    assert list(reduced.scalars) == ["reconstruction", "kl"]
    kl = {"z2": torch.ones(3, 2), "z1": torch.full((3, 4), 0.5)}
    two = reduce(terms()._replace(kl=kl))
    assert {name: value.item() for name, value in two.scalars.items()} == {
        "reconstruction": 22,
        "kl": 4,
        "kl_z2": 2,
        "kl_z1": 2,
    }


@pytest.mark.parametrize("beta", [0.0, 0.25, 1.0, 8.0])
def test_beta_weighs_the_kl(beta: float) -> None:
    reconstruction, kl, _ = reduce(terms())
    loss = build(ElboConfig(beta=beta))(terms(), HALFWAY).loss
    assert loss.item() == pytest.approx((reconstruction + beta * kl).item())


@pytest.mark.parametrize(("epoch", "weight"), [(0, 0), (2.5, 1), (5, 2), (9, 2), (10, 2)])
def test_warmup_rises_linearly_then_stays(epoch: float, weight: float) -> None:
    objective = build(ElboConfig(beta=2, kl_schedule=WarmupConfig(epochs=5)))
    assert objective.schedule(Progress(epoch, 10)) == {"kl_weight": pytest.approx(weight)}


@pytest.mark.parametrize(
    ("epoch", "weight"),
    [(0, 0), (1.25, 0.5), (2.5, 1), (4.9, 1), (5, 0), (7.5, 1), (10, 1)],
)
def test_cyclical_rises_several_times(epoch: float, weight: float) -> None:
    schedule = CyclicalConfig(cycles=2, rising_fraction=0.5)
    objective = build(ElboConfig(kl_schedule=schedule))
    assert objective.schedule(Progress(epoch, 10)) == {"kl_weight": pytest.approx(weight)}


def test_capacity_draws_the_kl_to_its_target() -> None:
    schedule = CapacityConfig(target_nats=8, epochs=10)
    objective = build(ElboConfig(beta=100, kl_schedule=schedule))
    reconstruction, kl, _ = reduce(terms())
    expected = reconstruction + 100 * (kl - 4).abs()
    assert objective(terms(), HALFWAY).loss.item() == pytest.approx(expected.item())
    assert objective.selection({"reconstruction": 1.0, "kl": 8.0}) == pytest.approx(1.0)
    assert objective.selection({"reconstruction": 1.0, "kl": 7.0}) == pytest.approx(101.0)


def test_free_bits_are_a_lower_bound_for_each_dimension() -> None:
    objective = build(ElboConfig(free_bits_nats=0.5))
    means = terms().kl["z"].mean(0)
    assert means.min() < 0.5 < means.max()
    expected = terms().reconstruction.mean() + means.clamp(min=0.5).sum()
    assert objective(terms(), HALFWAY).loss.item() == pytest.approx(expected.item())


def test_without_free_bits_a_negative_estimate_of_the_kl_counts() -> None:
    estimate = terms()._replace(kl={"z": torch.full((3, 1), -0.3)})
    loss = build(ElboConfig())(estimate, HALFWAY).loss
    assert loss.item() == pytest.approx(22 - 0.3)


def test_the_best_epoch_is_chosen_by_the_final_weight() -> None:
    objective = build(ElboConfig(beta=2, kl_schedule=WarmupConfig(epochs=5)))
    assert objective.schedule(Progress(0, 10)) == {"kl_weight": 0}
    assert objective.selection({"reconstruction": 100.0, "kl": 10.0}) == 120.0


def test_the_importance_weighted_bound_of_known_weights() -> None:
    log_weights = torch.tensor([[0.0, math.log(3)], [1.0, 1.0]])
    given = terms(batch=2)._replace(log_weights=log_weights)
    loss, scalars = build(IwaeConfig(draws=2))(given, HALFWAY)
    assert loss.item() == pytest.approx(-(math.log(2) + 1) / 2)
    assert scalars["importance_bound"].item() == pytest.approx(loss.item())


def test_iwae_with_one_draw_is_the_elbo_in_expectation() -> None:
    model = build_model(MODELS["vae"], SHAPE, 0, generator(0, "weights"))
    x = torch.rand(4, 1, 8, 8, generator=generator(0, "x"))
    iwae, elbo = build(IwaeConfig(draws=1)), build(ElboConfig())
    with torch.no_grad():
        pairs = [
            (
                iwae(model(x, None, generator(seed), iwae.request), HALFWAY).loss,
                elbo(model(x, None, generator(seed)), HALFWAY).loss,
            )
            for seed in range(400)
        ]
    one, other = (torch.stack(each).mean() for each in zip(*pairs, strict=True))
    torch.testing.assert_close(one, other, atol=0.1, rtol=0)


def gaussian_posterior(mean: Tensor, scale: float) -> tuple[Tensor, DiagonalGaussian]:
    posterior = DiagonalGaussian(mean, torch.full_like(mean, 2 * math.log(scale)))
    return posterior.sample(generator(0, "noise")), posterior


def test_total_correlation_of_correlated_and_of_independent_codes() -> None:
    """For Gaussian codes with correlation r it is -log(1 - r^2) / 2."""
    count, correlation = 2000, 0.8
    first, noise = torch.randn(2, count, generator=generator(0, "codes"))
    second = correlation * first + math.sqrt(1 - correlation**2) * noise
    scale = 0.2  # of each posterior; it adds a little independent noise
    shrunk = correlation / (1 + scale**2)
    bias = math.log(count)  # of minibatch-weighted sampling, for two dimensions
    for codes, r in ((second, shrunk), (noise, 0.0)):
        z, posterior = gaussian_posterior(torch.stack([first, codes], 1), scale)
        found = total_correlation(z, posterior, count).item() - bias
        assert found == pytest.approx(-0.5 * math.log(1 - r**2), abs=0.06)


def test_the_squared_mmd_of_equal_and_of_shifted_samples() -> None:
    a = torch.randn(5000, 2, generator=generator(0, "a"))
    b = torch.randn(5000, 2, generator=generator(1, "b"))
    assert squared_mmd(a, a).item() == pytest.approx(0, abs=1e-6)
    assert squared_mmd(a, b).item() < 0.002
    # Kernel means under Gaussians: E exp(-|u - v|^2 / 2) with u - v from N(shift, 2 I).
    shift = 3.0
    same, apart = 1 / 3, math.exp(-(shift**2) / 6) / 3
    found = squared_mmd(a, b + torch.tensor([shift, 0.0])).item()
    assert found == pytest.approx(2 * same - 2 * apart, abs=0.02)


@pytest.mark.parametrize(
    "objective",
    [ElboConfig(), ReconstructionConfig(), IwaeConfig(), InfoVaeConfig()],
    ids=lambda config: config.kind,
)
def test_an_objective_that_would_leave_the_codebook_untrained_is_refused(
    objective: ObjectiveConfig,
) -> None:
    model = build_model(MODELS["vq-vae"], SHAPE, 0, generator(0))
    with pytest.raises(InputError, match="leaves out the auxiliary terms of the VQ-VAE"):
        parts.build(objective).require(model.capabilities)
    parts.build(ElboConfig(auxiliary_weight=1.0)).require(model.capabilities)
