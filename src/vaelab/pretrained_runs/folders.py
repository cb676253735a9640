"""The folders of pretrained runs: in the package, and the copies that commands work on.

The package is never written. `pretrained:NAME` means runs/pretrained/NAME in the current folder,
and the first use copies the run there.
"""

import shutil
from pathlib import Path

from vaelab.errors import InputError, note, unknown_name
from vaelab.files import fingerprint_of_file
from vaelab.folders import atomic_folder
from vaelab.locks import wait_for_lock

PREFIX = "pretrained:"
PACKAGE = Path(__file__).parents[1] / "pretrained"
COPIES = Path("runs") / "pretrained"
CONFIG, WEIGHTS, RECORD = "config.json", "model.safetensors", "pretrained.json"
EXPLORER = "explorer"


def pretrained_names() -> list[str]:
    """The names of all pretrained runs."""
    return sorted(path.parent.name for path in PACKAGE.glob(f"*/{CONFIG}"))


def packaged(name: str) -> Path:
    """The folder of a pretrained run in the package, to be read only.

    Raises:
        InputError: if there is none of that name.
    """
    names = pretrained_names()
    if name not in names:
        raise unknown_name("pretrained run", name, names)
    return PACKAGE / name


def size_bytes(folder: Path) -> int:
    """Of all files in a folder and its subfolders."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def is_pretrained(path: Path | str) -> bool:
    """Whether a path names a pretrained run, as pretrained:NAME."""
    return str(path).startswith(PREFIX)


def located(path: Path | str) -> Path:
    """The folder that a path names; for pretrained:NAME its copy, made at the first use.

    Raises:
        InputError: if there is no pretrained run of that name, the copy cannot be made, or its
            place has a run with other weights.
    """
    if not is_pretrained(path):
        return Path(path)
    name = str(path).removeprefix(PREFIX)
    source, copy = packaged(name), COPIES / name
    if not (copy / CONFIG).exists():
        # Several processes may use a run for the first time.
        with wait_for_lock(copy.with_name(f".{name}.copying.lock")):
            if not (copy / CONFIG).exists():
                copy_run(source, copy)
                note(f"{PREFIX}{name} was copied to {copy}, which keeps its results")
    _require_same_weights(source, copy)
    return copy


def copy_run(source: Path, copy: Path) -> None:
    """Copy a packaged run, without its explorer, which has no pictures yet.

    Raises:
        InputError: if `copy` cannot be written or has other files.
    """
    with atomic_folder(copy) as folder:
        copy_files(source, folder, without=(EXPLORER, RECORD))


def copy_files(source: Path, folder: Path, *, without: tuple[str, ...] = ()) -> None:
    """Copy the files in a folder and its subfolders, without their permissions.

    A package may be installed read-only.
    """
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_file() and relative.parts[0] not in without:
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / relative)


def _require_same_weights(source: Path, copy: Path) -> None:
    """Refuse a copy of another version of a pretrained run.

    Raises:
        InputError: if its weights are others, or are missing.
    """
    weights = copy / WEIGHTS
    if not weights.is_file() or fingerprint_of_file(weights) != fingerprint_of_file(
        source / WEIGHTS
    ):
        raise InputError(
            f"{copy} has other weights than {PREFIX}{source.name} of this vaelab: rename {copy} "
            "for a new copy, or name that folder itself to use it"
        )
