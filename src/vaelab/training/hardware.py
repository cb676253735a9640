"""The hardware that a run is trained on, and settings that make a CPU fast."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """The hardware of a training; not part of the settings of the run.

    Attributes:
        accelerator: cpu, gpu, or auto: a GPU if available.
        devices: processes per host, each with one device.
        nodes: hosts.
        precision: 32-true, bf16-mixed, or auto: bf16-mixed where the device multiplies bfloat16
            natively. A run keeps the precision that it was begun with.
        compile: whether torch.compile generates kernels for the model, which takes up to a minute.
    """

    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: str = "auto"
    compile: bool = False


def keep_memory() -> None:
    """Have the C library keep freed memory, for the rest of the process.

    Every step allocates the same buffers. By default large ones are returned to the system and
    faulted in again page by page, which takes a quarter of a step's time.
    """
    mallopt = _c_function("mallopt")
    if mallopt is not None and sys.platform == "linux":  # the numbers are glibc's
        for parameter in _MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD:
            mallopt(parameter, _KEEP_BYTES)


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """In this context denormal numbers are treated as zero, because computing with them is slow.

    This holds on every thread: a thread inherits the setting of the thread that creates it.
    """
    smallest = torch.tensor(5e-324, dtype=torch.float64)
    were_flushed = (smallest * 1.0).item() == 0
    torch.set_flush_denormal(True)
    _end_idle_threads()
    try:
        yield
    finally:
        torch.set_flush_denormal(were_flushed)
        _end_idle_threads()


def _end_idle_threads() -> None:
    """Have OpenMP create its threads again when it needs them next."""
    pause = _c_function("omp_pause_resource_all")
    if pause is not None:
        pause(_OMP_PAUSE_HARD)


def _c_function(name: str) -> Callable[..., int] | None:
    """The C function of that name; None where this process has none."""
    return None if sys.platform == "win32" else getattr(ctypes.CDLL(None), name, None)


_MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD = -1, -3
_KEEP_BYTES = 1 << 30
_OMP_PAUSE_HARD = 2
