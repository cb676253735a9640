"""What all readers of files share: errors of the system, and web pages saved under other names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vaelab.errors import InputError

_WEB_PAGE_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell in one line what the operating system refuses while `path` is read."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or one_line(error)}") from error


def refuse_web_page(name: Path | str, start: bytes) -> None:
    """Refuse a file whose first bytes are HTML: a failed download that looked like a good one.

    Raises:
        InputError: naming the file and quoting the start of the page.
    """
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.lower().startswith(_WEB_PAGE_STARTS):
        quoted = text[:14].decode("ascii", "replace")
        raise InputError(
            f"{name} starts with {quoted!r}: a web page was saved under this name; "
            "download the file again"
        )


def one_line(error: object) -> str:
    """The message of another library's error without line breaks, or its kind if it has none."""
    return " ".join(str(error).split()) or type(error).__name__
