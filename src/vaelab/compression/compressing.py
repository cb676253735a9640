"""Compressing images with a run, and restoring them.

Letters in shapes: N images, C channels, H height, W width.
"""

import hashlib
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

import vaelab
from vaelab.compression import machine
from vaelab.compression.array_form import ArrayForm
from vaelab.compression.codec import Codec, Progress
from vaelab.compression.container import Header, pack, run_lengths, unpack
from vaelab.data.batches import binarized
from vaelab.data.given_images import as_array, as_batch, white_value
from vaelab.errors import InputError
from vaelab.loaded_run import BATCH_SIZE, LoadedRun
from vaelab.memory import require_memory
from vaelab.randomness import generator

# Values, their scaled copies and the array, in 64 bits each, at the same time.
_BYTES_PER_VALUE = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Compressed:
    """Compressed images.

    Attributes:
        content: of the file.
        count: of images.
        bits_per_dimension: of the whole file, over all pixels and channels.
        images_per_second: of coding.
    """

    content: bytes
    count: int
    bits_per_dimension: float
    images_per_second: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Decompressed:
    """Restored images.

    Attributes:
        images: the array that was compressed.
        labels: of a conditional model, by their positions among the classes of the run.
        binarized_with: the seed with which gray images were binarized before they were compressed.
        count: of images.
        images_per_second: of decoding.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64] | None
    binarized_with: int | None
    count: int
    images_per_second: float


def compress(
    loaded: LoadedRun,
    images: Any,
    *,
    labels: NDArray[Any] | Tensor | Sequence[int | str] | None = None,
    class_name: str | None = None,
    binarize: bool = False,
    seed: int = 0,
    show_progress: bool = False,
    source: str | None = None,
) -> Compressed:
    """Compress images without loss with the model of a run.

    Args:
        loaded: a run on the CPU.
        images: an array or tensor of one or several images; see `LoadedRun.encode`.
        labels: the class of each image by number or name, for a conditional model; these are
            compressed too.
        class_name: the class of all images in place of `labels`.
        binarize: draw each pixel as 0 or 1 with its gray value as probability, and compress that.
        seed: of the draws, and of the random bits that the first image takes.
        show_progress: with a bar on standard error.
        source: the start of error messages.

    Raises:
        InputError: if the model compresses no images, or not these.
    """
    where = source or str(loaded.run.path)
    codec = codec_of(loaded)
    array = as_array(images)
    batch = as_batch(array, loaded.run.data.shape, where)
    _require_memory(len(batch), loaded.run.data.shape, where)
    form = ArrayForm(
        dtype=array.dtype.name, white=float(white_value([batch], where)), shape=array.shape
    )
    values = _values(batch, array, form, codec.value_count, seed if binarize else None, where)
    classes = loaded.classes(len(values), labels, class_name)
    start = time.perf_counter()
    with _bar(len(values), show_progress) as progress:
        coded = codec.encode(values, classes, seed=seed, progress=progress)
    header = Header(
        weights=loaded.weights_fingerprint,
        shape=loaded.run.data.shape,
        batches=run_lengths(coded.batches),
        form=form,
        content=_content(values, classes),
        machine=machine.description(),
        binarized_with=seed if binarize else None,
        vaelab=vaelab.__version__,
    )
    content = pack(header, coded.words)
    return Compressed(
        content=content,
        count=len(values),
        bits_per_dimension=8 * len(content) / values.numel(),
        images_per_second=len(values) / (time.perf_counter() - start),
    )


def codec_of(loaded: LoadedRun) -> Codec:
    """The codec of a run's model.

    Raises:
        InputError: if the model compresses no images, or is on another device than the CPU.
    """
    if loaded.device.type != "cpu":
        raise InputError(
            f"{loaded.run.path}: compression computes on the CPU, so that other machines can read "
            f"the file, found {loaded.device.type}; load the run with accelerator='cpu'"
        )
    codec = Codec(loaded.model)
    if codec.value_count == 2 and not loaded.config.data.binarize:
        raise InputError(
            f"{loaded.run.path}: a Bernoulli likelihood gives no probabilities of gray values, "
            "which this run was trained on; train with data.binarize=true or with "
            "model.likelihood=logistic-mixture"
        )
    return codec


def _values(
    batch: NDArray[Any],
    array: NDArray[Any],
    form: ArrayForm,
    value_count: int,
    binarize_seed: int | None,
    where: str,
) -> Int[Tensor, "N C H W"]:
    """The values of pixels, from 0 to V - 1.

    Raises:
        InputError: if the array has other numbers than those of V values.
    """
    if binarize_seed is not None:
        if value_count != 2:
            raise InputError(f"{where}: --binarize is for runs that were trained on binary images")
        return _binarized(batch, form, binarize_seed)
    values = form.values(batch, value_count)
    if not np.array_equal(form.array(values, value_count), array):
        if value_count == 2:
            raise InputError(
                f"{where}: expected images of black and white, like those that the model was "
                "trained on, found gray ones; --binarize draws each pixel as black or white with "
                "its gray value as probability, once, and compresses the result"
            )
        raise InputError(
            f"{where}: expected images of {value_count} gray values, found numbers between these; "
            "convert them to 8-bit integers first"
        )
    return torch.from_numpy(values)


def _binarized(batch: NDArray[Any], form: ArrayForm, seed: int) -> Int[Tensor, "N C H W"]:
    """Zeros and ones; with seed 0 the test images are those of the metric `importance`."""
    source = generator(seed, "binarize")
    white = np.float32(form.white)
    gray = [batch[first : first + BATCH_SIZE] for first in range(0, len(batch), BATCH_SIZE)]
    drawn = [binarized(torch.from_numpy(some.astype(np.float32) / white), source) for some in gray]
    return torch.cat(drawn).long()


def decompress(
    loaded: LoadedRun, content: bytes, *, show_progress: bool = False, source: str = "images"
) -> Decompressed:
    """Restore images that `compress` compressed.

    Args:
        loaded: the run whose model compressed them, on the CPU.
        content: of the file.
        show_progress: with a bar on standard error.
        source: the start of error messages.

    Raises:
        InputError: on damaged content, on a run with other weights, and on a machine whose
            arithmetic differs from that of the machine that compressed.
    """
    header, words = unpack(content, source)
    if header.weights != loaded.weights_fingerprint:
        raise InputError(
            f"{source}: compressed with weights {header.weights[:12]}, found "
            f"{loaded.weights_fingerprint[:12]} in {loaded.run.path}; name the run that "
            "compressed it with --run"
        )
    if header.shape != loaded.run.data.shape:
        raise InputError(f"{source}: the shape {header.shape} is not that of the run's images")
    codec = codec_of(loaded)
    _require_memory(header.count, header.shape, source)
    start = time.perf_counter()
    values, labels = _decoded(codec, header, words, source, show_progress=show_progress)
    return Decompressed(
        images=header.form.array(values.numpy(), codec.value_count),
        labels=None if labels is None else labels.numpy(),
        binarized_with=header.binarized_with,
        count=header.count,
        images_per_second=header.count / (time.perf_counter() - start),
    )


def _decoded(
    codec: Codec, header: Header, words: NDArray[np.uint32], source: str, *, show_progress: bool
) -> tuple[Tensor, Tensor | None]:
    """Values and labels, verified.

    Raises:
        InputError: if they are not those that were compressed.
    """
    failure = _other_arithmetic(header, source)
    try:
        with _bar(header.count, show_progress) as progress:
            values, labels = codec.decode(words, header.sizes(), progress)
    except InputError:
        raise failure from None
    if _content(values, labels) != header.content:
        raise failure
    return values, labels


def _other_arithmetic(header: Header, source: str) -> InputError:
    here = machine.description()
    difference = (
        f"this machine ({here}) computes other bits than the one that compressed ({header.machine})"
        if here != header.machine
        else f"this machine computes other bits than the one that compressed, though both are "
        f"{here}: their processors round differently"
    )
    return InputError(
        f"{source}: {difference}, so it cannot restore the images; decompress on the machine that "
        "compressed"
    )


def _require_memory(count: int, shape: tuple[int, int, int], source: str) -> None:
    require_memory(
        float(_BYTES_PER_VALUE * count * math.prod(shape)),
        f"{source}: {count:,} images",
        "use fewer images, or a machine with more memory",
    )


def _content(values: Tensor, labels: Tensor | None) -> str:
    """SHA-256 of values and labels."""
    digest = hashlib.sha256(values.to(torch.uint8).contiguous().numpy().tobytes())
    if labels is not None:
        digest.update(labels.numpy().astype("<i8").tobytes())
    return digest.hexdigest()


@contextmanager
def _bar(total: int, show: bool) -> Iterator[Progress]:
    with tqdm(total=total, disable=not show, unit=" images", leave=False) as bar:
        yield bar.update
