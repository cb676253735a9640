"""Precision: what `auto` takes, what a run keeps, and formulas that stay in float32."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.test_fit import StopAfter, timeless, tiny, train
from vaelab import parts
from vaelab.data import Dataset, training_rows
from vaelab.data.batches import Batches
from vaelab.errors import InputError
from vaelab.models import ImageShape
from vaelab.models.contract import TermsRequest
from vaelab.models.likelihoods import LIKELIHOODS
from vaelab.models.likelihoods.likelihood import Likelihood, build_likelihood
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors import PRIORS
from vaelab.models.priors.prior import PriorContext
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run, open_run
from vaelab.training import Hardware, precision
from vaelab.training.validation import validate

CPU = torch.device("cpu")


def weights(run: Run) -> dict[str, torch.Tensor]:
    return run.load_model().state_dict()


def equal(one: Run, other: Run) -> bool:
    mine, others = weights(one), weights(other)
    return all(torch.equal(value, others[name]) for name, value in mine.items())


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set whether the processor has instructions for bfloat16."""

    def set_native(*, is_native: bool) -> None:
        flags = ["avx512_bf16"] if is_native else []
        monkeypatch.setattr(precision, "cpu_flags", lambda: flags)

    return set_native


@pytest.mark.parametrize(
    ("is_native", "expected"), [(True, "bf16-mixed"), (False, "32-true")], ids=["native", "none"]
)
def test_auto_takes_bfloat16_where_the_processor_multiplies_it(
    is_native: bool, expected: str, native: Any, tmp_path: Path, wardrobe: Dataset
) -> None:
    native(is_native=is_native)
    run = train(tiny("mlp-vae"), tmp_path / "auto", wardrobe, hardware=Hardware(accelerator="cpu"))
    assert open_run(run.path).precision == expected
    hardware = Hardware(accelerator="cpu", precision=expected)
    assert equal(run, train(tiny("mlp-vae"), tmp_path / "named", wardrobe, hardware=hardware))


def test_instructions_of_the_processor() -> None:
    """What torch reads from the processor and what the operating system lists agree."""
    if not Path("/proc/cpuinfo").exists():
        pytest.skip("this system does not list the instructions")
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    listed = {
        word
        for line in lines
        if line.lower().startswith(("flags", "features"))
        for word in line.split()
    }
    assert bool(precision.cpu_flags()) == bool(listed & {"avx512_bf16", "amx_bf16", "bf16"})


def test_a_run_keeps_its_precision_on_a_machine_that_lacks_it(
    native: Any, tmp_path: Path, wardrobe: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny("mlp-vae", training__epochs="4")
    native(is_native=True)
    whole = train(config, tmp_path / "whole", wardrobe)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", wardrobe, observers=[StopAfter(2)])
    native(is_native=False)
    capsys.readouterr()
    resumed = train(config, tmp_path / "run", wardrobe)
    assert "which this cpu only emulates" in capsys.readouterr().err
    assert resumed.precision == "bf16-mixed"
    assert timeless(resumed) == timeless(whole)
    assert equal(resumed, whole)


def test_another_precision_than_the_begun_one_is_refused(tmp_path: Path, wardrobe: Dataset) -> None:
    config = tiny("mlp-vae", training__epochs="4")
    in_float32 = Hardware(accelerator="cpu", precision="32-true")
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", wardrobe, hardware=in_float32, observers=[StopAfter(2)])
    assert (tmp_path / "run/checkpoint").exists()
    with pytest.raises(InputError, match=r"begun with --precision 32-true, found --precision bf16"):
        train(config, tmp_path / "run", wardrobe, hardware=Hardware(precision="bf16-mixed"))
    assert train(config, tmp_path / "run", wardrobe).precision == "32-true"


def test_validation_is_in_float32(tmp_path: Path, wardrobe: Dataset) -> None:
    """Its numbers are those of the stored weights without autocast."""
    hardware = Hardware(accelerator="cpu", precision="bf16-mixed")
    config = tiny("mlp-vae", training__epochs="1")
    run = train(config, tmp_path / "run", wardrobe, hardware=hardware)
    _, rows = training_rows(wardrobe.train, config.data)
    images = Batches(wardrobe.train, CPU).part(rows)
    found = validate(run.load_model(), images, generator(config.seed, "validation"))
    recorded = run.read_metrics()[0]["validation"]
    assert {name: recorded[name] for name in found.means} == found.means


PIXELWISE = [
    name for name in LIKELIHOODS if not build_likelihood(name, ImageShape(1, 5, 5)).is_sequential
]


@pytest.mark.parametrize("name", [name for name in LIKELIHOODS if name not in PIXELWISE])
def test_networks_of_a_likelihood_compute_in_bfloat16_and_its_formula_does_not(name: str) -> None:
    likelihood = build_likelihood(name, ImageShape(1, 5, 5)).eval()
    x = torch.rand(4, 1, 5, 5, generator=generator(0, "x")).round()
    decoded = torch.randn(4, 8, 5, 5, generator=generator(0, "decoded")).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = likelihood.log_prob(x, decoded)
        conditionals = likelihood.conditionals(x, decoded)
    assert conditionals.dtype == torch.bfloat16
    assert found.dtype == torch.float32
    assert torch.equal(found, likelihood.pixel.log_prob(x, conditionals.float()))


@pytest.mark.parametrize("name", PIXELWISE)
def test_likelihoods_round_nothing_to_bfloat16(name: str) -> None:
    likelihood = build_likelihood(name, ImageShape(1, 5, 5)).eval()
    x = torch.rand(4, 1, 5, 5, generator=generator(0, "x"))
    channels = likelihood.decoded_channels(1)
    decoded = torch.randn(4, 3, channels, 5, 5, generator=generator(0, "decoded")).bfloat16()
    expected = likelihood.summed_log_prob(x, decoded.float())
    with torch.autocast("cpu", torch.bfloat16):
        found = likelihood.summed_log_prob(x, decoded)
        by_pixel = likelihood.log_prob(x, decoded[:, 0])
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)
    assert torch.equal(by_pixel, likelihood.log_prob(x, decoded[:, 0].float()))


def test_a_users_likelihood_rounds_nothing_to_bfloat16() -> None:
    class Own(Likelihood):
        def log_prob(self, x: torch.Tensor, decoded: torch.Tensor) -> torch.Tensor:
            assert decoded.dtype == torch.float32
            assert not torch.is_autocast_enabled("cpu")
            return -(x - decoded).abs()

        def mean(self, decoded: torch.Tensor) -> torch.Tensor:
            return decoded

        def sample(self, decoded: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
            return decoded

    with torch.autocast("cpu", torch.bfloat16):
        Own().log_prob(torch.zeros(2, 1, 2, 2), decoded=torch.ones(2, 1, 2, 2).bfloat16())


# These contain networks, which compute in bfloat16.
NETWORK_PRIORS = ("flow", "vamp", "flow-matching", "autoregressive")


@pytest.mark.parametrize("name", [name for name in PRIORS if name not in NETWORK_PRIORS])
def test_the_kl_to_a_prior_rounds_nothing_to_bfloat16(name: str) -> None:
    classes = 3 if name == "class-gaussian" else 0
    context = PriorContext(latent_size=4, class_count=classes, shape=ImageShape(1, 8, 8))
    prior = parts.build(PRIORS[name].config(), context)
    for values in prior.parameters():
        torch.nn.init.normal_(values, generator=generator(0, "prior"))
    posterior = DiagonalGaussian(*torch.randn(2, 6, 4, generator=generator(0, "posterior")))
    z = posterior.sample(generator(0, "z"))
    condition = torch.eye(3).repeat(2, 1) if classes else torch.empty(6, 0)
    expected = prior.kl(posterior, z, condition), prior.log_prob(z, condition)
    with torch.autocast("cpu", torch.bfloat16):
        found = prior.kl(posterior, z, condition), prior.log_prob(z, condition)
    assert all(map(torch.equal, found, expected))


@pytest.mark.parametrize("name", ["flow", "flow-matching", "autoregressive"])
def test_the_loss_of_a_prior_with_a_network_is_in_float32(name: str) -> None:
    context = PriorContext(latent_size=4, class_count=3, shape=ImageShape(1, 8, 8))
    prior = parts.build(PRIORS[name].config(), context)
    z, condition = torch.randn(6, 4, generator=generator(0, "z")), torch.eye(3).repeat(2, 1)
    with torch.autocast("cpu", torch.bfloat16):
        loss = prior.loss(z, condition, generator(0, "loss"))
    assert loss.dtype == torch.float32
    torch.testing.assert_close(
        loss, prior.loss(z, condition, generator(0, "loss")), rtol=0.02, atol=0.02
    )


@pytest.mark.parametrize(
    "name", ["mlp-vae", "hierarchical-vae", "vq-vae", "iwae", "class-prior-vae"]
)
def test_terms_are_in_float32(name: str, wardrobe: Dataset) -> None:
    config = tiny(name)
    shape = ImageShape(*wardrobe.train.images.shape[1:])
    model = Run(Path("none"), config, DataCard.of(wardrobe)).build_model()
    assert model.shape == shape
    batch = Batches(wardrobe.train, CPU).at(torch.arange(8), generator(0, "noise"))
    request = TermsRequest(importance_draws=2, prior_sample=True)
    with torch.autocast("cpu", torch.bfloat16):
        terms = model(batch.x, batch.labels, batch.source, request)
    assert terms.log_weights is not None
    of_levels = [*terms.kl.values(), *terms.auxiliary.values()]
    for value in (terms.reconstruction, terms.log_weights, terms.z.flat(), *of_levels):
        assert value.dtype == torch.float32
