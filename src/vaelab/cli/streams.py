"""Standard output and error that work with any encoding, also where they are closed."""

import codecs
import functools
import io
import os
import sys

from vaelab.errors import note


def prepare_streams() -> None:
    r"""Let standard output take every character, and replace closed streams.

    Characters that its encoding lacks are printed as escapes such as \u2192, and a note says so;
    standard error is like that from the start.
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


def drop_unwritable_output() -> bool:
    """Whether standard output cannot be written; then what it still holds is dropped.

    Otherwise the interpreter would try once more when it ends, and print a traceback.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    if error.encoding != "utf-8":  # which lacks only the parts of file names that are not text
        _note_escapes(error.encoding)
    return codecs.backslashreplace_errors(error)


@functools.cache
def _note_escapes(encoding: str) -> None:
    note(
        f"standard output has the encoding {encoding}; characters that it lacks are printed as "
        "escapes such as \\u2192; set PYTHONIOENCODING=utf-8 to print them"
    )
