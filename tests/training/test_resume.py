"""A run that is killed at any moment resumes bit-identically."""

import json
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from tests.commands import Started, run_python
from tests.conftest import tiny
from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.errors import InputError, Interruption
from vaelab.models.contract import LatentVariableModel
from vaelab.runs import Run, open_run, read_tensors
from vaelab.training import CheckpointSchedule, Hardware, fit

CPU = Hardware(accelerator="cpu")
TIMES = {"seconds", "images_per_second"}
KILLS = 30
SETTINGS = {
    "data.train_count": "300",
    "data.test_count": "100",
    "training.batch_size": "16",
    "training.epochs": "8",
    "training.preview_every_epochs": "4",
    "model.network.widths": "64",
}


def config() -> Config:
    return tiny("mlp-vae", **{name.replace(".", "__"): value for name, value in SETTINGS.items()})


def command(out: Path, *more: str) -> list[str]:
    written = [f"{name}={value}" for name, value in SETTINGS.items()]
    return [
        *("-m", "vaelab", "train", "mlp-vae", "--data", "wardrobe"),
        *("--accelerator", "cpu", "--out", str(out), "--checkpoint-steps", "1"),
        *("--set", *written, *more),
    ]


def left_by(path: Path) -> dict[str, Any]:
    """All that a run left, to the bit, but for the times."""
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    state = json.loads((path / "checkpoint/state.json").read_text())
    state["records"] = [untimed(record) for record in state["records"]]
    return {
        "metrics": [untimed(line) for line in lines],
        "state": {name: value for name, value in state.items() if name != "seconds"},
        "weights": (path / "model.safetensors").read_bytes(),
        "checkpoint": (path / "checkpoint/tensors.safetensors").read_bytes(),
        "previews": {each.name: each.read_bytes() for each in (path / "previews").iterdir()},
    }


def untimed(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in TIMES}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run."""
    path = tmp_path_factory.mktemp("resume") / "whole"
    assert run_python(*command(path)).returncode == 0
    return path


class At:
    """An observer that does something after so many steps."""

    def __init__(self, steps: int, act: Callable[[], None]) -> None:
        self.left = steps
        self.act = act

    def on_step(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.act()

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        pass


def killed() -> None:
    raise KeyboardInterrupt


def begun(out: Path, dataset: Dataset, steps: int) -> None:
    """A run that was killed after so many steps."""
    with pytest.raises(KeyboardInterrupt):
        fit(
            config(),
            out,
            dataset=dataset,
            hardware=CPU,
            checkpoint_schedule=CheckpointSchedule(steps=3),
            show_progress=False,
            observers=[At(steps, killed)],
        )


def finished(out: Path, dataset: Dataset) -> Run:
    return fit(config(), out, dataset=dataset, hardware=CPU, show_progress=False)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, wardrobe: Dataset) -> dict[str, Any]:
    """What a run leaves that was trained in this process, on the data of these tests."""
    return left_by(finished(tmp_path_factory.mktemp("resume") / "run", wardrobe).path)


@pytest.mark.posix
def test_killed_again_and_again_at_any_moment(whole: Path, tmp_path: Path) -> None:
    """By SIGKILL, in the middle of steps, of saves, and of everything between."""
    path, moments = tmp_path / "run", random.Random(0)
    for _ in range(KILLS):
        process, seen = Started(*command(path)), stamp(path)
        # After this process's first checkpoint, so that each gets somewhere.
        while process.poll() is None and stamp(path) == seen:
            time.sleep(0.0005)
        time.sleep(moments.uniform(0, 0.02))
        process.kill()
        assert process.poll() == -signal.SIGKILL
    assert run_python(*command(path)).returncode == 0
    assert left_by(path) == left_by(whole)
    assert not [*path.rglob("*.partial*"), *path.glob("checkpoint.new")]


def stamp(path: Path) -> int:
    """Changes with every checkpoint."""
    try:
        return (path / "checkpoint/state.json").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@pytest.mark.posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_asked_to_stop_it_keeps_its_state_and_leaves(
    number: signal.Signals, code: int, whole: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    process = Started(*command(path))
    while not stamp(path):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(number)
    stopped = process.wait()
    assert stopped.returncode == code
    last = stopped.stderr.splitlines()[-1]
    assert f"stopped by {number.name} in epoch" in last
    assert "the same command resumes" in last
    assert "Traceback" not in stopped.stderr
    state = json.loads((path / "checkpoint/state.json").read_text())
    assert f"in epoch {state['epochs_done'] + 1} after {state['steps_done']} of" in last
    assert run_python(*command(path)).returncode == 0
    assert left_by(path) == left_by(whole)


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "run"
    first = Started(*command(path, "training.epochs=5000"))
    try:
        while not stamp(path):
            assert first.poll() is None
            time.sleep(0.01)
        second = run_python(*command(path, "training.epochs=5000"))
        assert second.returncode == 2
        (line,) = second.stderr.splitlines()
        assert f"is in use by process {first.pid} on " in line
        assert "vaelab train mlp-vae" in line or "__main__.py train mlp-vae" in line
    finally:
        first.kill()


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("name", ["flagship", "conv-vae-warmup", "cvae", "binary-vae"])
def test_within_an_epoch_every_kind_of_state_is_resumed(
    name: str, precision: str, tmp_path: Path, wardrobe: Dataset
) -> None:
    """Averaged weights, warm-up, mixtures, binarized pixels."""
    settings = tiny(name)

    def trained(out: Path, *observers: At) -> Run:
        return fit(
            settings,
            out,
            dataset=wardrobe,
            hardware=Hardware(accelerator="cpu", precision=precision),
            checkpoint_schedule=CheckpointSchedule(steps=1),
            show_progress=False,
            observers=observers,
        )

    expected = left_by(trained(tmp_path / "whole").path)
    for steps in (2, 4):
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "parts", At(steps, killed))
    assert open_run(tmp_path / "parts").load_checkpoint_values() is not None
    assert left_by(trained(tmp_path / "parts").path) == expected


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-100] + bytes([content[-100] ^ 4]) + content[-99:],
        lambda content: b"",
        lambda _: b"\x80\x04cos\nsystem\n(S'touch owned'\ntR.",
    ],
    ids=["cut short", "one bit flipped", "empty", "a hostile pickle"],
)
@pytest.mark.parametrize("file", ["tensors.safetensors", "state.json", "SHA256SUMS"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    file: str,
    damage: Callable[[bytes], bytes],
    tmp_path: Path,
    wardrobe: Dataset,
    undisturbed: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    begun(tmp_path / "run", wardrobe, 20)
    broken = tmp_path / "run/checkpoint" / file
    content = damage(broken.read_bytes())
    broken.write_bytes(content)
    run = finished(tmp_path / "run", wardrobe)
    (line,) = capsys.readouterr().err.splitlines()
    assert "is damaged" in line
    assert "resuming from checkpoint.before" in line
    assert left_by(run.path) == undisturbed
    assert not (tmp_path / "owned").exists()


def test_without_a_whole_checkpoint_it_says_so(tmp_path: Path, wardrobe: Dataset) -> None:
    begun(tmp_path / "run", wardrobe, 20)
    for folder in ("checkpoint", "checkpoint.before"):
        (tmp_path / "run" / folder / "state.json").write_text("{}")
    with pytest.raises(
        InputError, match="no checkpoint is undamaged, so that the training cannot be resumed"
    ) as caught:
        finished(tmp_path / "run", wardrobe)
    assert "\n" not in str(caught.value)


def test_killed_between_the_renames_of_a_save(
    tmp_path: Path, wardrobe: Dataset, undisturbed: dict[str, Any]
) -> None:
    begun(tmp_path / "run", wardrobe, 20)
    shutil.rmtree(tmp_path / "run/checkpoint")
    assert left_by(finished(tmp_path / "run", wardrobe).path) == undisturbed


def test_a_checkpoint_of_another_version_is_reported(tmp_path: Path, wardrobe: Dataset) -> None:
    begun(tmp_path / "run", wardrobe, 20)
    run = open_run(tmp_path / "run")
    tensors, values = run.load_checkpoint() or ({}, {})
    run.save_checkpoint(tensors, {**values, "schema_version": 99})
    with pytest.raises(InputError, match="has schema version 99, this vaelab reads"):
        finished(tmp_path / "run", wardrobe)


def test_tensors_of_another_model_are_refused(tmp_path: Path, wardrobe: Dataset) -> None:
    begun(tmp_path / "run", wardrobe, 20)
    run = open_run(tmp_path / "run")
    tensors, values = run.load_checkpoint() or ({}, {})
    name = next(name for name in tensors if name.startswith("model."))
    run.save_checkpoint({**tensors, name: torch.zeros(3, 3)}, values)
    with pytest.raises(InputError, match="should have shape"):
        finished(tmp_path / "run", wardrobe)


@pytest.fixture
def little_room() -> Iterator[ModuleType]:
    """The operating system refuses files that are larger than a checkpoint's tensors."""
    resource = pytest.importorskip("resource", reason="limits of file sizes are POSIX")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    yield resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_room_in_the_middle_of_a_save_loses_nothing(
    tmp_path: Path,
    wardrobe: Dataset,
    undisturbed: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    begun(tmp_path / "run", wardrobe, 20)
    before = (tmp_path / "run/checkpoint/SHA256SUMS").read_bytes()
    resource = request.getfixturevalue("little_room")
    with pytest.raises(InputError, match=r"cannot be written: File too large; free"):
        finished(tmp_path / "run", wardrobe)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert (tmp_path / "run/checkpoint/SHA256SUMS").read_bytes() == before
    assert not list((tmp_path / "run").rglob("*.partial*"))
    assert left_by(finished(tmp_path / "run", wardrobe).path) == undisturbed


def test_a_folder_that_goes_away_is_reported(tmp_path: Path, wardrobe: Dataset) -> None:
    gone = At(20, lambda: shutil.move(tmp_path / "run", tmp_path / "elsewhere"))
    with pytest.raises(InputError, match="cannot be written") as caught:
        fit(
            config(),
            tmp_path / "run",
            dataset=wardrobe,
            hardware=CPU,
            show_progress=False,
            observers=[gone],
        )
    assert "\n" not in str(caught.value)


def test_a_file_where_the_folder_should_be_is_reported(tmp_path: Path, wardrobe: Dataset) -> None:
    (tmp_path / "run").write_text("not a folder")
    with pytest.raises(InputError, match="exists and is not a run folder"):
        finished(tmp_path / "run", wardrobe)


def test_a_clock_that_jumps_changes_nothing(
    tmp_path: Path,
    wardrobe: Dataset,
    undisturbed: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jumps = random.Random(0)
    monkeypatch.setattr(time, "time", lambda: jumps.uniform(-1e8, 1e8))
    run = fit(
        config(),
        tmp_path / "run",
        dataset=wardrobe,
        hardware=CPU,
        checkpoint_schedule=CheckpointSchedule(seconds=0.01),
        show_progress=False,
    )
    assert left_by(run.path) == undisturbed
    assert all(record["seconds"] > 0 for record in run.read_metrics())


def test_the_state_is_kept_by_steps_and_by_seconds(tmp_path: Path, wardrobe: Dataset) -> None:
    for name, checkpoint_schedule in (
        ("steps", CheckpointSchedule(steps=5)),
        ("seconds", CheckpointSchedule(seconds=1e-9)),
    ):
        seen: list[int] = []
        out = tmp_path / name

        def look(out: Path = out, seen: list[int] = seen) -> None:
            values = Run.load_checkpoint_values(open_run(out))
            seen.append(-1 if values is None else values["steps_done"])

        looks = [At(steps, look) for steps in range(1, 12)]
        fit(
            config(),
            out,
            dataset=wardrobe,
            hardware=CPU,
            checkpoint_schedule=checkpoint_schedule,
            show_progress=False,
            observers=looks,
        )
        kept = [-1] * 5 + [5] * 5 + [10] if name == "steps" else [-1, *range(1, 11)]
        assert seen == kept


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"seconds": -1.0}])
def test_an_invalid_checkpoint_schedule_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="must be above 0"):
        CheckpointSchedule(**wrong)


def test_a_signal_in_this_process_leaves_with_its_code(tmp_path: Path, wardrobe: Dataset) -> None:
    stop = At(30, lambda: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(Interruption) as caught:
        fit(
            config(),
            tmp_path / "run",
            dataset=wardrobe,
            hardware=CPU,
            show_progress=False,
            observers=[stop],
        )
    assert caught.value.exit_code == 143
    tensors = read_tensors(tmp_path / "run/checkpoint/tensors.safetensors")
    assert tensors["epoch.totals"][-1] == 16 * (30 % 17)
    # The previous handler is restored.
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
