"""Optuna's storage of the trials: a journal file or a database."""

import os
import re
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from vaelab.data.reading import one_line
from vaelab.errors import InputError

JOURNAL = "trials.journal"


def open_storage(location: str | None, out: Path) -> BaseStorage:
    """The storage of a search.

    Args:
        location: a file, a database URL in SQLAlchemy's form, or None for a file in `out`.
        out: folder of the search.

    Raises:
        InputError: if it cannot be opened.
    """
    try:
        if location is not None and "://" in location:
            return RDBStorage(location)
        file = out / JOURNAL if location is None else Path(location)
        file.parent.mkdir(parents=True, exist_ok=True)
        lock: Any = JournalLock(file)
        return JournalStorage(JournalFileBackend(str(file), lock))
    except Exception as error:
        raise InputError(
            f"cannot open the storage {without_password(location or JOURNAL)}: {one_line(error)}"
        ) from error


def without_password(location: str) -> str:
    """A storage location that can be printed and saved."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", location)


class JournalLock:
    """Lets one process at a time write to a journal.

    Optuna's own lock is a file that a killed process leaves behind for half a minute. This lock is
    the operating system's and ends with its process. It also removes an incomplete last line, left
    by a full disk or a power failure, since lines after it could not be read.
    """

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.lock = FileLock(journal.with_name(f".{journal.name}.lock"))

    def acquire(self) -> bool:
        """Wait for the lock."""
        self.lock.acquire()
        with self.journal.open("r+b") as file:
            end = _end_of_last_line(file)
            if end < file.seek(0, os.SEEK_END):
                file.truncate(end)
        return True

    def release(self) -> None:
        """Release the lock."""
        self.lock.release()


def _end_of_last_line(file: BinaryIO) -> int:
    """The position after the last complete line, in bytes."""
    chunk, end = 1 << 12, file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - chunk)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
