"""Reads a run's explorer folder."""

from pathlib import Path
from typing import Any

from vaelab.errors import InputError
from vaelab.explorer.content import (
    DECODER,
    ENCODER,
    FOLDER,
    IMAGES,
    PRIOR,
    RECORD,
    SAMPLES,
    SCHEMA_VERSION,
    TENSORS,
    Dimension,
    Explorer,
    LatentMap,
    Plane,
    Sprite,
)
from vaelab.runs import Run, read_json, read_tensors


def read_explorer(run: Run) -> Explorer:
    """The explorer that `write_explorer` made of a run.

    Raises:
        InputError: if there is none, the model cannot be exported, the weights have changed since,
            or files are missing or corrupt.
    """
    folder = run.path / FOLDER
    file = folder / RECORD
    if not file.exists():
        raise InputError(f"{run.path} has no explorer yet; run its `vaelab study` again")
    record = read_json(file)
    try:
        _require_current(record, run, folder)
        if record["absence"]:
            raise InputError(f"{run.path} has no explorer: {record['absence']}")
        return _explorer_from(record, folder)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file} is corrupt: {error}; delete {folder}") from None


def _require_current(record: dict[str, Any], run: Run, folder: Path) -> None:
    if record["schema_version"] != SCHEMA_VERSION:
        raise InputError(
            f"{folder / RECORD} was written by another version of vaelab; delete {folder} and run "
            "its `vaelab study` again"
        )
    if record["weights_fingerprint"] != run.weights_fingerprint():
        raise InputError(
            f"{folder} belongs to other weights than {run.path} has now; run its `vaelab study` "
            "again"
        )


def _explorer_from(record: dict[str, Any], folder: Path) -> Explorer:
    maps = [_map_from(each) for each in record["maps"]]
    dimensions = [Dimension(**each) for each in record["dimensions"]]
    tensors = read_tensors(folder / TENSORS)
    needed = {each.kind for each in maps} | ({"codes"} if dimensions else set())
    missing = needed - tensors.keys()
    if missing:
        raise InputError(f"{folder / TENSORS} lacks {', '.join(sorted(missing))}; delete {folder}")
    note = record["sampling_note"]
    return Explorer(
        encoder=_present(folder / ENCODER),
        decoder=_present(folder / DECODER),
        prior=None if note else _present(folder / PRIOR),
        images=_present(folder / IMAGES),
        samples=folder / SAMPLES if (folder / SAMPLES).is_file() else None,
        sampling_note=note,
        sprite=Sprite(**record["sprite"]),
        latent_size=record["latent_size"],
        class_count=record["class_count"],
        noise_size=record["noise_size"],
        center=record["center"],
        dimensions=dimensions,
        maps=maps,
        tensors=tensors,
    )


def _map_from(values: dict[str, Any]) -> LatentMap:
    plane = values["plane"]
    x_label, y_label = values["axis_labels"]
    return LatentMap(
        kind=values["kind"],
        title=values["title"],
        axis_labels=(x_label, y_label),
        plane=None if plane is None else Plane(**plane),
    )


def _present(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path} is missing; delete {path.parent} and run `vaelab study` again")
    return path
