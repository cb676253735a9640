"""The processes that train one run together."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vaelab.data.batches import Share
from vaelab.errors import InputError, LostProcessError
from vaelab.runs import Run

if TYPE_CHECKING:
    from lightning_fabric import Fabric

# Reading the loss of a step from a GPU means waiting for it.
STEPS_BETWEEN_SYNCHRONIZATIONS = 50

# Messages of gloo and NCCL when another process has ended.
_LOST = (
    "onnection closed",
    "onnection reset",
    "Broken pipe",
    "Timed out",
    "NCCL",
    "remote process",
)


class ProcessGroup:
    """The processes that train one run.

    As a context it turns the end of one process into a `LostProcessError` in the others.

    Attributes:
        share: this process's share of each batch.
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
                "of this training has ended; the same command resumes from the last checkpoint"
            ) from error

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and reports progress."""
        return bool(self.fabric.is_global_zero)

    @property
    def is_alone_on_cpu(self) -> bool:
        """Whether this process trains alone, on a CPU."""
        return bool(self.fabric.world_size == 1 and self.fabric.device.type == "cpu")

    def prepare(self, model: nn.Module, optimizer: Optimizer) -> tuple[Callable[..., Any], Any]:
        """The model and the optimizer to use, so that all processes take the same step.

        Fabric's wrappers inspect every output of the model; without them a step of a small network
        is 5 % faster, and a single process does not need them.
        """
        if self.fabric.world_size == 1:
            return model, optimizer
        wrapped: tuple[Callable[..., Any], Any] = self.fabric.setup(model, optimizer)
        return wrapped

    def synchronizes_after(self, step: int) -> bool:
        """Whether all processes synchronize after this step.

        For one process on a CPU it costs nothing; else devices and processes would wait.
        """
        return self.is_alone_on_cpu or step % STEPS_BETWEEN_SYNCHRONIZATIONS == 0

    def any(self, *flags: bool) -> list[bool]:
        """For each flag, whether it is set in any process."""
        return [count > 0 for count in self.sum(torch.tensor(flags).int()).tolist()]

    def sum(self, values: Tensor) -> Tensor:
        """Of values on the host, over all processes."""
        if self.fabric.world_size == 1:
            return values
        # NCCL adds what is on a GPU.
        total = self.fabric.all_reduce(values.to(self.fabric.device, copy=True), reduce_op="sum")
        assert isinstance(total, Tensor)
        return total.cpu()

    def gather(self, rows: Tensor) -> Tensor:
        """The rows on the host of all processes, in the order of their ranks."""
        if self.fabric.world_size == 1:
            return rows
        counts = torch.zeros(self.fabric.world_size, dtype=torch.int64)
        counts[self.fabric.global_rank] = len(rows)
        counts = self.sum(counts)
        padded = rows.new_zeros(int(counts.max()), *rows.shape[1:])
        padded[: len(rows)] = rows
        everyone = self.fabric.all_gather(padded.to(self.fabric.device))
        assert isinstance(everyone, Tensor)
        parts = zip(everyone.cpu(), counts, strict=True)
        return torch.cat([part[:count] for part, count in parts])

    @contextmanager
    def locked(self, run: Run) -> Iterator[None]:
        """Reserve the run's folder for these processes.

        Raises:
            InputError: in each of them, if other processes have reserved it.
        """
        with contextlib.ExitStack() as stack:
            refusal = None
            if self.is_first:
                try:
                    stack.enter_context(run.locked())
                except InputError as error:
                    refusal = str(error)
            refusal = self.fabric.broadcast(refusal)
            if refusal is not None:
                raise InputError(refusal)
            yield
