"""JSON and TOML documents, read with errors of one line whatever they contain."""

import json
import math
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaelab.errors import InputError
from vaelab.memory import is_out_of_memory

LARGEST_INTEGER = 2**53 - 1
"""Of documents, settings and options: floats are exact up to it, and no product of it with the
sizes of images exceeds 64 bits."""

_MOST_DIGITS = 17  # with a sign
_MOST_LEVELS = 100  # of tables and lists in each other


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        InputError: if the file is missing, cannot be read, or holds no JSON object.
    """
    return parse_json(read_text(path), str(path))


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """The content of a text file.

    Raises:
        InputError: if the file is missing or not UTF-8.
    """
    try:
        return path.read_text(encoding=encoding)
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: byte {error.start} is invalid") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def parse_json(text: str, where: str) -> dict[str, Any]:
    """The object that `text` describes.

    Raises:
        InputError: if it is not JSON, not an object, or has an integer beyond `LARGEST_INTEGER`.
    """
    try:
        value = json.loads(text, parse_int=lambda digits: _integer(digits, where))
    except (ValueError, RecursionError) as error:
        raise _invalid(where, "JSON", error) from None
    if not isinstance(value, dict):
        raise InputError(f"{where} should hold a JSON object, found {type(value).__name__}")
    return value


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The table that `text` describes.

    Raises:
        InputError: if it is not TOML, or has an integer beyond `LARGEST_INTEGER` or text with NUL.
    """
    try:
        values = tomllib.loads(text)
        _require_usable(values, where)
    except (ValueError, RecursionError) as error:
        raise _invalid(where, "TOML", error) from None
    return values


@contextmanager
def well_formed(where: Path, advice: str) -> Iterator[None]:
    """Turn what fails on content of unexpected types and names into an error of one line.

    Raises:
        InputError: naming the file or folder and what to do.
    """
    try:
        yield
    except InputError:
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        if is_out_of_memory(error):
            raise
        cause = " ".join(str(error).split())
        raise InputError(
            f"{where} has unexpected content ({type(error).__name__}: {cause:.100}); {advice}"
        ) from error


def require_bounded(where: str, number: int) -> None:
    """Refuse a whole number beyond `LARGEST_INTEGER`.

    Raises:
        InputError: naming its order of magnitude, because Python prints no very long number.
    """
    if abs(number) > LARGEST_INTEGER:
        raise _unbounded(where, f"about 10^{math.log10(abs(number)):.0f}")


def require_printable(where: str, text: str) -> None:
    """Refuse the character NUL, which no path and no name may contain.

    Raises:
        InputError: quoting the start of the text.
    """
    if "\0" in text:
        raise InputError(f"{where}: expected text without the character NUL, found {text!r:.40}")


def _integer(digits: str, where: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _unbounded(where, f"a number of {len(digits):,} digits")
    number = int(digits)
    require_bounded(where, number)
    return number


def _unbounded(where: str, found: str) -> InputError:
    return InputError(
        f"{where}: expected whole numbers between -2^53 and 2^53, found {found}; name a smaller one"
    )


def _require_usable(value: Any, where: str, depth: int = 0) -> None:
    if depth > _MOST_LEVELS:
        raise RecursionError
    match value:
        case dict():
            for key, inner in value.items():
                require_printable(where, key)
                _require_usable(inner, where, depth + 1)
        case list():
            for inner in value:
                _require_usable(inner, where, depth + 1)
        case str():
            require_printable(where, value)
        case int():
            require_bounded(where, value)


def _invalid(where: str, form: str, error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    if isinstance(error, RecursionError):
        return InputError(f"{where} is not {form}: it is nested too deeply")
    reason = str(error).partition("; use sys.")[0]  # advice of Python that is not for users
    return InputError(f"{where} is not {form}: {reason}")
