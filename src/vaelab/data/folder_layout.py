"""Which files of a user's folder are which images: its splits and its classes.

A split is a folder called train, val or test (see `SPLITS`); a class is a folder of images.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vaelab.data.image_decoding import FORMAT_NAMES, SUFFIXES
from vaelab.data.reading import reading
from vaelab.errors import InputError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
"""The split that a folder holds, by its name in lower case."""

SYSTEM_FILES = ("thumbs.db", "desktop.ini", "__macosx")
"""In lower case. Hidden files, whose names start with a dot, are passed over too."""

_MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class Layout:
    """The image files of a folder.

    Attributes:
        files: those of each split that exists, in order.
        labels: the class of each file, by split; empty if the images have no classes.
        class_names: the names of the class folders of the training images.
        notes: how the folder was understood, one line each.
    """

    files: dict[str, list[Path]]
    labels: dict[str, list[int]]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


def find_layout(folder: Path) -> Layout:
    """Find the splits and classes in a folder.

    Raises:
        InputError: naming the first folder or file that cannot be used.
    """
    scanner = _Scanner()
    inner = _innermost(scanner, folder)
    parts = _splits(scanner, inner)
    _require_alike(parts)
    class_names = tuple(path.name for path in parts[TRAIN].folders)
    files, labels = dict[str, list[Path]](), dict[str, list[int]]()
    for split, part in parts.items():
        if class_names:
            labeled = _labeled_files(scanner, part, class_names, may_be_empty=split != TRAIN)
            files[split] = [path for path, _ in labeled]
            labels[split] = [label for _, label in labeled]
        else:
            files[split] = part.only_images()
        if not files[split]:
            raise InputError(
                f"{part.path}: expected images, found none; fill or remove this folder"
            )
    notes = [f"the images are in {inner.path}"] if inner.path != folder else []
    for split, part in parts.items():
        where = f" in {printable(part.path.name)}/" if part is not inner else ""
        notes.append(f"{split}: {len(files[split]):,} images{where}")
    return Layout(files, labels, class_names, (*notes, _classes(class_names), *scanner.notes()))


def is_system_file(name: str) -> bool:
    """Whether an operating system or an archiver wrote the file or folder of this name."""
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def printable(name: str) -> str:
    """The name of a file on one line and in characters that any terminal prints."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a folder holds, by name, without files of operating systems."""

    path: Path
    folders: list[Path]
    images: list[Path]
    others: list[Path]

    def only_images(self) -> list[Path]:
        """The images of a folder that must hold nothing else."""
        if self.folders:
            raise InputError(f"{self.folders[0]}: expected only images here, found a folder")
        if self.others:
            raise InputError(
                f"{self.others[0]}: expected a {FORMAT_NAMES} image; convert or remove it"
            )
        return self.images


@dataclass(slots=True)
class _Scanner:
    """Lists folders, each once, and counts the files that it passes over."""

    scanned: dict[Path, _Contents] = field(default_factory=dict)
    passed_over: Counter[str] = field(default_factory=Counter)

    def scan(self, folder: Path) -> _Contents:
        if folder not in self.scanned:
            self.scanned[folder] = self._list(folder)
        return self.scanned[folder]

    def _list(self, folder: Path) -> _Contents:
        found = _Contents(folder, [], [], [])
        with reading(folder), os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = folder / entry.name
                if is_system_file(entry.name):
                    self.passed_over[entry.name] += 1
                elif entry.is_dir():
                    found.folders.append(path)
                elif path.suffix.lower() in SUFFIXES:
                    found.images.append(path)
                else:
                    found.others.append(path)
        return found

    def require_no_images(self, contents: _Contents) -> None:
        """Refuse images next to folders; other files are passed over."""
        if contents.images:
            raise InputError(
                f"{contents.path}: expected images or folders, found both "
                f"({contents.images[0].name} and {contents.folders[0].name})"
            )
        self.passed_over.update(path.name for path in contents.others)

    def notes(self) -> list[str]:
        names = [
            f"{printable(name)} ({count:,})" if count > 1 else printable(name)
            for name, count in sorted(self.passed_over.items())
        ]
        return [f"passed over: {_shortened(names)}"] if names else []


def _innermost(scanner: _Scanner, folder: Path) -> _Contents:
    """The contents of a folder, or of the only folder in it unless that is a class."""
    contents = scanner.scan(folder)
    while len(contents.folders) == 1 and not contents.images:
        (only,) = contents.folders
        if only.name.lower() not in SPLITS and not scanner.scan(only).folders:
            break
        scanner.require_no_images(contents)
        contents = scanner.scan(only)
    return contents


def _splits(scanner: _Scanner, contents: _Contents) -> dict[str, _Contents]:
    """The contents of each split; two folders that are splits are never taken for classes."""
    named = [path for path in contents.folders if path.name.lower() in SPLITS]
    if len(named) < 2:
        return {TRAIN: contents}
    scanner.require_no_images(contents)
    found = ", ".join(path.name for path in named)
    others = [path.name for path in contents.folders if path not in named]
    if others:
        raise InputError(
            f"{contents.path}: expected only splits, as it has {found}; found also "
            f"{_shortened(others)}; move it away, or name the folder of the classes"
        )
    by_split = {SPLITS[path.name.lower()]: path for path in named}
    if len(by_split) < len(named) or TRAIN not in by_split:
        raise InputError(
            f"{contents.path}: expected one folder for each of train, val and test, and at least "
            f"train; found {found}"
        )
    order = [split for split in (TRAIN, VALIDATION, TEST) if split in by_split]
    return {split: _innermost(scanner, by_split[split]) for split in order}


def _require_alike(parts: dict[str, _Contents]) -> None:
    """Refuse splits of which some have classes and some not."""
    train = parts[TRAIN]
    for part in parts.values():
        if not part.folders and not part.images:
            found = f"found {part.others[0].name}" if part.others else "found nothing"
            raise InputError(
                f"{part.path} is empty: expected {FORMAT_NAMES} images, or a folder of them per "
                f"class, {found}"
            )
        if bool(part.folders) != bool(train.folders):
            kinds = ("a folder per class", "images without classes")
            expected, found = kinds if train.folders else kinds[::-1]
            raise InputError(
                f"{part.path}: expected {expected} as in {train.path}, found {found}; arrange both "
                f"alike, or read {train.path} alone"
            )


def _labeled_files(
    scanner: _Scanner, part: _Contents, class_names: Sequence[str], *, may_be_empty: bool
) -> list[tuple[Path, int]]:
    """The images in the class folders of a split, each with its label."""
    scanner.require_no_images(part)
    found = []
    for folder in part.folders:
        if folder.name not in class_names:
            raise InputError(
                f"{folder}: expected only classes that the training images have "
                f"({_shortened(class_names)})"
            )
        images = scanner.scan(folder).only_images()
        if not images and not may_be_empty:
            raise InputError(f"{folder} is empty: fill this class folder or remove it")
        label = class_names.index(folder.name)
        found += [(path, label) for path in images]
    return found


def _classes(names: Sequence[str]) -> str:
    if not names:
        return "no classes: the images are in no class folders"
    return f"{len(names):,} classes: {_shortened([printable(name) for name in names])}"


def _shortened(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
