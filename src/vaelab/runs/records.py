"""The records of epochs: metrics.jsonl."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vaelab.errors import InputError
from vaelab.files import write_text
from vaelab.runs.json_files import parse_json, read_text


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records in a file, one for each epoch; none if there is no file.

    Raises:
        InputError: naming the first line that is not a record.
    """
    if not path.exists():
        return []
    lines = read_text(path).splitlines()
    return [
        checked(parse_json(line, f"{path} line {i}"), f"{path} line {i}", i)
        for i, line in enumerate(lines, 1)
    ]


def write_records(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Replace a file of records atomically."""
    write_text(path, _text(records))


def are_in(path: Path, records: Sequence[dict[str, Any]]) -> bool:
    """Whether a file holds these records and nothing else."""
    try:
        return read_text(path) == _text(records)
    except InputError:
        return False


def _text(records: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(record, allow_nan=False) + "\n" for record in records)


def checked(record: Any, where: str, epoch: int) -> dict[str, Any]:
    """A record with its epoch, selection loss, and scalars by split.

    Raises:
        InputError: naming the value that is missing or of another type.
    """
    if not isinstance(record, dict):
        raise InputError(f"{where} should be an object, found {record!r:.40}")
    numbers = {"selection_loss": record.get("selection_loss")}
    for split in ("train", "validation"):
        scalars = record.get(split)
        if not isinstance(scalars, dict):
            raise InputError(f"{where}: {split} should be an object, found {scalars!r:.40}")
        numbers |= {f"{split}.{name}": value for name, value in scalars.items()}
    for name, value in numbers.items():
        is_absent = value is None and name != "selection_loss"
        if not is_absent and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(f"{where}: {name} should be a number, found {value!r:.40}")
    if record.get("epoch") != epoch:
        raise InputError(f"{where}: expected epoch {epoch}, found {record.get('epoch')!r:.40}")
    return record
