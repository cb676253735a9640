"""Common checks of all file readers: system errors, and web pages saved under another name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vaelab.config import DataConfig
from vaelab.errors import InputError

_WEB_PAGE_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml")


def configured_path(config: DataConfig, data_dir: Path | None) -> Path:
    """The path of a user's own images: `data_dir` if given, else `config.path`.

    Raises:
        InputError: if there is no path, or nothing exists there; the message names --data-dir,
            which every command has that reads images.
    """
    if data_dir is None and config.path is None:
        raise InputError(
            f"the data set {config.name!r} needs a path: give the path as the name of the data, or "
            "set data.path"
        )
    path = (data_dir or Path(config.path or "")).expanduser()
    try:
        with reading(path):
            path.stat()
    except InputError as error:
        if data_dir is not None:
            raise
        raise InputError(
            f"{error}; if {path.name} was moved or renamed, give its new path with --data-dir"
        ) from None
    return path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an error of the operating system while `path` is read into an `InputError`."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or one_line(error)}") from error


def refuse_web_page(name: Path | str, start: bytes) -> None:
    """Refuse a file whose first bytes are HTML, as after a failed download.

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
    """The message of an error without line breaks, or the type of the error if it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def numpy_fault(error: Exception) -> str:
    """Why numpy did not read an array."""
    if "allow_pickle" in str(error) or "Python objects" in str(error):
        return (
            "it has Python objects, which are not read because they may run code; save numbers, "
            "and text with .astype(str)"
        )
    return one_line(error)
