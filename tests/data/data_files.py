"""Small files of every format, and assertions that a bad one gives a one-line error."""

import gzip
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vaelab.errors import InputError


@contextmanager
def refused(
    *parts: object, kind: type[InputError] = InputError
) -> Iterator[pytest.ExceptionInfo[InputError]]:
    """The block raises an error of this kind with a one-line message that contains all `parts`."""
    with pytest.raises(kind) as caught:
        yield caught
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert str(part) in message, message


def data_or_one_line(read: Callable[..., Any], *arguments: object) -> Any:
    """The result of `read`, or None after a one-line `InputError`; other exceptions propagate."""
    try:
        return read(*arguments)
    except InputError as error:
        message = str(error)
    assert message
    assert "\n" not in message
    return None


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    header = struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape)
    return header + array.tobytes()


def write_idx(path: Path, array: NDArray[np.uint8]) -> Path:
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_csv(
    path: Path, images: NDArray[np.uint8], labels: NDArray[np.integer], *, header: bool = True
) -> Path:
    table = np.column_stack([labels, images.reshape(len(images), -1)])
    names = ",".join(["label", *(f"pixel{i}" for i in range(1, table.shape[1]))])
    np.savetxt(path, table, "%d", ",", header=names if header else "", comments="")
    return path


def leftovers(folder: Path) -> list[str]:
    """Names of temporary files anywhere below `folder`."""
    return [path.name for path in folder.rglob("*") if ".partial" in path.name]


def with_damage(content: bytes, position: int, damage: bytes) -> bytes:
    position %= len(content)
    return content[:position] + damage + content[position + len(damage) :]


def follow_advice(message: object, **variables: object) -> Any:
    """The value of the code in a message."""
    (code,) = re.findall("`(.+?)`", str(message))
    return eval(code, {"np": np, **variables})  # noqa: S307
