"""Samples of a trained run as a picture or as numbers."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vaelab.errors import InputError, unknown_name
from vaelab.files import written_whole
from vaelab.loaded_run import LoadedRun
from vaelab.pictures import save_png, tile
from vaelab.randomness import generator

COLUMNS = 10
PNG_SCALE = 3
MAX_PNG_COUNT = 10_000


@torch.no_grad()
def save_samples(
    loaded: LoadedRun, out: Path, *, count: int, class_name: str | None, seed: int
) -> None:
    """Write `count` samples to a .png picture, or to an .npz of float32 (N, C, H, W) in [0, 1].

    A conditional model makes the named class, or all classes in turn.

    Raises:
        InputError: on a model without prior, an unknown class or an unknown kind of file.
    """
    if count < 1:
        raise InputError(f"at least one sample must be asked for, found {count}")
    if out.suffix not in (".npz", ".png"):
        raise InputError(f"{out}: samples are written as .png or .npz")
    if out.suffix == ".png" and count > MAX_PNG_COUNT:
        raise InputError(f"{count} samples are too many for a picture; write an .npz")
    labels = _labels(loaded, count, class_name)
    images = loaded.model.sample(count, generator(seed, "samples"), labels).numpy()
    if out.suffix == ".npz":
        with written_whole(out) as partial:
            if labels is None:
                np.savez_compressed(partial, images=images)
            else:
                np.savez_compressed(partial, images=images, labels=labels.numpy())
    else:
        save_png(out, tile(images, min(COLUMNS, count)), scale=PNG_SCALE)


def _labels(loaded: LoadedRun, count: int, class_name: str | None) -> Tensor | None:
    names = loaded.run.data.class_names
    if not loaded.model.is_conditional:
        if class_name is not None:
            raise InputError(
                f"{loaded.run.path} is not conditional: it cannot be asked for a class; "
                "train cvae or cvae-2d"
            )
        return None
    if class_name is None:
        return torch.arange(count) % len(names)
    if class_name not in names:
        raise unknown_name("class", class_name, names)
    return torch.full((count,), names.index(class_name))
