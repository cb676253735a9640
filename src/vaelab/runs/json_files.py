"""JSON files, read with errors that say what is wrong with them."""

import json
from pathlib import Path
from typing import Any

from vaelab.errors import InputError


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        InputError: if the file is missing, cannot be read, or holds no JSON object.
    """
    return parse_json(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The content of a text file.

    Raises:
        InputError: if the file is missing or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text, so not JSON") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def parse_json(text: str, where: str) -> dict[str, Any]:
    """The object that `text` describes.

    Raises:
        InputError: if it is not JSON, or not an object.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers and nesting without end
        raise InputError(f"{where} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"{where} should hold a JSON object, found {type(value).__name__}")
    return value
