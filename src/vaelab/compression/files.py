"""Compressed images in files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.compression.compressing import (
    Compressed,
    Decompressed,
    codec_of,
    compress,
    decompress,
)
from vaelab.config import DataConfig
from vaelab.data.reading import reading
from vaelab.encoding import read_given
from vaelab.errors import InputError, note
from vaelab.files import atomic_write
from vaelab.loaded_run import LoadedRun


def compress_file(
    loaded: LoadedRun,
    path: Path | None,
    out: Path,
    config: DataConfig,
    *,
    class_name: str | None = None,
    binarize: bool = False,
    seed: int = 0,
) -> Compressed:
    """Compress the images in `path`, or the test images of the run, into a file.

    Names of files and, for a model that takes no class, labels are not compressed; a note says so.

    Args:
        loaded: see `compress`.
        path: see `vaelab.encoding.read_given`; None: the test images.
        out: the file.
        config: see `vaelab.encoding.read_given`.
        class_name: see `compress`.
        binarize: see `compress`.
        seed: see `compress`.

    Raises:
        InputError: as `compress` and `read_given`.
    """
    _require_other(out, path)
    codec_of(loaded)  # before images are read
    if path is not None and (config.resize is not None or config.gray):
        size = "" if config.resize is None else f" at {config.resize} x {config.resize} pixels"
        note(
            f"{path}: pictures are read{size}{' in gray' if config.gray else ''}, as the run reads "
            "them; the file has these images, not the pictures"
        )
    source, images, labels, has_names = _images_of(loaded, path, config)
    has_other_labels = labels is not None and not loaded.capabilities.is_conditional
    left_out = [("labels", has_other_labels), ("names", has_names)]
    if any(is_left_out for _, is_left_out in left_out):
        names = " and ".join(name for name, is_left_out in left_out if is_left_out)
        note(f"{source}: only the images are compressed, not their {names}")
    if binarize:
        note(f"{source}: each pixel is drawn as black or white with seed {seed}, then compressed")
    compressed = compress(
        loaded,
        images,
        labels=labels,
        class_name=class_name,
        binarize=binarize,
        seed=seed,
        show_progress=True,
        source=source,
    )
    with atomic_write(out) as partial:
        partial.write_bytes(compressed.content)
    return compressed


def _require_other(out: Path, source: Path | None) -> None:
    """Refuse to replace what is read.

    Raises:
        InputError: if both are the same file.
    """
    if source is not None and out.resolve() == source.resolve():
        raise InputError(f"{out}: is the file that is read; write to another one")


def _images_of(
    loaded: LoadedRun, path: Path | None, config: DataConfig
) -> tuple[str, NDArray[Any], NDArray[Any] | None, bool]:
    """Where images come from, the images, their labels, and whether they have names."""
    if path is None:
        test = loaded.data.test
        return "the test images", test.images, test.labels, False
    given = read_given(path, loaded, config)
    return str(path), given.images, given.labels, bool(given.paths)


def decompress_file(loaded: LoadedRun, path: Path, out: Path) -> Decompressed:
    """Restore the images of a file that `compress_file` wrote.

    Args:
        loaded: see `decompress`.
        path: of the file.
        out: an .npz of images and, of a conditional model, labels and class_names; or an .npy of
            images.

    Raises:
        InputError: as `decompress`; nothing is written then.
    """
    _require_other(out, path)
    if out.suffix not in (".npz", ".npy"):
        raise InputError(f"{out}: images are written as .npz or .npy")
    if out.suffix == ".npy" and loaded.capabilities.is_conditional:
        raise InputError(f"{out}: an .npy file has no place for the labels; write an .npz")
    with reading(path):
        content = path.read_bytes()
    restored = decompress(loaded, content, show_progress=True, source=str(path))
    if restored.binarized_with is not None:
        note(
            f"{path}: these images were drawn from gray ones, black or white, with seed "
            f"{restored.binarized_with}"
        )
    if out.suffix == ".npy":
        with atomic_write(out) as partial:
            np.save(partial, restored.images)
        return restored
    arrays: dict[str, Any] = {"images": restored.images}
    if restored.labels is not None:
        names = np.array(loaded.run.data.class_names, np.str_)
        arrays |= {"labels": restored.labels, "class_names": names}
    with atomic_write(out) as partial:
        np.savez(partial, **arrays)
    return restored
