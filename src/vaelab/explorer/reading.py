"""Reads a run's explorer folder."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vaelab import settings
from vaelab.errors import InputError, unknown_name
from vaelab.explorer.content import (
    DECODER,
    ENCODER,
    FOLDER,
    IMAGES,
    MAP_KINDS,
    PRIOR,
    RECORD,
    SAMPLES,
    SCHEMA_VERSION,
    TENSORS,
    Dimension,
    Explorer,
    LatentMap,
    Sprite,
)
from vaelab.pictures import read_picture
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
    _require_current(record, run, folder)
    try:
        parsed = _parsed(record)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InputError(f"{file} is corrupt: {error}; delete {folder}") from None
    return _with_files(parsed, folder)


def images_note(run: Run) -> str:
    """What a run's explorer shows in place of test images; empty if it shows these.

    Raises:
        InputError: if its record cannot be read.
    """
    file = run.path / FOLDER / RECORD
    return str(read_json(file).get("images_note", "")) if file.exists() else ""


def _require_current(record: dict[str, Any], run: Run, folder: Path) -> None:
    if record.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{folder / RECORD} was written by another version of vaelab; delete {folder} and run "
            "its `vaelab study` again"
        )
    if record.get("weights_fingerprint") != run.weights_fingerprint():
        raise InputError(
            f"{folder} belongs to other weights than {run.path} has now; run its `vaelab study` "
            "again"
        )
    if record.get("absence"):
        raise InputError(f"{run.path} has no explorer: {record['absence']}")


def _parsed(record: dict[str, Any]) -> dict[str, Any]:
    """The fields of `Explorer` that the record has."""
    json.dumps(record, allow_nan=False)  # numbers that a page cannot show are errors
    latent_size = int(record["latent_size"])
    return {
        "sampling_note": str(record["sampling_note"]),
        "sprite": settings.read_as(Sprite, record["sprite"], "sprite"),
        "latent_size": latent_size,
        "class_count": int(record["class_count"]),
        "noise_size": int(record["noise_size"]),
        "center": [float(each) for each in record["center"]],
        "dimensions": [
            settings.read_as(Dimension, each, "dimension") for each in record["dimensions"]
        ],
        "maps": [_map_from(each, latent_size) for each in record["maps"]],
    }


def _map_from(values: Any, latent_size: int) -> LatentMap:
    read = settings.read_as(LatentMap, values, "map")
    if read.kind not in MAP_KINDS:
        raise unknown_name("kind of map", read.kind, MAP_KINDS)
    lengths = {len(read.axis_labels)}
    if read.plane is not None:
        lengths.add(len(read.plane.axes))
        if {len(each) for each in (read.plane.origin, *read.plane.axes)} != {latent_size}:
            raise ValueError(f"the plane of map {read.kind} should have {latent_size} dimensions")
    if lengths != {2}:
        raise ValueError(f"map {read.kind} should have two axes")
    return read


def _with_files(parsed: dict[str, Any], folder: Path) -> Explorer:
    sprite = parsed["sprite"]
    tensors = _checked_tensors(
        folder / TENSORS, parsed["latent_size"], sprite.count, parsed["maps"]
    )
    if parsed["dimensions"] and "codes" not in tensors:
        raise InputError(f"{folder / TENSORS} lacks codes; delete {folder}")
    _require_picture(folder / IMAGES, sprite)
    return Explorer(
        **parsed,
        encoder=_present(folder / ENCODER),
        decoder=_present(folder / DECODER),
        prior=None if parsed["sampling_note"] else _present(folder / PRIOR),
        images=folder / IMAGES,
        samples=_samples(folder / SAMPLES),
        tensors=tensors,
    )


def _checked_tensors(
    path: Path, latent_size: int, count: int, maps: list[LatentMap]
) -> dict[str, Tensor]:
    """Codes, labels and the coordinates of maps; their names become names of files.

    Raises:
        InputError: if one is missing, or has another name, type or shape than that of
            `write_explorer`.
    """
    tensors = read_tensors(path)
    expected = {"codes": (torch.float32, (count, latent_size)), "labels": (torch.uint8, (count,))}
    for each in maps:
        if each.kind not in tensors:
            raise InputError(f"{path} lacks {each.kind}; delete {path.parent}")
        if each.kind != "codes":
            expected[each.kind] = (torch.float32, (count, 2))
    for name, value in tensors.items():
        if expected.get(name) != (value.dtype, tuple(value.shape)):
            raise InputError(
                f"{path}: {name} is {value.dtype} of shape {tuple(value.shape)}, which does not "
                f"fit {RECORD}; delete {path.parent}"
            )
    return tensors


def _require_picture(path: Path, sprite: Sprite) -> None:
    """Refuse a picture that cannot be shown, or whose images lie elsewhere.

    Raises:
        InputError: saying what is wrong.
    """
    rows = -(-sprite.count // max(sprite.columns, 1))
    expected = (sprite.columns * sprite.width, rows * sprite.shown_height)
    picture = read_picture(_present(path))
    if picture.size != expected:
        raise InputError(
            f"{path} has {picture.width} x {picture.height} pixels, and {RECORD} says "
            f"{expected[0]} x {expected[1]}; delete {path.parent}"
        )


def _samples(path: Path) -> Path | None:
    """The picture of stored samples, if there is one.

    Raises:
        InputError: if it cannot be read as an image.
    """
    if not path.is_file():
        return None
    read_picture(path)
    return path


def _present(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path} is missing; delete {path.parent} and run `vaelab study` again")
    return path
