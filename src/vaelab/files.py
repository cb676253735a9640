"""Atomic writes: a file or folder is replaced completely or not at all. Checksums of files."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaelab.errors import InputError

CHECKSUMS = "SHA256SUMS"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; on success it is synced and renamed to `path`.

    On failure the temporary file is removed and `path` is not changed.

    Raises:
        InputError: if the file cannot be written, for example on a full disk.
    """
    # The suffix stays last, because writers such as matplotlib derive the format from it.
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
            "free some space there or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that replaces `path` on success.

    Raises:
        InputError: if it cannot be written, for example on a full disk.
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
            f"{path} cannot be written: {error.strerror or error}; free some space there"
        ) from error
    finally:
        if before.exists() and not path.exists():
            before.replace(path)
        for leftover in (aside, before):
            shutil.rmtree(leftover, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; NaN and infinities are errors."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def write_checksums(folder: Path, names: Sequence[str]) -> None:
    """Write the SHA-256 checksums of files in `folder`, in the format of `sha256sum`."""
    lines = (f"{_sha256(folder / name)}  {name}\n" for name in names)
    write_text(folder / CHECKSUMS, "".join(lines))


def find_damage(folder: Path, names: Sequence[str]) -> str | None:
    """Describe the first of the files that does not match its checksum; None if all match."""
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="ascii", errors="replace").splitlines()
        sums = {line[66:]: line[:64] for line in lines}
        for name in names:
            if _sha256(folder / name) != sums.get(name):
                return f"{folder / name} is damaged: its SHA-256 checksum does not match"
    except OSError as error:
        return f"{error.filename} cannot be read: {error.strerror}"
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(path: Path) -> None:
    """Sync a folder, so that new names in it survive a power failure."""
    if sys.platform == "win32":  # which cannot open a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cache_folder() -> Path | None:
    """The cache of vaelab, in `$XDG_CACHE_HOME` or ~/.cache; None without a home folder."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vaelab"
    except RuntimeError:
        return None
