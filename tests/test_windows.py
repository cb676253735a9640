"""Commands under the rules of Windows, which tests/windows_rules lays over Linux."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import vaelab
from tests.conftest import TrainedRuns
from vaelab.errors import InputError
from vaelab.files import write_text
from vaelab.presets import preset
from vaelab.runs import open_run
from vaelab.runs.derived import parent_of
from vaelab.settings import with_settings
from vaelab.training import Hardware, fit

RULES = Path(__file__).parent / "windows_rules"
CPU = Hardware(accelerator="cpu")

PROGRAM = """
import json, sys
from vaelab.cli import main
for arguments in json.loads(sys.argv[1]):
    main(arguments)
"""
SETTINGS = {
    "data.name": "wardrobe",
    "data.train_count": "300",
    "data.test_count": "120",
    "model.network.widths": "32",
    "training.epochs": "12",
}
TRAIN = [
    *("train", "mlp-vae", "--accelerator", "cpu", "--checkpoint-steps", "1", "--set"),
    *(f"{name}={value}" for name, value in SETTINGS.items()),
]

STUDY = """
data = "images.npz"
plugins = ["parts.py"]
metrics = ["losses"]
[runs.sweep]
preset = "mlp-vae"
set = { "training.epochs" = 100_000, "model.network.widths" = 16 }
vary = { "objective.extra_terms" = ["size*0.5", "size*1.0"] }
figures = false
"""

# The names of the runs of this study must not contain the stars.
PLUGIN = """
import vaelab

@vaelab.register.loss_term
def size(terms):
    return terms.z.flat().abs().sum(1)
"""


def started(*commands: Sequence[str], cwd: Path) -> subprocess.Popen[str]:
    """A process that executes commands in order, on a console with Windows's usual encoding."""
    inherited = {name: value for name, value in os.environ.items() if name != "VAELAB_DATA"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        cwd=cwd,
        env={
            **inherited,
            "PYTHONPATH": os.pathsep.join([str(RULES), *sys.path]),
            "PYTHONIOENCODING": "cp1252",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="cp1252",
    )


def interrupted_once(is_so: Callable[[], bool], process: subprocess.Popen[str]) -> str:
    """Its last message, after Ctrl-C."""
    while not is_so():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    return errors.splitlines()[-1]


def save_images(path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(200) % 4)


def epochs_done(folder: Path) -> int:
    file = folder / "metrics.jsonl"
    return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.mark.linux
def test_an_interrupted_training_is_resumed_and_every_command_writes(tmp_path: Path) -> None:
    save_images(tmp_path / "images.npz")
    run = tmp_path / "runs/mlp-vae"
    message = interrupted_once(lambda: epochs_done(run) > 0, started(TRAIN, cwd=tmp_path))
    assert "stopped by SIGINT in epoch" in message

    process = started(
        TRAIN,
        ("data", "show", "--data", "images.npz"),
        ("evaluate", "runs/mlp-vae", "--metrics", "losses", "frechet"),
        ("figures", "runs/mlp-vae", "samples", "curves"),
        ("sample", "runs/mlp-vae", "-n", "30", "--out", "s.npz"),
        ("fit-prior", "runs/mlp-vae", "--set", "model.prior.components=3"),
        ("export", "runs/mlp-vae"),
        # The same names again: every file is replaced.
        ("evaluate", "runs/mlp-vae", "--metrics", "losses"),
        ("figures", "runs/mlp-vae", "samples"),
        ("report", "runs"),
        ("report", "runs"),
        ("doctor",),
        cwd=tmp_path,
    )
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "cp1252" in output

    config = with_settings(preset("mlp-vae"), SETTINGS)
    whole = fit(config, tmp_path / "whole", hardware=CPU, show_progress=False)
    assert (run / "model.safetensors").read_bytes() == whole.weights.read_bytes()
    assert (tmp_path / "runs/site/index.html").exists()
    assert not [*tmp_path.rglob("*.partial*"), *(tmp_path / "runs").glob("site.*")]
    texts = list((tmp_path / "runs").rglob("*.json*"))
    assert texts
    assert not [path for path in texts if b"\r" in path.read_bytes()]


@pytest.mark.linux
def test_an_interrupted_study_in_several_processes_keeps_its_state(
    trained: TrainedRuns, tmp_path: Path
) -> None:
    save_images(tmp_path / "images.npz")
    (tmp_path / "parts.py").write_text(PLUGIN)
    (tmp_path / "mine.toml").write_text(STUDY)
    study = tmp_path / "runs/mine"
    runs = [study / f"sweep-extra_terms-size-{weight}" for weight in ("0.5", "1.0")]
    # Another run under the same name moves to the archive.
    shutil.copytree(trained["mlp-vae"].path, runs[0])

    process = started(
        ("study", "mine.toml", "--executor", "processes", "--workers", "2"), cwd=tmp_path
    )
    message = interrupted_once(
        lambda: (study / "archive").exists() and all(epochs_done(run) > 0 for run in runs), process
    )
    assert "stopped by SIGINT during 2 runs; the same command resumes" in message
    assert len(list((study / "archive").iterdir())) == 1
    for run in runs:
        values = open_run(run).load_checkpoint_values()
        assert values is not None
        assert values["epochs_done"] == epochs_done(run)


class InUseError(PermissionError):
    """The error of Windows for a file that another program has open."""

    winerror = 32


def test_a_file_that_another_program_has_open_is_replaced_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [InUseError(13, "in use")] * 2
    replace = Path.replace

    def replace_later(source: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", replace_later)
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"

    monkeypatch.setattr(time, "sleep", lambda _: None)
    refusals += [InUseError(13, "in use")] * 100
    with pytest.raises(InputError, match=r"a\.txt cannot be written: in use; close the programs"):
        write_text(tmp_path / "a.txt", "newer")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_parent_run_on_another_drive_is_named_by_its_whole_path(
    trained: TrainedRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def relpath(path: Path, start: Path) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    run = trained["mlp-vae"]
    assert parent_of(run, run.path.parent / "x", trains="prior").run == "../mlp-vae"
    monkeypatch.setattr(os.path, "relpath", relpath)
    assert Path(parent_of(run, tmp_path, trains="prior").run) == run.path.absolute()


def test_no_module_of_posix_alone_is_imported() -> None:
    for path in Path(vaelab.__file__).parent.rglob("*.py"):
        names = {
            name.partition(".")[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in [getattr(node, "module", None) or "", *(each.name for each in node.names)]
        }
        assert not names & {"fcntl", "grp", "pty", "pwd", "resource", "select", "termios"}, path
