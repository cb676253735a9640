"""Turns: what only one process may do at a time, and the others wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vaelab.errors import InputError


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Inside, no other process is inside with the same file `path`; those who come later wait.

    The lock is the operating system's and ends with the process, however that ends.

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
