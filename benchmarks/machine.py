"""The machine of this process, and the memory that the process used."""

import platform
import re
import resource
import sys
from pathlib import Path

from benchmarks.children import Facts


def peak_bytes() -> int:
    """Peak resident memory of this process."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux, `getrusage` includes the memory of the parent process.
        match = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert match is not None
        return 1024 * int(match[1])
    return to_bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def to_bytes(maximum_resident_set: int) -> int:
    """Convert from the unit of `getrusage`, which depends on the system."""
    return maximum_resident_set * (1 if sys.platform == "darwin" else 1024)


def describe(device: str) -> Facts:
    """Processor, device, threads and versions in this process."""
    import torch

    from vaelab.training.precision import AUTO, cpu_flags, resolve

    is_gpu = device == "cuda"
    return {
        "processor": processor(),
        "device": torch.cuda.get_device_name() if is_gpu else processor(),
        "threads": torch.get_num_threads(),
        "bfloat16_instructions": [] if is_gpu else cpu_flags(),
        "precision_auto": resolve(AUTO, torch.device(device), None, Path()),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
    }


def processor() -> str:
    """The name of the processor, if the system has it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        match = re.search(r"model name\s*:\s*(.+)", information.read_text())
        if match is not None:
            return match[1]
    return platform.processor() or platform.machine()
