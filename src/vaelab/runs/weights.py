"""The file of a run's weights: safetensors, with a sum of its content and a mark of its run."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vaelab import settings
from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.models.contract import LatentVariableModel
from vaelab.runs.data_card import DataCard
from vaelab.runs.tensors import parse_tensors, serialized, write_content

# One entry of the metadata, because the library writes several in any order: the sum and the mark.
_ENTRY = "vaelab"
_ADVICE = "`vaelab train` with the run's folder restores it from the checkpoint"


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
        InputError: if it cannot be read, is damaged, or has values that are not finite.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    tensors = parse_tensors(content, path)
    entry, digest = _entry_and_sum(content)
    stored_digest, _, mark = entry.partition(" ")
    if stored_digest != digest:
        raise InputError(f"{path} is damaged: its SHA-256 checksum does not match; {_ADVICE}")
    for name, value in tensors.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise InputError(f"{path}: tensor {name} has values that are NaN or infinite")
    return Weights(tensors, hashlib.sha256(content).hexdigest(), mark)


def require_mark(weights: Weights, config: Config, data: DataCard, path: Path) -> None:
    """Refuse the weights of another run.

    Args:
        weights: as they were read.
        config: of the run that they must belong to.
        data: of that run.
        path: of their file.

    Raises:
        InputError: if they belong to other settings or other training images.
    """
    if weights.mark != _mark(config, data):
        raise InputError(
            f"{path} belongs to another configuration or to other images than {path.parent}; "
            f"{_ADVICE}"
        )


def write_weights(path: Path, tensors: dict[str, Tensor], config: Config, data: DataCard) -> None:
    """Write a file of weights, atomically; equal weights of equal runs give equal files."""
    _, digest = _entry_and_sum(serialized(tensors))
    write_content(path, serialized(tensors, {_ENTRY: f"{digest} {_mark(config, data)}"}))


def _entry_and_sum(content: bytes) -> tuple[str, str]:
    """The entry in a valid file, and the sum of all else: names, types, shapes and values."""
    start = 8 + int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8:start])
    entry = str(header.pop("__metadata__", {}).get(_ENTRY, ""))
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(memoryview(content)[start:])
    return entry, digest.hexdigest()


def _mark(config: Config, data: DataCard) -> str:
    """SHA-256 of what the weights are determined by, up to the number of epochs."""
    # In the form in which it is read from the file, where an integer may have become a float.
    values = settings.to_dict(settings.from_dict(settings.to_dict(config), Config))
    for name in ("epochs", "continued_from_epochs"):
        del values["training"][name]
    for name in ("parent", "initial_weights"):
        if values[name] is not None:
            del values[name]["run"]  # a path, which changes when folders are moved
    # The preset is a name, and the images may be found elsewhere under another one.
    chosen = {key: value for key, value in values.items() if key not in ("preset", "data")}
    text = json.dumps([chosen, data.train_fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
