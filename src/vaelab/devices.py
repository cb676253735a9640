"""The device that an accelerator stands for."""

import torch

from vaelab.errors import InputError, unknown_name

ACCELERATORS = ("cpu", "gpu", "auto")


def device_for(accelerator: str) -> torch.device:
    """The device of `cpu`, `gpu`, or `auto`: a GPU if available.

    Raises:
        InputError: on another name, or if there is no GPU.
    """
    if accelerator not in ACCELERATORS:
        raise unknown_name("accelerator", accelerator, ACCELERATORS)
    found = gpu()
    if accelerator == "gpu" and found is None:
        raise InputError("no GPU is available here; use --accelerator cpu")
    return torch.device("cpu") if accelerator == "cpu" or found is None else found


def gpu() -> torch.device | None:
    """The GPU: NVIDIA's or AMD's (cuda), or Apple's (mps); None if there is none."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps") if torch.backends.mps.is_available() else None
