"""The file of a run's weights: safetensors, with a sum of its content and a mark of its run."""

import copy
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from vaelab.errors import InputError
from vaelab.models.contract import LatentVariableModel
from vaelab.runs.tensors import parse_tensors, serialized, write_content

# One entry of the metadata, because the library writes several in any order: the sum and the mark.
_ENTRY = "vaelab"


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights as they were read.

    Attributes:
        tensors: by name.
        fingerprint: SHA-256 of the file that they were read from.
        mark: of the run that they belong to.
    """

    tensors: dict[str, Tensor]
    fingerprint: str
    mark: str


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained model in evaluation mode.

    Attributes:
        model: with the weights to use.
        fingerprint: SHA-256 of the file that they were read from.
    """

    model: LatentVariableModel
    fingerprint: str


def read_weights(path: Path) -> Weights:
    """The weights in a file, which is read once.

    Raises:
        FileNotFoundError: if there is no file.
        InputError: if it cannot be read, or is damaged.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    tensors = parse_tensors(content, path)
    entry, digest = _entry_and_sum(content)
    if not entry:
        raise InputError(f"{path} has no checksum, so vaelab did not write it; {_advice(path)}")
    stored_digest, _, mark = entry.partition(" ")
    if stored_digest != digest:
        raise InputError(f"{path} is damaged: its SHA-256 checksum does not match; {_advice(path)}")
    return Weights(tensors, hashlib.sha256(content).hexdigest(), mark)


def parameter_count(path: Path) -> int | None:
    """Numbers in a file of weights, from its header; None if there is no such file."""
    if not path.exists():
        return None
    with safe_open(path, "np") as tensors:
        shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
    return sum(map(math.prod, shapes))


def require_mark(weights: Weights, stored: Mapping[str, Any], path: Path) -> None:
    """Refuse the weights of another run.

    Args:
        weights: as they were read.
        stored: config.json of the run that they must belong to.
        path: of their file.

    Raises:
        InputError: if they belong to other settings or other training images.
    """
    if weights.mark != _mark(stored):
        raise InputError(
            f"{path} belongs to another configuration or to other images than {path.parent}; "
            f"{_advice(path)}"
        )


def require_finite(model: nn.Module, path: Path) -> None:
    """Refuse parameters that are not finite; buffers may be infinite, as masks are.

    Raises:
        InputError: naming the first one.
    """
    for name, value in model.named_parameters():
        if not torch.isfinite(value).all():
            raise InputError(
                f"{path}: tensor {name} has values that are NaN or infinite; {_advice(path)}"
            )


def _advice(path: Path) -> str:
    return f"if the run has a checkpoint, `vaelab train {path.parent}` restores it from there"


def write_weights(path: Path, tensors: dict[str, Tensor], stored: Mapping[str, Any]) -> None:
    """Write a file of weights, atomically; equal weights of equal runs give equal files.

    Args:
        path: of the file.
        tensors: by name.
        stored: config.json of the run.
    """
    _, digest = _entry_and_sum(serialized(tensors))
    write_content(path, serialized(tensors, {_ENTRY: f"{digest} {_mark(stored)}"}))


def _entry_and_sum(content: bytes) -> tuple[str, str]:
    """The entry in a valid file, and the sum of all else: names, types, shapes and values."""
    start = 8 + int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8:start])
    entry = str(header.pop("__metadata__", {}).get(_ENTRY, ""))
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(memoryview(content)[start:])
    return entry, digest.hexdigest()


# Of config.json: what does not change the weights, and paths, which change when folders are moved.
_NOT_MARKED = (
    ("preset",),
    ("vaelab_version",),
    ("capabilities",),
    ("precision",),
    ("data", "name"),
    ("data", "path"),
    ("data", "test_count"),
    ("training", "epochs"),
    ("training", "continued_from_epochs"),
    ("parent", "run"),
    ("initial_weights", "run"),
    ("data_card", "name"),
    ("data_card", "source"),
    ("data_card", "test_fingerprint"),
)


def _mark(stored: Mapping[str, Any]) -> str:
    """SHA-256 of the settings in config.json and its data card, up to the number of epochs.

    As they are in the file: a later version of vaelab may have more settings, with defaults.
    """
    marked = copy.deepcopy(dict(stored))
    for *groups, name in _NOT_MARKED:
        group: Any = marked
        for each in groups:
            group = group.get(each)
        if isinstance(group, dict):
            group.pop(name, None)
    text = json.dumps(marked, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
