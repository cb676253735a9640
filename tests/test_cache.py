"""The cache where the home folder cannot be written, as in containers and on clusters."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vaelab import cache
from vaelab.cache import cache_folder, temporary_cache_folder, updating_cache
from vaelab.errors import InputError
from vaelab.files import write_text


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home that is a file, and an empty folder for temporary files."""
    (tmp_path / "home").write_text("not a folder")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    for variable in ("XDG_CACHE_HOME", *cache._LIBRARIES):
        monkeypatch.setenv(variable, "")  # so that the value is restored
        monkeypatch.delenv(variable)


def test_a_temporary_folder_takes_its_place_and_one_note_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cache_folder()
    assert folder == cache_folder() == temporary_cache_folder()
    assert folder.is_relative_to(tmp_path / "temporary")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"vaelab: the cache {tmp_path / 'home/.cache/vaelab'} cannot be written")
    assert f"using {folder}, which may be deleted; set XDG_CACHE_HOME to a folder" in line

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine/vaelab"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert cache_folder() == folder


def test_without_any_home_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("~no-such-user").expanduser())
    assert cache_folder() == temporary_cache_folder()
    assert "there is no home folder for a cache; using " in capsys.readouterr().err


def test_where_no_folder_can_be_written_the_error_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "home"))
    with pytest.raises(InputError, match="set XDG_CACHE_HOME to a folder that can be written"):
        cache_folder()


@pytest.mark.posix
def test_the_folder_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    temporary_cache_folder().mkdir(parents=True)
    folder = temporary_cache_folder()
    monkeypatch.setattr(cache, "temporary_cache_folder", lambda: folder)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(InputError, match="belongs to another user; set XDG_CACHE_HOME"):
        cache_folder()


def test_a_cache_on_a_full_disk_does_not_end_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with updating_cache():
        write_text(tmp_path / "home/features", "text")
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be written" in line
    assert "XDG_CACHE_HOME; continuing without this part of the cache" in line


def test_commands_say_so_once_and_lose_nothing(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images, labels=np.arange(200) % 4)
    np.save(tmp_path / "samples.npy", images[:100, None].astype(np.float32) / 255)
    commands = (
        ("data", "show", "--data", "images.npz"),
        (*("evaluate", "--samples", "samples.npy", "--data", "images.npz"), "--metrics", "frechet"),
        ("doctor", "--json"),
    )
    done = run(*commands, cwd=tmp_path)
    assert done.stderr.count("XDG_CACHE_HOME") == 1
    assert "atplotlib" not in done.stderr
    names = {path.name for path in temporary_cache_folder().iterdir()}
    assert {"baselines", "classifiers", "features", "matplotlib"} <= names
    assert f'"cache": "{temporary_cache_folder()}, which may be deleted' in done.stdout

    # The processes that a command starts do not repeat it.
    assert cache_folder() == temporary_cache_folder()
    assert run(("doctor",), cwd=tmp_path).stderr == ""


def run(*commands: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Commands, in one process."""
    program = f"from vaelab.cli import main\nfor each in {commands}:\n    main(each)"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, check=True
    )
