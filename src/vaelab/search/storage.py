"""Where Optuna keeps the trials: a journal in a file, or a database."""

import os
import re
from pathlib import Path
from typing import Any

from filelock import FileLock
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from vaelab.data.reading import one_line
from vaelab.errors import InputError

JOURNAL = "trials.journal"


def open_storage(place: str | None, out: Path) -> BaseStorage:
    """The storage of a search.

    Args:
        place: a file, a database's URL as SQLAlchemy takes it, or None for a file in `out`.
        out: the search's folder.

    Raises:
        InputError: if it cannot be opened.
    """
    try:
        if place is not None and "://" in place:
            return RDBStorage(place)
        file = out / JOURNAL if place is None else Path(place)
        file.parent.mkdir(parents=True, exist_ok=True)
        lock: Any = JournalLock(file)
        return JournalStorage(JournalFileBackend(str(file), lock))
    except Exception as error:
        raise InputError(
            f"the storage {without_password(place or JOURNAL)} cannot be used: {one_line(error)}"
        ) from error


def without_password(place: str) -> str:
    """A storage as it may be told and written down."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", place)


class JournalLock:
    """Lets one process at a time write to a journal.

    Optuna's own lock is a file, which a process that is killed leaves behind for half a minute;
    this one is the operating system's and ends with the process. What a full disk or a loss of
    power left of a line is taken away, for no later line could be read behind it.
    """

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.lock = FileLock(journal.with_name(f".{journal.name}.lock"))

    def acquire(self) -> bool:
        """Wait for the turn of this process."""
        self.lock.acquire()
        with self.journal.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            end = _end_of_lines(file.fileno(), size)
            if end < size:
                file.truncate(end)
        return True

    def release(self) -> None:
        """Let the next one."""
        self.lock.release()


def _end_of_lines(descriptor: int, end: int) -> int:
    """Where the last whole line ends, in bytes."""
    chunk = 1 << 12
    while end > 0:
        start = max(0, end - chunk)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
