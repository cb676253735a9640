"""Files appear whole or not at all."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaelab.errors import InputError

SUMS = "SHA256SUMS"


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success sync it and rename it into place.

    On any failure the temporary file is removed and `path` is left as it was.

    Raises:
        InputError: for what the operating system refuses, such as a full disk.
    """
    # The suffix stays last because writers such as matplotlib choose the format by it.
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}; "
            "make room there or name another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` that takes its place on success.

    Raises:
        InputError: for what the operating system refuses, such as a full disk.
    """
    aside, before = (path.with_name(f"{path.name}.{end}") for end in ("new", "before"))
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        for each in aside.rglob("*"):
            if each.is_file():
                with each.open("rb") as file:
                    os.fsync(file.fileno())
        sync_folder(aside)
        shutil.rmtree(before, ignore_errors=True)
        if path.exists():
            path.replace(before)
        aside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}; make room there"
        ) from error
    finally:
        if before.exists() and not path.exists():
            before.replace(path)
        for leftover in (aside, before):
            shutil.rmtree(leftover, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all; NaN and infinities are refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def write_sums(folder: Path, names: Sequence[str]) -> None:
    """Write the SHA-256 sums of files in `folder`, in the form that `sha256sum -c` reads."""
    lines = (f"{_sha256(folder / name)}  {name}\n" for name in names)
    write_text(folder / SUMS, "".join(lines))


def find_damage(folder: Path, names: Sequence[str]) -> str | None:
    """In what files of these names differ from the sums written beside them; None: in nothing."""
    try:
        lines = (folder / SUMS).read_text(encoding="ascii", errors="replace").splitlines()
        sums = {line[66:]: line[:64] for line in lines}
        for name in names:
            if _sha256(folder / name) != sums.get(name):
                return f"{folder / name} is damaged: it is not what its SHA-256 sum says"
    except OSError as error:
        return f"{error.filename} cannot be read: {error.strerror}"
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(path: Path) -> None:
    """Make the names inside `path` survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cache_folder() -> Path | None:
    """Where vaelab keeps what can be had again: in `$XDG_CACHE_HOME`, else in ~/.cache.

    None where there is no home folder.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vaelab"
    except RuntimeError:
        return None
