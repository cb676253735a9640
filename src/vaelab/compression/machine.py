"""The arithmetic of a machine, which decides whether decoding meets the numbers of encoding."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, as the order of sums depends on the number of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def description() -> str:
    """What the last bits of a result may depend on: versions, processor and its instructions."""
    instructions = torch.backends.cpu.get_cpu_capability()
    return (
        f"torch {torch.__version__}, constriction {version('constriction')}, "
        f"{platform.system()} {platform.machine()} {instructions}"
    )
