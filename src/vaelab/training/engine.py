"""The machine: Lightning Fabric for devices and processes, and what makes a CPU fast."""

import ctypes
import sys
import warnings
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException

from vaelab.errors import InputError


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


def launch(hardware: Hardware) -> Fabric:
    """A launched Fabric.

    Raises:
        InputError: if the hardware is not there.
    """
    tune_cpu()
    try:
        with warnings.catch_warnings():
            # Advice for users of other schedulers and loaders than vaelab has.
            warnings.filterwarnings("ignore", module="lightning_fabric")
            fabric = Fabric(
                accelerator=hardware.accelerator,
                devices=hardware.devices,
                num_nodes=hardware.nodes,
                precision=hardware.precision,  # type: ignore[arg-type]
            )
        fabric.launch()
    except (ValueError, RuntimeError, TypeError, MisconfigurationException) as error:
        raise InputError(f"{hardware} cannot be had here: {' '.join(str(error).split())}") from None
    return fabric


def tune_cpu() -> None:
    """Settings of the process that make each step faster.

    Every step allocates the same buffers. By default the C library gives large ones back to the
    system and faults them in again page by page, a quarter of a step's time; told to keep them,
    it does not. Numbers too small for the normal format are slow and carry nothing: flushed to 0.
    """
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, others need not
        if mallopt is not None:
            for parameter in _MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD:
                mallopt(parameter, _KEEP_BYTES)


_MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD = -1, -3
_KEEP_BYTES = 1 << 30
