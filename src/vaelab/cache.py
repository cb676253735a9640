"""The folder of the cache: downloads, features of real images, trained reference classifiers."""

import functools
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vaelab.errors import InputError, note

ADVICE = "set XDG_CACHE_HOME to a folder that can be written"
# Other libraries with caches in the home folder, or in one named after the user.
_LIBRARIES = {
    "MPLCONFIGDIR": "matplotlib",
    "NUMBA_CACHE_DIR": "numba",
    "TORCHINDUCTOR_CACHE_DIR": "torchinductor",
    "TRITON_CACHE_DIR": "triton",
}
# On a full disk an empty file can be written.
_PROBE_BYTES = 4096


def usual_cache_folder() -> Path | None:
    """The folder `vaelab` in `$XDG_CACHE_HOME` or ~/.cache; None without a home folder."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vaelab"
    except RuntimeError:
        return None


def cache_folder() -> Path:
    """The folder of vaelab's cache, which exists and can be written.

    Where the usual one cannot, as in some containers, it is a folder of this user among temporary
    files, and a note says so.

    Raises:
        InputError: if that folder cannot be written either.
    """
    usual = usual_cache_folder()
    if usual is None:
        return _use_temporary_cache("there is no home folder for a cache")
    problem = _cache_problem(usual)
    return usual if problem is None else _use_temporary_cache(problem)


@contextmanager
def updating_cache() -> Iterator[None]:
    """If the cache cannot be written in this context, a note says so and the work continues."""
    try:
        yield
    except InputError as error:
        note(f"{error} with XDG_CACHE_HOME; continuing without this part of the cache")


@functools.cache
def _use_temporary_cache(problem: str) -> Path:
    folder = temporary_cache_folder()
    also = _cache_problem(folder)
    if also is None and sys.platform != "win32" and folder.parent.lstat().st_uid != os.getuid():
        also = f"{folder.parent} belongs to another user"
    if also is not None:
        raise InputError(f"{problem}; {also}; {ADVICE}")
    libraries = {variable: str(folder / name) for variable, name in _LIBRARIES.items()}
    # Otherwise the process that started this one has said it.
    if not libraries.items() <= os.environ.items():
        note(f"{problem}; using {folder}, which may be deleted; {ADVICE}")
    for variable, value in libraries.items():
        os.environ.setdefault(variable, value)
    return folder


def temporary_cache_folder() -> Path:
    """Where the cache is if the usual folder cannot be written: this user's in all processes."""
    name = "vaelab"
    if sys.platform != "win32":  # where each user has another folder of temporary files
        name += f"-{os.getuid()}"
    return Path(tempfile.gettempdir(), name, "vaelab")


def _cache_problem(folder: Path) -> str | None:
    """Why the folder cannot be a cache; it is made if possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE_BYTES))
    except OSError as error:
        return f"the cache {folder} cannot be written ({error.strerror or error})"
    return None
