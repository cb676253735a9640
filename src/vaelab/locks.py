"""Locks between processes: other processes are refused, or wait.

The operating system releases a lock when its process ends in any way.
"""

import contextlib
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from vaelab.errors import InputError
from vaelab.files import is_unicode, unwritable, write_text

# Device and inode of the folders that this process has locked, by path.
_locked: dict[Path, tuple[int, int] | None] = {}


def require_same_folder(folder: Path) -> None:
    """Refuse to write into another folder than the one that this process locked under this name.

    Raises:
        InputError: if the folder was moved away, deleted or replaced by another one since.
    """
    locked = _locked.get(folder.absolute())
    if locked is not None and _identity(folder) != locked:
        raise moved(folder)


def moved(folder: Path) -> InputError:
    """The error for a folder that was moved away, deleted or replaced during the work in it."""
    return InputError(
        f"{folder} cannot be written: it is no longer the folder that the run began in; "
        "move it back, and the same command resumes"
    )


def _identity(folder: Path) -> tuple[int, int] | None:
    """Device and inode; None if there is no such folder."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock a folder for this process inside the context.

    Raises:
        InputError: if another process has locked it, naming that process.
    """
    from filelock import FileLock, Timeout  # slow to import, and not needed for help texts

    if not is_unicode(str(folder)):
        raise InputError(
            f"the name of {folder} is not Unicode, which not all libraries can write; choose "
            "another --out"
        )
    name, lock = folder / ".holder", FileLock(folder / ".lock", blocking=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InputError(
            f"{folder} is in use by {_holder(name)}; wait for it, stop it or choose another --out"
        ) from None
    except OSError as error:
        raise unwritable(folder, error) from None
    try:
        since = datetime.now(UTC).astimezone().isoformat(" ", "seconds")
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        write_text(name, f"process {os.getpid()} on {platform.node()} since {since} ({command})")
        _locked[folder.absolute()] = _identity(folder)
        yield
    finally:
        # Another process may have locked another folder under this name since.
        if _identity(folder) == _locked.pop(folder.absolute(), None):
            with contextlib.suppress(OSError):
                name.unlink(missing_ok=True)
        lock.release()


def _holder(name: Path) -> str:
    try:
        return name.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "another process"


@contextmanager
def wait_for_lock(path: Path) -> Iterator[None]:
    """Lock the file `path` inside the context; waits until other processes have released it.

    Raises:
        InputError: if the file cannot be written.
    """
    from filelock import FileLock  # slow to import, and not needed for help texts

    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        yield
    finally:
        lock.release()
