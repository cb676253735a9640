"""What all readers of files share: errors of the system, and web pages saved under other names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vaelab.errors import InputError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into one line that names the file."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def refuse_web_page(path: Path, start: bytes) -> None:
    """Refuse a file whose first bytes are HTML: a failed download that looked like a good one.

    Raises:
        InputError: naming the file.
    """
    text = start.lstrip()[:15].lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        raise InputError(
            f"{path} is a web page (it begins with {text.decode('ascii', 'replace')!r}), "
            "not data; download it again"
        )
