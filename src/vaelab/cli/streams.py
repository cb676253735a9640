"""Standard output and error that work with any encoding, also where they are closed."""

import codecs
import errno
import functools
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vaelab.errors import note


def prepare_streams() -> None:
    r"""Let standard output take every character, and replace closed streams.

    Characters that its encoding lacks are printed as escapes such as \u2192, and a note says so;
    standard error is like that from the start, and loses what cannot be written, because neither
    a message nor a progress bar is worth a training.
    """
    # Otherwise the next files to be opened get these numbers, and messages are written into them.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    codecs.register_error("vaelab", _escape)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="vaelab")
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = _lossy(sys.stderr)


def _lossy(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    raw = getattr(stream.buffer, "raw", stream.buffer)  # Python may run with unbuffered streams
    if type(raw) is not io.FileIO:  # such as a console of Windows
        return stream
    file: Any = _LossyFile(raw.fileno(), "w", closefd=False)
    return io.TextIOWrapper(file, stream.encoding, stream.errors, write_through=True)


class _LossyFile(io.FileIO):
    """A file that loses what cannot be written, as on a full disk or without a reader."""

    def write(self, content: Any) -> int:
        try:
            return super().write(content) or len(content)
        except OSError:
            return len(content)


class OutputError(Exception):
    """Standard output cannot be written.

    Attributes:
        is_closed: whether its reader, such as `head`, has closed it.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written: {error.strerror or error}")
        self.is_closed = error.errno in (errno.EPIPE, errno.EINVAL)  # the latter on Windows


@contextmanager
def writing_output() -> Iterator[None]:
    """Turn errors of standard output, to which this context writes, into `OutputError`."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # What is still to be written is dropped; else the interpreter tries again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(error) from error


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    if sys.stdout.encoding != "utf-8":  # which lacks only the parts of file names that are not text
        _note_escapes(sys.stdout.encoding)
    return codecs.backslashreplace_errors(error)


@functools.cache
def _note_escapes(encoding: str) -> None:
    note(
        f"standard output has the encoding {encoding}; characters that it lacks are printed as "
        "escapes such as \\u2192; set PYTHONIOENCODING=utf-8 to print them"
    )
