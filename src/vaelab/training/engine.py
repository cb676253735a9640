"""The machine: Lightning Fabric for devices and processes, and what makes a CPU fast."""

import ctypes
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision, Precision
from lightning_fabric.utilities.exceptions import MisconfigurationException

from vaelab.errors import InputError, unknown_name


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """What a run is trained on; no part of its configuration.

    Attributes:
        accelerator: cpu, gpu, or auto: a GPU when there is one.
        devices: processes, each with a device of its own.
        nodes: hosts.
        precision: 32-true, or bf16-mixed where the hardware has it.
    """

    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: str = "32-true"


class MixedWithFullInputs(MixedPrecision):
    """Automatic mixed precision whose inputs stay as they are.

    Fabric's own rounds them to half precision; but images are targets too, and autocast rounds
    what a matrix product takes by itself.
    """

    def convert_input(self, data: Any) -> Any:
        """The input itself."""
        return data


def _precision(hardware: Hardware) -> Precision:
    if hardware.precision == "32-true":
        return Precision()
    if hardware.precision == "bf16-mixed":
        is_gpu = hardware.accelerator != "cpu" and torch.cuda.is_available()
        return MixedWithFullInputs("bf16-mixed", device="cuda" if is_gpu else "cpu")
    raise unknown_name("precision", hardware.precision, ("32-true", "bf16-mixed"))


def launch(hardware: Hardware) -> Fabric:
    """A launched Fabric.

    Raises:
        InputError: if the hardware is not there.
    """
    keep_memory()
    precision = _precision(hardware)
    try:
        with warnings.catch_warnings():
            # Advice for users of other schedulers and loaders than vaelab has.
            warnings.filterwarnings("ignore", module="lightning_fabric")
            fabric = Fabric(
                accelerator=hardware.accelerator,
                devices=hardware.devices,
                num_nodes=hardware.nodes,
                plugins=precision,
            )
        fabric.launch()
    except (ValueError, RuntimeError, TypeError, MisconfigurationException) as error:
        raise InputError(f"{hardware} cannot be had here: {' '.join(str(error).split())}") from None
    return fabric


def keep_memory() -> None:
    """Have the C library keep the memory that it was given back, for the rest of the process.

    Every step allocates the same buffers. By default large ones go back to the system and are
    faulted in again page by page, a quarter of a step's time.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, others need not
        if mallopt is not None:
            for parameter in _MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD:
                mallopt(parameter, _KEEP_BYTES)


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Inside, numbers too small for the normal format count as zero: they are slow, and nothing."""
    smallest = torch.tensor(5e-324, dtype=torch.float64)
    were_flushed = (smallest * 1.0).item() == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(were_flushed)


_MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD = -1, -3
_KEEP_BYTES = 1 << 30
