"""The launch of Lightning Fabric.

Importing Fabric takes longer than importing torch. Training imports this module when it starts; all
other commands start without it.
"""

import atexit
import os
import warnings
from dataclasses import replace

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException

from vaelab.errors import InputError
from vaelab.memory import require_memory_for_processes
from vaelab.training.hardware import Hardware, keep_memory


def launch(hardware: Hardware) -> Fabric:
    """A launched Fabric.

    Raises:
        InputError: if the hardware is not available.
    """
    keep_memory()
    hardware = _as_launched(hardware)
    require_memory_for_processes(hardware.devices, "--devices")
    try:
        with warnings.catch_warnings():
            # Advice about schedulers and loaders that vaelab does not use.
            warnings.filterwarnings("ignore", module="lightning_fabric")
            fabric = Fabric(
                accelerator=hardware.accelerator,
                devices=hardware.devices,
                num_nodes=hardware.nodes,
            )
        fabric.launch()
    except (ValueError, RuntimeError, TypeError, MisconfigurationException) as error:
        raise InputError(
            f"{hardware} is not available here: {' '.join(str(error).split())}"
        ) from None
    if fabric.world_size > 1:
        atexit.register(_leave)
    return fabric


def _leave() -> None:
    """Close the connections to the other processes while their threads can still be joined.

    When the interpreter ends with open connections, gloo's threads sometimes abort the process.
    """
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _as_launched(hardware: Hardware) -> Hardware:
    """With the number of processes and hosts that a launcher such as torchrun sets."""
    try:
        local, world = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    except (KeyError, ValueError):
        return hardware
    return replace(hardware, devices=local, nodes=world // local)
