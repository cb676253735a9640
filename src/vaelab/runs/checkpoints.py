"""The checkpoints of a run: the full state that training resumes from, and the one before it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from vaelab.documents import read_json
from vaelab.errors import InputError, note
from vaelab.files import (
    find_damage,
    rename,
    sync_folder,
    unwritable,
    write_checksums,
    write_json,
)
from vaelab.runs.stored_values import check_checkpoint
from vaelab.runs.tensors import read_tensors, write_tensors

CHECKPOINT_VERSION = 5

NEWEST, INCOMPLETE, PREVIOUS = "checkpoint", "checkpoint.new", "checkpoint.before"
_TENSORS, _VALUES = "tensors.safetensors", "state.json"


def save_checkpoint(run: Path, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    """Write a checkpoint into the folder `run`; the previous one is kept.

    Raises:
        InputError: for what the operating system refuses; the existing checkpoints stay.
    """
    newest, incomplete, previous = (run / name for name in (NEWEST, INCOMPLETE, PREVIOUS))
    try:
        shutil.rmtree(incomplete, ignore_errors=True)
        incomplete.mkdir()
        write_tensors(incomplete / _TENSORS, tensors)
        write_json(incomplete / _VALUES, {"schema_version": CHECKPOINT_VERSION, **values})
        write_checksums(incomplete, (_TENSORS, _VALUES))
        sync_folder(incomplete)
        if newest.exists():
            shutil.rmtree(previous, ignore_errors=True)
            rename(newest, previous)
        rename(incomplete, newest)
        sync_folder(run)
    except OSError as error:
        raise unwritable(newest, error) from error
    finally:
        shutil.rmtree(incomplete, ignore_errors=True)


def load_checkpoint(run: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and values of the newest undamaged checkpoint, or None where there is none yet.

    Raises:
        InputError: if all checkpoints are damaged, or of another version.
    """
    folder = _undamaged(run, (_TENSORS, _VALUES), report=note)
    return None if folder is None else (read_tensors(folder / _TENSORS), _values(folder))


def load_checkpoint_values(run: Path) -> dict[str, Any] | None:
    """The values of the newest checkpoint, without its tensors.

    Raises:
        InputError: as `load_checkpoint`.
    """
    folder = _undamaged(run, (_VALUES,), report=lambda _: None)
    return None if folder is None else _values(folder)


def _undamaged(run: Path, names: tuple[str, ...], report: Callable[[str], None]) -> Path | None:
    """The newest checkpoint whose files of these names match their sums."""
    found, damages = _search(run, names)
    if damages and found is not None:
        report(f"{damages[0]}; resuming from {found.name}, which is undamaged")
    if damages and found is None:
        raise InputError(
            f"{'; '.join(damages)}; no checkpoint is undamaged, so that the training cannot be "
            "resumed: train into another --out"
        )
    return found


def _search(run: Path, names: tuple[str, ...]) -> tuple[Path | None, list[str]]:
    """The newest undamaged checkpoint, and what is wrong with any newer one."""
    newest, previous = run / NEWEST, run / PREVIOUS
    while True:
        seen, damages = _stamp(newest), list[str]()
        # Killed between the two renames of `save_checkpoint`, only the previous one exists.
        for folder in (newest, previous):
            damage = find_damage(folder, names) if folder.exists() else ""
            if damage is None:
                return folder, damages
            damages += [damage] if damage else []
        if not damages or _stamp(newest) == seen:
            return None, damages
        # Another process, which trains the run, has just written a new one.


def _values(folder: Path) -> dict[str, Any]:
    values = read_json(folder / _VALUES)
    version = values.get("schema_version")
    if version != CHECKPOINT_VERSION:
        raise InputError(
            f"{folder} has schema version {version!r}, this vaelab reads {CHECKPOINT_VERSION}; "
            "resume with the vaelab that wrote it, or train into another --out"
        )
    check_checkpoint(values, folder)
    return values


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Changes when another folder takes the place of this one."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
