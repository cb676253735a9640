"""The memory that a command may take, checked before it is taken."""

import ctypes
import functools
import os
import sys
from pathlib import Path

from vaelab.errors import InputError

SHARE = 0.8
"""Of the machine's memory, for what one command keeps at a time."""

_GIGABYTE = 10**9
_BYTES_OF_PROCESS = 200 * 10**6  # with PyTorch, before any images
_LIMITS_OF_CONTAINERS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def require_memory(needed: float, what: str, advice: str) -> None:
    """Refuse what would take more memory than a command may; systems end such a process unasked.

    Args:
        needed: bytes, estimated from below.
        what: takes them, at the start of the message.
        advice: what to do instead.

    Raises:
        InputError: naming both numbers.
    """
    limit = memory_limit()
    if needed > limit:
        raise InputError(
            f"{what} would take at least {needed / _GIGABYTE:,.1f} GB of memory, expected at most "
            f"{limit / _GIGABYTE:,.1f} GB ({SHARE:.0%} of this machine's); {advice}"
        )


def require_memory_for_processes(count: int, option: str) -> None:
    """Refuse so many processes that their libraries alone would not fit into memory.

    Raises:
        InputError: naming the option of the command line that sets their number.
    """
    require_memory(count * _BYTES_OF_PROCESS, f"{count:,} processes", f"name fewer with {option}")


@functools.cache
def memory_limit() -> float:
    """Bytes that one command may take."""
    return SHARE * min([_memory_of_machine(), *_memory_of_container()])


def is_out_of_memory(error: Exception) -> bool:
    """Whether Python, numpy or PyTorch found no memory."""
    text = str(error)
    return (
        isinstance(error, MemoryError)
        or "can't allocate memory" in text
        or "out of memory" in text.lower()
    )


def _memory_of_machine() -> int:
    if sys.platform == "win32":
        status = (ctypes.c_uint64 * 8)(64)  # its own size first, the memory of the machine second
        ctypes.windll.kernel32.GlobalMemoryStatusEx(status)
        return int(status[1])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _memory_of_container() -> list[int]:
    """The limit of the control group, if this process is in one that has a limit."""
    found = []
    for file in _LIMITS_OF_CONTAINERS:
        try:
            found.append(int(file.read_text(encoding="ascii")))
        except (OSError, ValueError):  # "max" is no limit
            continue
    return found
