"""Checks of what a run has stored: the types of records, checkpoints and evaluations.

A file with a correct checksum may still have been written by another program.
"""

from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from vaelab.documents import read_json
from vaelab.errors import InputError

NUMBER, TEXT, FLAG = (int, float), (str,), (bool,)

_CHECKPOINT_FIELDS: dict[str, tuple[type, ...]] = {
    "epochs_done": (int,),
    "steps_done": (int,),
    "scalars": (list,),
    "seconds": NUMBER,
    "best_epoch": (int,),
    "best_loss": (*NUMBER, NoneType),
    "stages_done": (int,),
    "world_size": (int,),
    "records": (list,),
}
_FIELDS_OF_ALL_CHECKPOINTS = ("epochs_done", "steps_done", "stages_done", "records")
"""The others are those of a training by gradient, whose checkpoints have all of them."""

_RESULT_FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("value", "standard_error", "floor", "baseline"), (*NUMBER, NoneType)),
    **dict.fromkeys(("count", "seed"), (int, NoneType)),
    **dict.fromkeys(("unit", "label", "meaning", "group", "caveat"), (*TEXT, NoneType)),
    **dict.fromkeys(("direction", "split", "features", "features_name"), (*TEXT, NoneType)),
    **dict.fromkeys(("is_headline", "given_label"), (*FLAG, NoneType)),
}
_MISSING = {"count": 0, "unit": "", **dict.fromkeys(("direction", "standard_error"))}
_MISSING |= dict.fromkeys(("value", "floor", "baseline"))


def check_record(record: Mapping[str, Any], where: str, epoch: int) -> None:
    """Check the record of an epoch: its number, selection loss, and scalars by split.

    Raises:
        InputError: naming the first field of another type.
    """
    numbers = {"selection_loss": record.get("selection_loss")}
    for split in ("train", "validation"):
        scalars = record.get(split)
        if not isinstance(scalars, dict):
            raise _unexpected(where, split, "an object", scalars)
        numbers |= {f"{split}.{name}": value for name, value in scalars.items()}
    for name, value in numbers.items():
        is_absent = value is None and name != "selection_loss"
        if not is_absent and not _is_one_of(NUMBER, value):
            raise _unexpected(where, name, "a number", value)
    if record.get("epoch") != epoch:
        raise InputError(f"{where}: expected epoch {epoch}, found {record.get('epoch')!r:.40}")


def check_checkpoint(values: Mapping[str, Any], folder: Path) -> None:
    """Check the values of a checkpoint.

    Raises:
        InputError: naming the first field that is missing or of another type, and what to do.
    """
    advice = f"delete {folder} to resume from the checkpoint before it, if there is one"
    others = _CHECKPOINT_FIELDS.keys() - set(_FIELDS_OF_ALL_CHECKPOINTS)
    is_by_gradient = bool(others & values.keys())
    for name in _CHECKPOINT_FIELDS if is_by_gradient else _FIELDS_OF_ALL_CHECKPOINTS:
        value = values.get(name)
        is_negative = isinstance(value, int) and value < 0 and name != "best_loss"
        if not _is_one_of(_CHECKPOINT_FIELDS[name], value) or is_negative:
            expected = _described(_CHECKPOINT_FIELDS[name])
            raise InputError(f"{_unexpected(str(folder), name, expected, value)}; {advice}")
    if not all(isinstance(each, str) for each in values.get("scalars", [])):
        raise InputError(f"{folder}: scalars should be names; {advice}")
    count, best = len(values["records"]), values.get("best_epoch", 0)
    has_best_loss = values.get("best_loss") is not None
    if values.get("epochs_done", count) != count or best > count or bool(best) != has_best_loss:
        raise InputError(
            f"{folder}: epochs_done, best_epoch and best_loss do not belong to {count} records; "
            f"{advice}"
        )
    for epoch, record in enumerate(values["records"], 1):
        where = f"{folder}: record {epoch}"
        if not isinstance(record, dict):
            raise InputError(f"{where} should be an object, found {record!r:.40}; {advice}")
        check_record(record, where, epoch)


def read_evaluation(file: Path) -> dict[str, Any]:
    """The stored evaluation, with every field that its readers use; empty if there is none.

    Raises:
        InputError: naming the first field of another type.
    """
    if not file.exists():
        return {}
    stored = read_json(file)
    advice = "delete the file and run `vaelab evaluate` again"
    for name in ("metrics", "details", "left_out"):
        if not isinstance(stored.get(name, {}), dict):
            raise InputError(f"{_unexpected(str(file), name, 'an object', stored[name])}; {advice}")
    for name, result in stored.get("metrics", {}).items():
        if not isinstance(result, dict):
            raise InputError(f"{_unexpected(str(file), name, 'an object', result)}; {advice}")
        for field, kinds in _RESULT_FIELDS.items():
            if not _is_one_of(kinds, value := result.get(field)):
                error = _unexpected(str(file), f"{name}.{field}", _described(kinds), value)
                raise InputError(f"{error}; {advice}")
        for field, value in _MISSING.items():
            result[field] = value if result.get(field) is None else result[field]
    for name, reason in stored.get("left_out", {}).items():
        if not isinstance(reason, str):
            raise InputError(f"{_unexpected(str(file), name, 'text', reason)}; {advice}")
    return stored


def _is_one_of(kinds: tuple[type, ...], value: Any) -> bool:
    return type(value) in kinds  # a truth value is an int for `isinstance`


_NAMES = {int: "an integer", float: "a number", str: "text", bool: "true or false", list: "a list"}


def _described(kinds: tuple[type, ...]) -> str:
    return _NAMES[float if float in kinds else kinds[0]]


def _unexpected(where: str, name: str, expected: str, found: Any) -> InputError:
    return InputError(f"{where}: {name} should be {expected}, found {found!r:.40}")
