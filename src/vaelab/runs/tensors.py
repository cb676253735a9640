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
        tensors: dict[str, Tensor] = load(path.read_bytes())
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} cannot be read as safetensors: {error}") from None
    return tensors


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file atomically."""
    content = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
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
