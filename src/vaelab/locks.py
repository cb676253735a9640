"""What only one process may do at a time: others are refused, or wait for their turn.

The locks are the operating system's and end with the process, however that ends.
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
from vaelab.files import write_text


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep `folder` for this process alone.

    Raises:
        InputError: if another process has it, naming that process.
    """
    from filelock import FileLock, Timeout  # a tenth of a second that help does not need

    name, lock = folder / ".holder", FileLock(folder / ".lock", blocking=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InputError(
            f"{folder} is in use by {_holder(name)}; wait for it, stop it or choose another --out"
        ) from None
    except OSError as error:
        raise InputError(f"{folder} cannot be written to: {error.strerror or error}") from None
    try:
        since = datetime.now(UTC).astimezone().isoformat(" ", "seconds")
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        write_text(name, f"process {os.getpid()} on {platform.node()} since {since} ({command})")
        yield
    finally:
        with contextlib.suppress(OSError):
            name.unlink(missing_ok=True)
        lock.release()


def _holder(name: Path) -> str:
    try:
        return name.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "another process"


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Inside, no other process is inside with the same file `path`; those who come later wait.

    Raises:
        InputError: if the file cannot be written.
    """
    from filelock import FileLock  # a tenth of a second that help does not need

    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()
