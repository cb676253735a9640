"""Atomic writes: a file is replaced completely or not at all. Checksums, names."""

import contextlib
import errno
import functools
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaelab.errors import InputError

CHECKSUMS = "SHA256SUMS"

# Windows renames no file that another program has open, as virus scanners do for moments.
_PAUSES_SECONDS = (0.01, 0.05, 0.25, 1.0)
_ERRORS_OF_OPEN_FILES = (5, 32)
# Windows cannot open a folder, and some network file systems cannot sync one.
_ERRORS_OF_FOLDER_SYNC = (errno.EACCES, errno.EBADF, errno.EINVAL)
_ERRORS_OF_FULL_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# The names of temporary files, see `atomic_write`.
_PARTIAL = re.compile(r"\..+\.[0-9a-f]{8}\.partial(\.\w+)?")

# What no name of a file may contain on Windows, and names of devices there.
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
# Systems allow 255, and temporary names are longer than the name that they stand for.
_MOST_BYTES = 200
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


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
        sync_file(partial)
        rename(partial, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def rename(source: Path, target: Path) -> None:
    """Rename a file or folder; a file replaces an existing file.

    Raises:
        OSError: also if, on Windows, it is still open in some program after more than a second.
    """
    for pause in _PAUSES_SECONDS:
        try:
            source.replace(target)
        except PermissionError as error:
            if not _is_of_open_file(error):
                raise
            time.sleep(pause)
        else:
            return
    source.replace(target)


class UnwritableError(InputError):
    """A file or folder cannot be written, for example on a full disk."""


def unwritable(path: Path, error: OSError) -> UnwritableError:
    """The error for a file or folder that cannot be written: why, and what to do."""
    advice = "choose another folder"
    if error.errno in _ERRORS_OF_FULL_DISKS:
        advice = "free some space there or choose another folder"
    elif _is_of_open_file(error):
        advice = "close the programs that have it open, or choose another folder"
    return UnwritableError(f"{path} cannot be written: {error.strerror or error}; {advice}")


def _is_of_open_file(error: OSError) -> bool:
    return getattr(error, "winerror", None) in _ERRORS_OF_OPEN_FILES  # only Windows sets it


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically; the lines end in the same way on all systems."""
    with atomic_write(path) as partial:
        # Names of files that are not valid Unicode have parts that UTF-8 cannot encode.
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; NaN and infinities are errors."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def fingerprint_of_file(path: Path) -> str:
    """SHA-256 of the content of a file, which is read again after any change.

    Raises:
        OSError: if it cannot be read.
    """
    status = path.stat()
    seen = status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    return _fingerprint(path, seen)


@functools.lru_cache(maxsize=1000)
def _fingerprint(path: Path, _: tuple[int, ...]) -> str:
    return _sha256(path)


def remove_partial_files(folder: Path) -> None:
    """Remove the temporary files of `atomic_write` that a killed process left in a folder.

    Raises:
        InputError: if one cannot be removed.
    """
    for leftover in folder.rglob(".*.partial*"):
        if _PARTIAL.fullmatch(leftover.name) and leftover.is_file():
            try:
                leftover.unlink(missing_ok=True)
            except OSError as error:
                raise unwritable(leftover, error) from error


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


def is_portable_name(name: str) -> bool:
    """Whether a file can have this name on all systems."""
    return (
        0 < len(os.fsencode(name)) <= _MOST_BYTES
        and not _NOT_IN_NAMES.search(name)
        and not _DEVICES.fullmatch(name)
        and name[-1] not in " ."
    )


def is_unicode(name: str) -> bool:
    """Whether UTF-8 can encode a name; Linux has names that are any bytes."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def portable_text(text: str) -> str:
    """A part of a name, in which hyphens replace what not all systems allow."""
    return _NOT_IN_NAMES.sub("-", text)


def sync_file(path: Path) -> None:
    """Sync a file, so that its content survives a power failure."""
    with path.open("r+b") as file:  # Windows syncs no file that is open only for reading
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Sync a folder where the system can, so that new names in it survive a power failure."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _ERRORS_OF_FOLDER_SYNC:
            raise
