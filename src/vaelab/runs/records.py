"""The records of epochs: metrics.jsonl."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vaelab.documents import parse_json, read_text
from vaelab.errors import InputError
from vaelab.files import write_text
from vaelab.runs.stored_values import check_record


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records in a file, one for each epoch; none if there is no file.

    Raises:
        InputError: naming the first line that is not a record.
    """
    if not path.exists():
        return []
    lines = read_text(path).splitlines()
    records = []
    for epoch, line in enumerate(lines, 1):
        where = f"{path} line {epoch}"
        record = parse_json(line, where)
        check_record(record, where, epoch)
        records.append(record)
    return records


def write_records(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Replace a file of records atomically."""
    write_text(path, _text(records))


def are_in(path: Path, records: Sequence[dict[str, Any]]) -> bool:
    """Whether a file holds these records and nothing else."""
    try:
        return read_text(path) == _text(records)
    except InputError:
        return False


def begin(path: Path, records: Sequence[dict[str, Any]]) -> bool:
    """Whether a file holds the first of these records, or none yet, and nothing else."""
    try:
        return not records or _text(records).startswith(read_text(path))
    except InputError:
        return False


def _text(records: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(record, allow_nan=False) + "\n" for record in records)
