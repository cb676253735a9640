"""The precision of training: float32, or bfloat16 where the hardware multiplies it natively."""

from pathlib import Path
from typing import Any

import torch

from vaelab.errors import InputError, unknown_name

AUTO, FLOAT32, BFLOAT16 = "auto", "32-true", "bf16-mixed"
PRECISIONS = (AUTO, FLOAT32, BFLOAT16)

# NVIDIA's Ampere.
_FIRST_CAPABILITY = (8, 0)


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies matrices in bfloat16 faster than in float32.

    Emulated, it is 2 to 3 times slower, and `torch` reports that as supported too.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _FIRST_CAPABILITY
    # The products of a CPU are oneDNN's, where torch is built with it.
    return device.type == "cpu" and torch.backends.mkldnn.is_available() and bool(cpu_flags())


def cpu_flags() -> list[str]:
    """The processor's instructions that multiply bfloat16, such as avx512_bf16 and amx_bf16."""
    read_flags = getattr(torch.cpu, "get_capabilities", None)
    if read_flags is None:  # torch before 2.11
        found = {
            f"{name}_bf16": getattr(torch.cpu, f"_is_{test}_supported", lambda: False)()
            for name, test in (("avx512", "avx512_bf16"), ("amx", "amx_tile"))
        }
    else:
        found = read_flags()
    return [name for name, value in found.items() if name.endswith("bf16") and value is True]


def resolve(precision: str, device: torch.device, begun_with: str | None, run: Path) -> str:
    """The precision to train in: a run keeps the one that it was begun with.

    Args:
        precision: that is asked for; `auto` is bfloat16 where the device multiplies it natively.
        device: of the training.
        begun_with: the precision of the run so far; None for a new run.
        run: its folder, for messages.

    Raises:
        InputError: on an unknown name, or if the run was begun with another precision.
    """
    for name in filter(None, (precision, begun_with)):
        if name not in PRECISIONS:
            raise unknown_name("precision", name, PRECISIONS)
    if precision == AUTO:
        return begun_with or (BFLOAT16 if has_native_bfloat16(device) else FLOAT32)
    if begun_with not in (None, precision):
        raise InputError(
            f"{run} was begun with --precision {begun_with}, found --precision {precision}; leave "
            "it out to resume the run, or train into another --out"
        )
    return precision


def emulation_warning(precision: str, device: torch.device) -> str:
    """The warning for a device that only emulates this precision; empty otherwise."""
    if precision != BFLOAT16 or has_native_bfloat16(device):
        return ""
    return (
        f"trains in bfloat16, which this {device.type} only emulates, two to three times slower "
        "than float32 and with other last bits than a device that multiplies it natively"
    )


def autocast(precision: str, device: torch.device) -> Any:
    """The context in which networks compute in that precision.

    Weights, formulas and sums stay in float32 (Micikevicius et al. 2018, arXiv:1710.03740).
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == BFLOAT16)
