"""Training: what it writes, reproducibility, resuming, and refusals."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.conftest import noise_images, tiny
from vaelab.data import Dataset, split
from vaelab.data.batches import Batches, Share
from vaelab.errors import InputError
from vaelab.models.contract import LatentVariableModel
from vaelab.presets import PRESETS
from vaelab.randomness import generator
from vaelab.runs import Run, open_run, read_tensors
from vaelab.training import Hardware, fit
from vaelab.training.optimization import AveragedWeights, learning_rate
from vaelab.training.process_group import ProcessGroup
from vaelab.training.step_scalars import NonFiniteLossError
from vaelab.training.validation import validate

TIMES = {"seconds", "images_per_second"}


def train(config: Any, out: Path, dataset: Dataset, **others: Any) -> Run:
    return fit(config, out, dataset=dataset, show_progress=False, **others)


def timeless(run: Run) -> list[dict[str, Any]]:
    return [{k: v for k, v in record.items() if k not in TIMES} for record in run.read_metrics()]


class StopAfter:
    """An observer that interrupts training after some epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_step(self) -> None:
        pass

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        if record["epoch"] == self.epochs:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_and_leaves_a_complete_run_folder(
    name: str, trained: Any, wardrobe: Dataset
) -> None:
    run = trained[name]
    records = run.read_metrics()
    assert [record["epoch"] for record in records] == [1, 2]
    for record in records:
        for part in ("train", "validation"):
            scalars = record[part]
            assert ("kl" in scalars) == bool(run.capabilities.kl_levels)
            if "kl" in scalars:
                total = scalars["reconstruction"] + scalars["kl"]
                assert scalars["negative_elbo"] == pytest.approx(total)
        assert set(record["train"]) <= set(record["validation"]) | {"auxiliary_cross_entropy"}
        assert record["images_per_second"] > 0
        assert record["schedule"]["learning_rate"] > 0
    assert records[1]["train"]["reconstruction"] < records[0]["train"]["reconstruction"]
    assert run.is_finished()
    assert open_run(run.path).config == tiny(name)
    assert {path.name for path in run.previews.iterdir()} >= {"epoch-0002-reconstructions.png"}
    assert not list(run.path.rglob("*.partial*"))
    model = run.load_model()
    assert run.capabilities == model.capabilities
    pixels = torch.from_numpy(wardrobe.test.images[:3]).float() / 255
    assert model.reconstruct(pixels, torch.tensor([0, 1, 2])).shape == pixels.shape


def test_the_same_seed_gives_the_same_run_and_another_does_not(
    tmp_path: Path, wardrobe: Dataset
) -> None:
    config = tiny("flagship")
    one, same = (train(config, tmp_path / name, wardrobe) for name in ("one", "same"))
    other = train(replace(config, seed=1), tmp_path / "other", wardrobe)
    assert timeless(one) == timeless(same) != timeless(other)
    weights = [read_tensors(run.path / "model.safetensors") for run in (one, same)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize("name", ["mlp-vae", "flagship", "conv-vae-warmup", "beta-tcvae", "vq-vae"])
def test_an_interrupted_run_resumes_bit_identically(
    name: str, tmp_path: Path, wardrobe: Dataset
) -> None:
    config = tiny(name, training__epochs="4")
    whole = train(config, tmp_path / "whole", wardrobe)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "parts", wardrobe, observers=[StopAfter(1)])
    assert not open_run(tmp_path / "parts").is_finished()
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "parts", wardrobe, observers=[StopAfter(3)])
    parts = train(config, tmp_path / "parts", wardrobe)
    assert timeless(parts) == timeless(whole)
    for file in ("model.safetensors", "checkpoint/tensors.safetensors"):
        one, other = (read_tensors(run.path / file) for run in (parts, whole))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_run_killed_between_the_renames_of_a_checkpoint_resumes(
    tmp_path: Path, wardrobe: Dataset
) -> None:
    config = tiny("mlp-vae", training__epochs="3")
    whole = train(config, tmp_path / "whole", wardrobe)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "parts", wardrobe, observers=[StopAfter(2)])
    shutil.rmtree(tmp_path / "parts" / "checkpoint")
    assert (tmp_path / "parts" / "checkpoint.before").exists()
    assert timeless(train(config, tmp_path / "parts", wardrobe)) == timeless(whole)


def test_a_finished_run_is_not_trained_again(tmp_path: Path, wardrobe: Dataset) -> None:
    run = train(tiny("mlp-vae"), tmp_path / "run", wardrobe)
    before = (run.path / "metrics.jsonl").stat().st_mtime_ns
    train(tiny("mlp-vae"), tmp_path / "run", wardrobe)
    assert (run.path / "metrics.jsonl").stat().st_mtime_ns == before


def test_tensorboard_gets_the_numbers_of_metrics(trained: Any) -> None:
    run = trained["mlp-vae"]
    events = EventAccumulator(str(run.path / "tensorboard")).Reload()
    records = run.read_metrics()
    for tag, value in (
        ("validation/negative_elbo", records[-1]["validation"]["negative_elbo"]),
        ("schedule/kl_weight", records[-1]["schedule"]["kl_weight"]),
    ):
        last = events.Scalars(tag)[-1]
        assert (last.step, last.value) == (2, pytest.approx(value, rel=1e-6))


def test_another_configuration_or_other_data_are_refused(tmp_path: Path, wardrobe: Dataset) -> None:
    train(tiny("mlp-vae"), tmp_path / "run", wardrobe)
    with pytest.raises(InputError, match=r"training\.epochs: 2 / 5"):
        train(tiny("mlp-vae", training__epochs="5"), tmp_path / "run", wardrobe)
    fewer = Dataset(
        train=wardrobe.train.take(np.arange(100)), test=wardrobe.test, source=wardrobe.source
    )
    with pytest.raises(InputError, match="train images: of wardrobe"):
        train(tiny("mlp-vae"), tmp_path / "run", fewer)


def test_a_folder_of_other_files_is_not_written_into(tmp_path: Path, wardrobe: Dataset) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="is not a run folder"):
        train(tiny("mlp-vae"), tmp_path, wardrobe)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_the_best_epoch_by_validation_is_kept(tmp_path: Path, wardrobe: Dataset) -> None:
    # A rate this high overshoots sooner or later, so that the last epoch is not the best.
    config = tiny("mlp-vae", training__epochs="40", training__learning_rate="0.05")
    run = train(config, tmp_path / "run", wardrobe)
    losses = [record["validation"]["negative_elbo"] for record in run.read_metrics()]
    assert min(losses) < losses[-1]
    _, held_out = split(wardrobe.train, 0.1, 0)
    batches = Batches(wardrobe.train.take(held_out), torch.device("cpu"))
    result = validate(run.load_model(), batches, generator(config.seed, "validation"))
    assert result.means["negative_elbo"] == pytest.approx(min(losses), rel=1e-6)


def test_early_stopping(tmp_path: Path, wardrobe: Dataset) -> None:
    config = tiny(
        "mlp-vae",
        training__epochs="100",
        training__learning_rate="0.05",
        training__early_stopping_epochs="2",
    )
    run = train(config, tmp_path / "run", wardrobe)
    losses = [record["validation"]["negative_elbo"] for record in run.read_metrics()]
    assert 3 <= len(losses) < 100
    assert np.argmin(losses) == len(losses) - 3
    assert run.is_finished()


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path: Path, wardrobe: Dataset) -> None:
    config = tiny("mlp-vae", training__learning_rate="1e30")
    with pytest.raises(NonFiniteLossError) as caught:
        train(config, tmp_path / "run", wardrobe)
    message = str(caught.value)
    assert "epoch 1, step 2" in message
    assert "kl" in message
    assert "Lower training.learning_rate" in message
    assert "\n" not in message


def test_synchronizing_seldom_as_on_a_gpu_changes_nothing(
    tmp_path: Path, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bits are the same, and nothing is saved after the first bad loss."""
    config = tiny("mlp-vae", training__batch_size="16")
    often = train(config, tmp_path / "often", wardrobe)
    monkeypatch.setattr(ProcessGroup, "synchronizes_after", lambda _, step: step % 10 == 0)
    seldom = train(config, tmp_path / "seldom", wardrobe)
    assert timeless(seldom) == timeless(often)
    weights = [read_tensors(run.path / "model.safetensors") for run in (often, seldom)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])

    wild = tiny("mlp-vae", training__batch_size="16", training__learning_rate="1e30")
    with pytest.raises(NonFiniteLossError, match="epoch 1, step 2"):
        train(wild, tmp_path / "wild", wardrobe)
    assert not (tmp_path / "wild/model.safetensors").exists()
    assert not (tmp_path / "wild/checkpoint").exists()


def test_gradients_are_clipped(tmp_path: Path, wardrobe: Dataset) -> None:
    free = train(tiny("mlp-vae"), tmp_path / "free", wardrobe)
    clipped = train(
        tiny("mlp-vae", training__gradient_clip_norm="1e-9"), tmp_path / "clipped", wardrobe
    )
    losses = [run.read_metrics()[-1]["train"]["negative_elbo"] for run in (free, clipped)]
    assert losses[0] < losses[1]


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [1.0, 1.0, 1.0, 1.0]),
        ("cosine", [1.0, 0.853553, 0.5, 0.0]),
        ("one-cycle", [0.0, 0.933013, 0.586824, 0.0]),
    ],
)
def test_learning_rate_schedules(schedule: str, rates: list[float]) -> None:
    training = tiny("mlp-vae", training__schedule=schedule, training__learning_rate="1").training
    found = [learning_rate(training, share) for share in (0.0, 0.25, 0.5, 1.0)]
    assert found == pytest.approx(rates, abs=1e-6)


@pytest.mark.parametrize("field", ["optimizer", "schedule"])
def test_unknown_choices_name_the_nearest(field: str, tmp_path: Path, wardrobe: Dataset) -> None:
    with pytest.raises(InputError, match="did you mean"):
        train(tiny("mlp-vae", **{f"training__{field}": "adamm-cosin"}), tmp_path / "r", wardrobe)
    assert not (tmp_path / "r").exists()


def test_averaged_weights_follow_and_forget_the_start() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    averaged = AveragedWeights(model, decay=0.9)
    expected = model.weight.item()
    for step, value in enumerate([3.0, 5.0, 4.0, 1.0], 1):
        model.weight.data.fill_(value)
        averaged.follow(step)
        decay = min(0.9, step / (9 + step))
        expected = decay * expected + (1 - decay) * value
    assert next(averaged.model.parameters()).item() == pytest.approx(expected)


def test_posterior_collapse_shows_in_active_units(tmp_path: Path, wardrobe: Dataset) -> None:
    collapsed = tiny("beta-vae", objective__beta="10000")
    run = train(collapsed, tmp_path / "run", wardrobe)
    assert run.read_metrics()[-1]["active_units"] == 0


def test_dynamic_binarization_draws_again(wardrobe: Dataset) -> None:
    batches = Batches(wardrobe.train, torch.device("cpu"), binarize=True)
    indices, noise = torch.arange(200), generator(0, "noise")
    one, other = batches.at(indices, noise).x, batches.at(indices, noise).x
    assert set(one.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(one, other)
    gray = Batches(wardrobe.train, torch.device("cpu")).at(indices, noise).x
    mean = torch.stack([batches.at(indices, noise).x for _ in range(200)]).mean(0)
    assert (mean - gray).abs().max() < 0.2


def test_every_image_is_seen_once_an_epoch_also_by_many_processes() -> None:
    data = noise_images(103, (1, 4, 4), classes=3)
    marked = replace(data, images=np.arange(103, dtype=np.uint8)[:, None, None, None].copy())
    batches = Batches(marked, torch.device("cpu"))

    def seen(rank: int, world_size: int) -> list[tuple[int, float]]:
        order, noise = generator(0, "order", 0), generator(0, "noise", 0)
        return [
            (round(pixel * 255), batch.weight)
            for batch in batches.shuffled(10, order, noise, Share(rank, world_size))
            for pixel in batch.x.flatten().tolist()
        ]

    assert sorted(image for image, _ in seen(0, 1)) == list(range(103))
    together = [each for rank in range(4) for each in seen(rank, 4)]
    assert sorted(image for image, weight in together if weight > 0) == list(range(103))


def test_missing_hardware_is_a_one_line_error(tmp_path: Path, wardrobe: Dataset) -> None:
    if torch.cuda.is_available():
        hardware = Hardware(accelerator="abacus")
    else:
        hardware = Hardware(accelerator="gpu")
    with pytest.raises(InputError) as caught:
        train(tiny("mlp-vae"), tmp_path / "run", wardrobe, hardware=hardware)
    assert "is not available here" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_training_restores_the_arithmetic_of_the_process(tmp_path: Path, wardrobe: Dataset) -> None:
    train(tiny("mlp-vae"), tmp_path / "run", wardrobe)
    assert (torch.tensor(5e-324, dtype=torch.float64) * 1.0).item() == 5e-324


def test_an_unknown_precision_is_refused(tmp_path: Path, wardrobe: Dataset) -> None:
    hardware = Hardware(precision="bf16-mixd")
    with pytest.raises(InputError, match="did you mean 'bf16-mixed'"):
        train(tiny("mlp-vae"), tmp_path / "run", wardrobe, hardware=hardware)


def test_a_conditional_model_needs_labels(tmp_path: Path) -> None:
    data = noise_images(60, (1, 28, 28), classes=0)
    with pytest.raises(InputError, match="needs labeled images"):
        train(tiny("cvae"), tmp_path / "run", Dataset(train=data, test=data, source="noise"))


@pytest.mark.parametrize("name", ["mlp-vae", "conv-vae", "flagship"])
@pytest.mark.parametrize("shape", [(3, 12, 12), (1, 9, 9), (2, 11, 8)])
def test_images_of_any_shape_without_labels(
    name: str, shape: tuple[int, int, int], tmp_path: Path
) -> None:
    data = noise_images(60, shape, classes=0)
    dataset = Dataset(train=data, test=data, source="noise")
    assert train(tiny(name), tmp_path / "run", dataset).is_finished()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.safetensors", b"\x80\x04nonsense", "cannot be read as safetensors"),
        ("config.json", b"{", "is not JSON"),
        ("config.json", b"[]", "should hold a JSON object"),
        ("config.json", json.dumps({"schema_version": 7}).encode(), "config.json"),
    ],
)
def test_damaged_files_are_refused(
    file: str, content: bytes, message: str, tmp_path: Path, wardrobe: Dataset
) -> None:
    run = train(tiny("mlp-vae"), tmp_path / "run", wardrobe)
    (run.path / file).write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_run(run.path).load_model()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_of_another_model_are_refused(tmp_path: Path, wardrobe: Dataset) -> None:
    one = train(tiny("mlp-vae"), tmp_path / "one", wardrobe)
    other = train(tiny("mlp-vae-2d"), tmp_path / "other", wardrobe)
    shutil.copy(other.path / "model.safetensors", one.path / "model.safetensors")
    with pytest.raises(InputError, match="should have shape"):
        one.load_model()


def test_a_run_that_failed_before_its_first_epoch_can_be_restarted(
    tmp_path: Path, wardrobe: Dataset
) -> None:
    with pytest.raises(NonFiniteLossError):
        train(tiny("mlp-vae", training__learning_rate="1e30"), tmp_path / "run", wardrobe)
    assert train(tiny("mlp-vae"), tmp_path / "run", wardrobe).is_finished()


def test_a_gradient_that_is_not_finite_is_reported(tmp_path: Path, wardrobe: Dataset) -> None:
    config = tiny("mlp-vae", training__gradient_clip_norm="1", training__learning_rate="1e30")
    with pytest.raises(NonFiniteLossError) as caught:
        train(config, tmp_path / "run", wardrobe)
    assert "\n" not in str(caught.value)


def test_truncated_metrics_are_restored(tmp_path: Path, wardrobe: Dataset) -> None:
    config = tiny("mlp-vae", training__epochs="4")
    whole = train(config, tmp_path / "whole", wardrobe)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", wardrobe, observers=[StopAfter(2)])
    (tmp_path / "run/metrics.jsonl").write_text("")
    assert timeless(train(config, tmp_path / "run", wardrobe)) == timeless(whole)


@pytest.mark.parametrize("name", ["flagship", "conv-vae"])
def test_half_precision_is_a_setting(name: str, tmp_path: Path, wardrobe: Dataset) -> None:
    full, half = (
        train(
            tiny(name, training__epochs="4"),
            tmp_path / precision,
            wardrobe,
            hardware=Hardware(accelerator="cpu", precision=precision),
        )
        for precision in ("32-true", "bf16-mixed")
    )
    totals = [run.read_metrics()[-1]["validation"]["negative_elbo"] for run in (full, half)]
    assert totals[0] != totals[1]
    assert totals[1] == pytest.approx(totals[0], rel=0.02)
