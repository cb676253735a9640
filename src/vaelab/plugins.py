"""Files and packages of users that define parts: models, priors, objectives, metrics and others."""

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

from vaelab.errors import InputError

GROUP = "vaelab.plugins"


def load(files: Sequence[Path | str]) -> None:
    """Import files that register parts, each once in a process.

    Raises:
        InputError: if a file is missing, or an exception is raised while it runs.
    """
    for file in files:
        _load_file(Path(file))


def load_installed() -> None:
    """Import the modules that installed packages name in the entry-point group `vaelab.plugins`.

    Raises:
        InputError: naming the package whose module cannot be imported.
    """
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:
            raise InputError(
                f"the plugin {point.name} ({point.value}) cannot be imported: {error}; "
                "uninstall or update its package"
            ) from error


def _load_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"plugin {path} is missing; name an existing Python file")
    name = f"vaelab_plugin_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"plugin {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise InputError(f"plugin {_position(path, error)}: {_described(error)}") from error


def _position(path: Path, error: Exception) -> str:
    """The file and the line of it that raised the exception."""
    if isinstance(error, SyntaxError):
        return f"{path} line {error.lineno}"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == path.resolve()
    ]
    return f"{path} line {lines[-1]}" if lines else str(path)


def _described(error: Exception) -> str:
    message = str(error).splitlines()
    return f"{type(error).__name__}: {message[0]}" if message else type(error).__name__
