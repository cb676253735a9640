"""The device that an accelerator stands for."""

import torch

from vaelab.errors import InputError, unknown_name

ACCELERATORS = ("cpu", "gpu", "auto")


def device_for(accelerator: str) -> torch.device:
    """The device of `cpu`, `gpu` (CUDA), or `auto`: a GPU if available.

    Evaluation sums in float64, which Apple's GPUs do not have; there `auto` is the CPU.

    Raises:
        InputError: on another name, or if there is no GPU.
    """
    if accelerator not in ACCELERATORS:
        raise unknown_name("accelerator", accelerator, ACCELERATORS)
    if accelerator == "gpu" and not torch.cuda.is_available():
        raise InputError("no CUDA GPU is available here; use --accelerator cpu")
    is_gpu = accelerator != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if is_gpu else "cpu")
