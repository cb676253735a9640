"""Files of a run with correct checksums and values of any type: one line, and nothing lost."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import TrainedRuns, noise_images
from tests.data.data_files import data_or_one_line, refused
from vaelab.comparison import render
from vaelab.data.batches import Batches
from vaelab.evaluation import evaluate
from vaelab.files import write_checksums, write_json
from vaelab.loaded_run import LoadedRun
from vaelab.runs import Run, open_run, read_json, read_tensors, write_tensors
from vaelab.training import continue_training
from vaelab.training.state import new_state

ODD_VALUES: list[Any] = [None, True, "x", -1, 1.5, 10**15, [], [1], {}, {"a": []}, [[[]]], "\0"]
STATE, TENSORS = "state.json", "tensors.safetensors"


@pytest.fixture
def run(trained: TrainedRuns, tmp_path: Path) -> Run:
    """A copy of a finished run."""
    shutil.copytree(trained["mlp-vae"].path, tmp_path / "run")
    return open_run(tmp_path / "run")


def with_state(run: Run, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the values of the newest checkpoint, and its checksums with them."""
    folder = run.path / "checkpoint"
    values = read_json(folder / STATE)
    change(values)
    write_json(folder / STATE, values)
    write_checksums(folder, (TENSORS, STATE))


def resumed(run: Run) -> None:
    """Read the checkpoint, with which no image is needed."""
    images = Batches(noise_images(1, run.data.shape, classes=0), torch.device("cpu"))
    new_state(run, images.device, images).resume(run, 0, 1)


def odd_states() -> Iterator[tuple[str, Any]]:
    for name in ("epochs_done", "steps_done", "scalars", "seconds", "best_epoch", "stages_done"):
        yield from ((name, value) for value in ODD_VALUES)
    for name in ("world_size", "records", "best_loss"):
        yield from ((name, value) for value in ODD_VALUES)


def test_a_state_with_any_value_is_read_or_refused(run: Run) -> None:
    original = read_json(run.path / "checkpoint" / STATE)
    metrics = (run.path / "metrics.jsonl").read_bytes()
    refusals = 0
    for name, value in odd_states():
        with_state(run, lambda values, name=name, value=value: values.update({name: value}))
        refusals += data_or_one_line(run.is_finished) is None
        data_or_one_line(lambda: resumed(run))
        assert (run.path / "metrics.jsonl").read_bytes() == metrics
        with_state(run, lambda values: values.update(original))
    assert refusals > 70


@pytest.mark.parametrize("name", ["stages_done", "records", "steps_done", "world_size"])
def test_a_state_without_a_field_names_it_and_what_to_do(run: Run, name: str) -> None:
    with_state(run, lambda values: values.pop(name))
    folder = run.path / "checkpoint"
    with refused(folder, f"{name} should be", "found None", f"delete {folder} to resume"):
        continue_training(run, more_epochs=1)
    shutil.rmtree(folder)
    assert run.load_checkpoint_values() is not None  # the one before it


@pytest.mark.parametrize("name", ["epoch.totals", "epoch.noise", "optimizer.0.exp_avg"])
def test_tensors_that_belong_to_no_checkpoint_are_refused(run: Run, name: str) -> None:
    folder = run.path / "checkpoint"
    tensors = read_tensors(folder / TENSORS)
    metrics = (run.path / "metrics.jsonl").read_bytes()
    odd = {**tensors, "optimizer.x.y": torch.zeros(1), "epoch.noise": torch.zeros(5000)}
    for damaged in ({key: each for key, each in tensors.items() if key != name}, odd):
        write_tensors(folder / TENSORS, damaged)
        write_checksums(folder, (TENSORS, STATE))
        data_or_one_line(lambda: resumed(run))
    with refused(folder, "unexpected content", f"delete {folder} to resume"):
        resumed(run)
    assert (run.path / "metrics.jsonl").read_bytes() == metrics


RESULT = {
    "value": 240.5,
    "unit": "nats",
    "count": 120,
    "direction": "lower",
    "standard_error": 1.0,
    "floor": None,
    "baseline": 385.0,
    "is_headline": True,
    "caveat": "",
    "label": "negative ELBO",
    "features": None,
}


def readers(run: Run) -> list[Callable[[], Any]]:
    return [
        lambda: [render([run, run], form) for form in ("table", "markdown", "csv", "json")],
        lambda: run._repr_html_(),
        lambda: render([run], "table", ["negative_elbo"]),
    ]


@pytest.mark.parametrize("field", RESULT)
def test_an_evaluation_with_any_value_is_read_or_refused(run: Run, field: str) -> None:
    for value in [*ODD_VALUES, float("nan")]:
        result = RESULT | {field: value}
        write_evaluation(run, {"metrics": {"negative_elbo": result}, "details": {}})
        for read in readers(run):
            data_or_one_line(read)
    write_evaluation(run, {"metrics": {"negative_elbo": {"is_headline": True}}})
    for read in readers(run):
        assert read()


def write_evaluation(run: Run, values: dict[str, Any]) -> None:
    (run.path / "evaluation.json").write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"metrics": [1]}, "metrics should be an object, found [1]"),
        ({"metrics": {"kl": 3}}, "kl should be an object, found 3"),
        ({"metrics": {"kl": {"value": "x"}}}, "kl.value should be a number, found 'x'"),
        ({"metrics": {"kl": {"value": 1, "count": True}}}, "kl.count should be an integer"),
        ({"details": "x"}, "details should be an object, found 'x'"),
        ({"left_out": {"kl": []}}, "kl should be text, found []"),
        ({"metrics": {"kl": {"value": 10**400}}}, "found a number of 401 digits"),
    ],
)
def test_an_evaluation_is_refused_before_new_results_are_computed(
    run: Run, values: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_evaluation(run, values)
    monkeypatch.setattr("vaelab.evaluation.evaluators.compute", None)
    with refused(run.path / "evaluation.json", message):
        evaluate(LoadedRun(run, accelerator="cpu"))
