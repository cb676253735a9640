"""Tensors in safetensors files."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from vaelab.errors import InputError
from vaelab.files import atomic_write


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file.

    Raises:
        InputError: if it is missing or damaged.
    """
    try:
        # Read, not mapped: Windows replaces no file that is mapped. The library's own reader opens
        # no path that is not UTF-8.
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    return parse_tensors(content, path)


def parse_tensors(content: bytes, path: Path) -> dict[str, Tensor]:
    """All tensors in the content of a safetensors file.

    Raises:
        InputError: if it is damaged.
    """
    try:
        tensors: dict[str, Tensor] = load(content)
    # For types that it does not know the library raises KeyError.
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise InputError(f"{path} cannot be read as safetensors: {error}") from None
    return tensors


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file atomically."""
    write_content(path, serialized(tensors))


def serialized(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Tensors as the content of a safetensors file."""
    content: bytes = save(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, metadata
    )
    return content


def write_content(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with atomic_write(path) as partial:
        partial.write_bytes(content)


def load_weights(model: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Put `weights`, read from `path`, into `model`.

    Raises:
        InputError: if names or shapes differ from those of the model.
    """
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise InputError(
                f"{path}: tensor {name} should have shape {expected.get(name)}, "
                f"found {found.get(name)}; the file belongs to another configuration"
            )
    model.load_state_dict(weights)
