"""The machine: what a run is trained on, its processes process_group, and what makes a CPU fast."""

import contextlib
import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vaelab.data.batches import Share
from vaelab.errors import InputError, LostProcessError
from vaelab.runs import Run

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """What a run is trained on; no part of its configuration.

    Attributes:
        accelerator: cpu, gpu, or auto: a GPU when there is one.
        devices: processes, each with a device of its own.
        nodes: hosts.
        precision: 32-true, or bf16-mixed where the hardware has it.
        compile: whether torch.compile turns the model into kernels of its own, which takes up to
            a minute first.
    """

    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: str = "32-true"
    compile: bool = False


class ProcessGroup:
    """The processes that train one run: what they hold in common and when they agree.

    As a context it turns the loss of one process into a `LostProcessError` in the others.

    Attributes:
        share: of each batch, this process's.
    """

    def __init__(self, fabric: "Fabric") -> None:
        self.fabric = fabric
        self.share = Share(fabric.global_rank, fabric.world_size)

    def __enter__(self) -> "ProcessGroup":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        is_alone = self.fabric.world_size == 1
        if is_alone or not isinstance(error, RuntimeError) or isinstance(error, LostProcessError):
            return
        if any(word in str(error) for word in _LOST):
            raise LostProcessError(
                f"process {self.fabric.global_rank} of {self.fabric.world_size}: another process "
                "of this training has ended; the same command goes on from the last checkpoint"
            ) from error

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and tells."""
        return bool(self.fabric.is_global_zero)

    def prepare(self, model: nn.Module, optimizer: Optimizer) -> tuple[Callable[..., Any], Any]:
        """What is called forward and asked to step, so that all processes take the same step.

        Fabric's wrappers look through all that a model gives; alone there is nothing to share, and
        a small network's step is a twentieth faster without them.
        """
        if self.fabric.world_size == 1:
            return model, optimizer
        wrapped: tuple[Callable[..., Any], Any] = self.fabric.setup(model, optimizer)
        return wrapped

    def meets_after(self, step: int) -> bool:
        """Whether all look at each other after this step.

        One process on a CPU does so for nothing; else devices and processes would wait.
        """
        is_free = self.fabric.world_size == 1 and self.fabric.device.type == "cpu"
        return is_free or step % STEPS_BETWEEN_MEETINGS == 0

    def any(self, *wishes: Tensor | bool) -> list[bool]:
        """Of each whether it holds in any process."""
        if self.fabric.world_size == 1:
            return [bool(wish) for wish in wishes]
        device = self.fabric.device
        held = torch.stack([torch.as_tensor(wish, device=device).float() for wish in wishes])
        return [value > 0 for value in self.sum(held).tolist()]

    def sum(self, values: Tensor) -> Tensor:
        """Over all processes."""
        total = self.fabric.all_reduce(values.clone(), reduce_op="sum")
        assert isinstance(total, Tensor)
        return total

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes, however many each has, one process after the other."""
        if self.fabric.world_size == 1:
            return rows
        counts = torch.zeros(self.fabric.world_size, dtype=torch.int64, device=rows.device)
        counts[self.fabric.global_rank] = len(rows)
        counts = self.sum(counts)
        padded = rows.new_zeros(int(counts.max()), *rows.shape[1:])
        padded[: len(rows)] = rows
        everyone = self.fabric.all_gather(padded)
        assert isinstance(everyone, Tensor)
        return torch.cat([part[:count] for part, count in zip(everyone, counts, strict=True)])

    @contextmanager
    def held(self, run: Run) -> Iterator[None]:
        """Keep the run's folder for these processes alone.

        Raises:
            InputError: in each of them, if others have it.
        """
        with contextlib.ExitStack() as stack:
            refusal = None
            if self.is_first:
                try:
                    stack.enter_context(run.held())
                except InputError as error:
                    refusal = str(error)
            refusal = self.fabric.broadcast(refusal)
            if refusal is not None:
                raise InputError(refusal)
            yield


# Steps whose loss nobody looks at: with a GPU, looking means waiting for it.
STEPS_BETWEEN_MEETINGS = 50

# What gloo and NCCL say when the other end is gone.
_LOST = (
    "onnection closed",
    "onnection reset",
    "Broken pipe",
    "Timed out",
    "NCCL",
    "remote process",
)


def keep_memory() -> None:
    """Have the C library keep the memory that it was given back, for the rest of the process.

    Every step allocates the same buffers. By default large ones go back to the system and are
    faulted in again page by page, a quarter of a step's time.
    """
    mallopt = _c_function("mallopt")
    if mallopt is not None and sys.platform == "linux":  # the numbers are glibc's
        for parameter in _MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD:
            mallopt(parameter, _KEEP_BYTES)


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Inside, numbers too small for the normal format count as zero: they are slow, and nothing.

    On every thread: each has a switch of its own, which it takes over from the thread that made it.
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
    """Have OpenMP make its threads anew when it needs them next."""
    pause = _c_function("omp_pause_resource_all")
    if pause is not None:
        pause(_OMP_PAUSE_HARD)


def _c_function(name: str) -> Callable[..., int] | None:
    """What the C libraries of this process call so; None where they have no such function."""
    return None if sys.platform == "win32" else getattr(ctypes.CDLL(None), name, None)


_MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD = -1, -3
_KEEP_BYTES = 1 << 30
_OMP_PAUSE_HARD = 2
