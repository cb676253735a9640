"""Output on consoles and files of any encoding, and on streams that are closed or full."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TrainedRuns
from vaelab import __version__
from vaelab.runs import open_run

TRAIN = [
    *("train", "mlp-vae", "--data", "wardrobe", "--accelerator", "cpu", "--set"),
    *("data.train_count=300", "data.test_count=120", "training.epochs=1"),
    "model.network.widths=16",
]


def vaelab(
    *arguments: str, cwd: Path, line: str = '"$@"', **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """A command, in a line of the shell, where "$@" stands for it."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line, "bash", sys.executable, "-m", "vaelab", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_characters_that_the_encoding_lacks_are_escaped_and_a_note_says_so(
    encoding: str, trained: TrainedRuns, tmp_path: Path
) -> None:
    shutil.copytree(trained["mlp-vae"].path, tmp_path / "größe→1")
    arguments = ("sample", "größe→1", "-n", "4", "--out", "größe→.png")
    done = vaelab(*arguments, cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "größe→.png".encode(encoding, errors="backslashreplace")
    (note,) = done.stderr.decode().splitlines()
    assert note.startswith(f"vaelab: standard output has the encoding {encoding};")
    assert note.endswith("set PYTHONIOENCODING=utf-8 to print them")
    assert (tmp_path / "größe→.png").exists()


@pytest.mark.posix
@pytest.mark.parametrize("closed", [">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_stop_a_training_or_change_its_files(
    closed: str, tmp_path: Path
) -> None:
    """Whatever else opens a file gets the numbers of the streams, into which libraries write."""
    done = vaelab(*TRAIN, cwd=tmp_path, line=f'"$@" {closed}')
    assert done.returncode == 0
    run = open_run(tmp_path / "runs/mlp-vae")
    assert run.is_finished()
    assert run.load_model()
    assert run.summary()["epochs"] == "1 of 1"


@pytest.mark.linux
@pytest.mark.parametrize("lost", ["2>/dev/full", "2> >(true)"])
def test_progress_that_cannot_be_printed_does_not_stop_a_training(
    lost: str, tmp_path: Path
) -> None:
    done = vaelab(*TRAIN, cwd=tmp_path, line=f'"$@" {lost}')
    assert done.returncode == 0
    assert done.stdout.startswith(b"runs/mlp-vae: best epoch 1 of 1")
    assert open_run(tmp_path / "runs/mlp-vae").is_finished()


@pytest.mark.linux  # macOS has no names that are not Unicode
def test_a_folder_whose_name_is_not_unicode_is_refused(tmp_path: Path) -> None:
    done = vaelab(*TRAIN, "--out", os.fsdecode(b"run-\xff"), cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(b"vaelab: the name of run-\\xff is not Unicode")
    assert not list(tmp_path.iterdir())


@pytest.mark.posix
@pytest.mark.parametrize("arguments", [["--version"], ["train", "--help"]])
def test_a_reader_that_stops_ends_the_command_without_a_message(
    arguments: list[str], tmp_path: Path
) -> None:
    done = vaelab(*arguments, cwd=tmp_path, line='"$@" | true')
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.linux
@pytest.mark.parametrize("arguments", [["--version"], ["train", "--help"]])
def test_a_full_disk_under_the_output_is_a_one_line_error(
    arguments: list[str], tmp_path: Path
) -> None:
    done = vaelab(*arguments, cwd=tmp_path, line='"$@" >/dev/full')
    assert done.returncode == 2
    assert done.stderr == b"vaelab: standard output cannot be written: No space left on device\n"


@pytest.mark.posix
def test_messages_that_cannot_be_printed_leave_the_exit_code(tmp_path: Path) -> None:
    done = vaelab("trian", cwd=tmp_path, line='"$@" 2>&-')
    assert (done.returncode, done.stdout) == (2, b"")
    done = vaelab("--version", cwd=tmp_path, line='"$@" 2>&-')
    assert done.stdout.decode() == f"vaelab {__version__}\n"
