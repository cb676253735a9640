"""Samples of a trained run, as a picture or as arrays.

Letters in shapes: N images, C channels, H height, W width.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vaelab import notebook
from vaelab.errors import InputError, unknown_name
from vaelab.files import atomic_write
from vaelab.loaded_run import LoadedRun
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.pictures import save_png, tile

COLUMNS = 10
PNG_SCALE = 3
MAX_PNG_COUNT = 10_000
# The most that a notebook cell displays.
MAX_SHOWN = 100


@dataclass(frozen=True, eq=False, repr=False)
class Samples:
    """Generated images; a notebook cell displays them.

    Attributes:
        images: raw in [0, 1].
        labels: the class requested of each; None for unconditional samples.
        source: of the samples, for messages.
        class_names: a name per label value, where known.
    """

    images: Float[Tensor, "N C H W"]
    labels: Int[Tensor, " N"] | None
    source: str
    class_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def save(self, path: Path | str) -> Path:
        """Write a .png picture, or an .npz of float32 (N, C, H, W) in [0, 1] and any labels.

        Returns:
            The file.

        Raises:
            InputError: on another kind of file, or too many samples for a picture.
        """
        path = Path(path)
        _require_writable(path, len(self))
        images = self.images.numpy()
        if path.suffix == ".png":
            save_png(path, tile(images, min(COLUMNS, len(self))), scale=PNG_SCALE)
            return path
        with atomic_write(path) as partial:
            if self.labels is None:
                np.savez_compressed(partial, images=images)
            else:
                np.savez_compressed(partial, images=images, labels=self.labels.numpy())
        return path

    def __repr__(self) -> str:
        _, channels, height, width = self.images.shape
        return f"<{self._heading()}: {channels} x {height} x {width}>"

    def _repr_html_(self) -> str:
        names = [] if self._shared_class() else self._asked()[:MAX_SHOWN]
        hidden = len(self) - MAX_SHOWN
        return notebook.block(
            self._heading(),
            notebook.gallery(self.images[:MAX_SHOWN].numpy(), names),
            note=f"and {hidden:,} more" if hidden > 0 else "",
        )

    def _heading(self) -> str:
        shared = self._shared_class()
        what = "sample" if len(self) == 1 else "samples"
        return f"{len(self):,} {what} of {self.source}" + (f", {shared}" if shared else "")

    def _asked(self) -> list[str]:
        """The names of the requested classes."""
        if self.labels is None:
            return []
        names = dict(enumerate(self.class_names))
        return [names.get(label, f"class {label}") for label in self.labels.tolist()]

    def _shared_class(self) -> str | None:
        """The class that was requested of all samples."""
        asked = set(self._asked())
        return asked.pop() if len(asked) == 1 else None


def sample(
    loaded: LoadedRun,
    count: int,
    *,
    seed: int = 0,
    class_name: str | None = None,
    options: SamplingOptions = AS_FITTED,
) -> Samples:
    """Decoded draws from the prior.

    Args:
        loaded: the trained run.
        count: of samples.
        seed: of the draws.
        class_name: the class to generate, of a conditional model; none: all classes in turn.
        options: temperature and solver steps, as `vaelab.SamplingOptions(temperature=0.8)`.

    Raises:
        InputError: on a model without prior or without these options, an unknown class or a count
            below 1.
    """
    if count < 1:
        raise InputError(f"the number of samples must be at least 1, found {count}")
    loaded.require_memory_for(count)
    labels = _labels(loaded, count, class_name)
    images = loaded.sample(count, seed=seed, labels=labels, options=options)
    return Samples(images, labels, loaded.run.name, loaded.run.data.class_names)


def save_samples(
    loaded: LoadedRun,
    out: Path,
    *,
    count: int,
    class_name: str | None,
    seed: int,
    options: SamplingOptions = AS_FITTED,
) -> None:
    """Draw samples and write them with `Samples.save`; bad file names are refused first."""
    _require_writable(out, count)
    sample(loaded, count, seed=seed, class_name=class_name, options=options).save(out)


def _require_writable(path: Path, count: int) -> None:
    if path.suffix not in (".npz", ".png"):
        raise InputError(f"{path}: samples are written as .png or .npz")
    if path.suffix == ".png" and count > MAX_PNG_COUNT:
        raise InputError(f"{count} samples are too many for a picture; write an .npz")


def _labels(loaded: LoadedRun, count: int, class_name: str | None) -> Tensor | None:
    names = loaded.run.data.class_names
    if not loaded.capabilities.is_conditional:
        if class_name is not None:
            raise InputError(
                f"{loaded.run.path} is not conditional: it cannot generate a requested class; "
                "train cvae or cvae-2d"
            )
        return None
    if class_name is None:
        return loaded.classes_in_turn(count)
    if class_name not in names:
        raise unknown_name("class", class_name, names)
    return torch.full((count,), names.index(class_name))
