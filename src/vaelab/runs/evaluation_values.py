"""The values behind stored numbers: one for each image, or one for each bootstrap draw.

evaluation.safetensors   float32, a tensor for each number of evaluation.json that has such values:
                         `per_image.NAME`, whose mean is the number, or `replicates.NAME`, whose
                         standard deviation is its standard error

evaluation.json names the file by its SHA-256 and is written after it. So a killed process, or a
copy of one of the two files, never joins numbers with the values of others.

Letters in shapes: N images.
"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from vaelab.errors import InputError
from vaelab.files import unwritable, write_json
from vaelab.runs.tensors import parse_tensors, serialized, write_content

EVALUATION, VALUES = "evaluation.json", "evaluation.safetensors"
PER_IMAGE, REPLICATES = "per_image.", "replicates."
# Of evaluation.json: the SHA-256 of the file of values.
VALUES_FINGERPRINT = "values_fingerprint"


def write_evaluation(
    folder: Path, evaluation: Mapping[str, Any], values: Mapping[str, Tensor] | None = None
) -> None:
    """Replace the stored evaluation and the values behind it.

    Args:
        folder: of the run or of the samples.
        evaluation: as in evaluation.json.
        values: tensors (N,) by their names in the file; none: those that `evaluation` names.

    Raises:
        InputError: if a file cannot be written.
    """
    stored = dict(evaluation)
    if values is not None:
        stored.pop(VALUES_FINGERPRINT, None)
    if values:
        content = serialized({name: value.float() for name, value in values.items()})
        write_content(folder / VALUES, content)
        stored[VALUES_FINGERPRINT] = hashlib.sha256(content).hexdigest()
    write_json(folder / EVALUATION, stored)
    if values is not None and not values:
        try:
            (folder / VALUES).unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(folder / VALUES, error) from error


def values_fingerprint(evaluation: Mapping[str, Any]) -> str:
    """The SHA-256 of the file of values that belongs to an evaluation; empty if there is none."""
    return str(evaluation.get(VALUES_FINGERPRINT) or "")


def read_values(folder: Path, fingerprint: str) -> dict[str, Tensor]:
    """The values behind the numbers of an evaluation, by their names in the file.

    Empty where the file is missing, damaged or belongs to another evaluation.

    Args:
        folder: of the run or of the samples.
        fingerprint: see `values_fingerprint`.
    """
    if not fingerprint:
        return {}
    try:
        return dict(_read(folder / VALUES, fingerprint))
    except (InputError, OSError):
        return {}


# Of a table, the same few runs are read for each column. The content is found by its fingerprint.
@functools.lru_cache(maxsize=64)
def _read(file: Path, fingerprint: str) -> dict[str, Tensor]:
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != fingerprint:
        raise InputError(f"{file} belongs to another evaluation")
    return parse_tensors(content, file)
