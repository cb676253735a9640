"""Lightning Fabric, brought up.

Apart from the rest because importing it takes longer than importing torch: what trains imports this
module when it is about to, and all other commands start without it.
"""

import atexit
import os
import warnings
from dataclasses import replace
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision, Precision
from lightning_fabric.utilities.exceptions import MisconfigurationException

from vaelab.errors import InputError, unknown_name
from vaelab.training.engine import Hardware, keep_memory


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
    hardware = _as_launched(hardware)
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
    if fabric.world_size > 1:
        atexit.register(_leave)
    return fabric


def _leave() -> None:
    """End this process's connections to the others while their threads can still be joined.

    Left to the interpreter's own end, gloo's threads now and then abort the process.
    """
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _as_launched(hardware: Hardware) -> Hardware:
    """With the processes and hosts of a launcher such as torchrun, which says them itself."""
    try:
        local, world = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    except (KeyError, ValueError):
        return hardware
    return replace(hardware, devices=local, nodes=world // local)
