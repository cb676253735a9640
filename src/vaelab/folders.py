"""Folders that vaelab replaces as a whole, and links that lead out of a folder.

A folder that vaelab made has a mark, which lists its files. Only these files are ever removed.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path

from vaelab.errors import InputError
from vaelab.files import rename, sync_file, sync_folder, unwritable, write_json
from vaelab.locks import wait_for_lock

MARK = ".vaelab.json"


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a folder, empty but for its mark, that takes the place of `path` on success.

    Files of the former folder that vaelab did not write are moved into the new one.

    Raises:
        InputError: if `path` is a link or was not made by vaelab, if the new folder has a file of
            the same name as one that is to be kept, or if it cannot be written.
    """
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with wait_for_lock(path.with_name(f".{path.name}.lock")):
        aside = _hidden(path, "partial")
        with _writing(path):
            require_no_link(path)
            _finish_interrupted(path)
            _require_own(path)
            aside.mkdir()
            write_json(aside / MARK, {"made_by": "vaelab"})
        try:
            with _writing(path):
                yield aside
                _seal(aside)
                _replace(path, aside)
        finally:
            _remove(aside)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


def require_no_link(path: Path) -> None:
    """Refuse a path that is a symbolic link, because what it names lies elsewhere.

    Raises:
        InputError: if it is one.
    """
    if path.is_symlink():
        raise InputError(
            f"{path} is a symbolic link, and vaelab writes nothing through links: replace it by "
            "the folder or file itself"
        )


def require_no_way_out(folder: Path) -> None:
    """Refuse a folder that has symbolic links to places outside of it.

    Raises:
        InputError: naming the first one.
    """
    root = _real(folder)
    for place, folders, files in os.walk(root):
        # The path shows junctions of Windows too, which are no symbolic links.
        elsewhere = [name for name in folders if _real(Path(place, name)) != Path(place, name)]
        links = elsewhere + [name for name in files if Path(place, name).is_symlink()]
        for name in sorted(links):
            entry = Path(place, name)
            if not _real(entry).is_relative_to(root):
                raise InputError(
                    f"{folder / entry.relative_to(root)} is a symbolic link that leads out of "
                    f"{folder}: replace it by a copy of what it names"
                )
        folders[:] = [name for name in folders if name not in elsewhere]


def require_inside(path: Path, folder: Path) -> None:
    """Refuse a path that does not lie in a folder.

    Raises:
        InputError: if it does not, once all links are followed.
    """
    if not _real(path).is_relative_to(_real(folder)):
        raise InputError(f"{path} lies outside of {folder}: copy it there")


def _real(path: Path) -> Path:
    """The path with all links followed; a link to itself stays."""
    return Path(os.path.realpath(path))


def _hidden(path: Path, end: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{end}")


def _require_own(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_dir() or (not (path / MARK).is_file() and any(path.iterdir())):
        raise InputError(
            f"{path} is to be written, but something that vaelab did not make is there (it has no "
            f"{MARK}): rename it or move it away, and repeat the command"
        )


def _seal(folder: Path) -> None:
    """List all files in the mark, and sync them."""
    files = sorted(
        each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()
    )
    write_json(folder / MARK, {"made_by": "vaelab", "files": files})
    for name in files:
        sync_file(folder / name)
    sync_folder(folder)


def _own_files(folder: Path) -> frozenset[str]:
    """The files that the mark lists; none if it cannot be read, so that none is removed."""
    try:
        files = json.loads((folder / MARK).read_text(encoding="utf-8")).get("files", [])
        return frozenset({MARK, *map(str, files)})
    except (OSError, ValueError, RecursionError, AttributeError, TypeError):
        return frozenset({MARK})


def _replace(path: Path, aside: Path) -> None:
    """Put the new folder into the place of the former one, and keep what is not vaelab's."""
    if not path.exists():
        rename(aside, path)
        sync_folder(path.parent)
        return
    foreign = _foreign(path, _own_files(path))
    for each in foreign:
        if (aside / each).exists():
            raise InputError(
                f"{path / each} is not in {MARK}, the list of what vaelab wrote, and the new "
                f"{path.name} has a file of that name: move {path} away, and repeat the command"
            )
    former = _hidden(path, "before")
    rename(path, former)
    try:
        rename(aside, path)
    except OSError:
        rename(former, path)
        raise
    _keep(former, path)
    sync_folder(path.parent)


def _foreign(folder: Path, own: Set[str], place: str = "") -> list[str]:
    """Files, links and folders without any of vaelab's files, relative to the folder."""
    found = []
    for entry in sorted(os.scandir(folder / place), key=lambda entry: entry.name):
        name = f"{place}{entry.name}"
        if entry.is_dir(follow_symlinks=False) and any(each.startswith(f"{name}/") for each in own):
            found += _foreign(folder, own, f"{name}/")
        elif name not in own:
            found.append(name)
    return found


def _keep(former: Path, path: Path) -> None:
    """Move what is not vaelab's from the former folder into the new one; remove the rest."""
    own = _own_files(former)
    for name in _foreign(former, own):
        if not os.path.lexists(path / name):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            rename(former / name, path / name)
    if not _foreign(former, own):
        _remove(former)


def _remove(folder: Path) -> None:
    """Remove a folder that vaelab made, the mark last, by which it is known."""
    if not folder.exists():
        return
    for entry in folder.iterdir():
        if entry.name != MARK and entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != MARK:
            with contextlib.suppress(OSError):
                entry.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _finish_interrupted(path: Path) -> None:
    """Finish what a process that was killed had begun."""
    begun = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.(partial|before)")
    for entry in sorted(path.parent.iterdir()):
        found = begun.fullmatch(entry.name)
        if not found or entry.is_symlink() or not entry.is_dir():
            continue
        if not (entry / MARK).is_file():
            with contextlib.suppress(OSError):
                entry.rmdir()  # only if it is empty
        elif found[1] == "partial":
            _remove(entry)
        elif not os.path.lexists(path):
            rename(entry, path)
        else:
            with contextlib.suppress(OSError):
                _keep(entry, path)
