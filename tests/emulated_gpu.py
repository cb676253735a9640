"""A GPU emulated in Python, with the rules of an Apple GPU.

Run commands on it with `python -m tests.emulated_gpu '[["train", "mlp-vae"], ...]'`.

The values of its tensors are on the CPU. Every operation is checked as the device would check it:
there is no float64, and all operands are on the GPU.
"""

import functools
import json
import sys
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)


class Backend(_DummyBackendModule):
    """What torch asks of a backend."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        """For autocast."""
        return [torch.bfloat16]


_setup_privateuseone_for_python_backend("emulated", Backend())
GPU = torch.device("emulated", 0)
CPU = torch.device("cpu")

ATEN = torch.ops.aten
COPY = ATEN.copy_.default
# They take operands of both devices: copies, and indices on the host.
ACROSS_DEVICES = (COPY, ATEN._to_copy.default, ATEN.index.Tensor, ATEN.index_put_.default)


class GpuTensor(Tensor):
    """A tensor that is on the emulated GPU."""

    on_cpu: Tensor

    @staticmethod
    def __new__(cls, on_cpu: Tensor) -> "GpuTensor":
        made = Tensor._make_wrapper_subclass(
            cls,
            on_cpu.shape,
            strides=on_cpu.stride(),
            storage_offset=on_cpu.storage_offset(),
            dtype=on_cpu.dtype,
            device=GPU,
        )
        made.on_cpu = on_cpu
        return made

    def tolist(self) -> Any:
        """As torch does it for tensors that are on a GPU; it refuses subclasses."""
        return self.cpu().tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """As torch refuses it for tensors that are on a GPU."""
        raise TypeError("can't convert a GPU tensor to numpy; copy it to the host first")

    @classmethod
    def __torch_dispatch__(
        cls, operation: Any, types: Any, args: tuple[Any, ...] = (), named: Any = None
    ) -> Any:
        return execute(operation, args, named or {})


class EmulatedGpu(TorchDispatchMode):
    """In this context tensors can be made on `GPU`.

    Attributes:
        host_reads: how often the host has read values, for which it waits for a GPU.
    """

    def __init__(self) -> None:
        super().__init__()
        self.host_reads = 0

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: tuple[Any, ...] = (), named: Any = None
    ) -> Any:
        result = execute(operation, args, named or {})
        is_of_gpu = any(isinstance(each, GpuTensor) for each in tree_leaves((args, named)))
        if is_of_gpu and not any(isinstance(each, GpuTensor) for each in tree_leaves(result)):
            self.host_reads += result is not None
        return result


class CopiedLists(TorchFunctionMode):
    """`torch.tensor` of a list makes a tensor on the host and copies it, out of sight of modes."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), named: Any = None
    ) -> Any:
        named = dict(named or {})
        if function is not torch.tensor:
            return function(*args, **named)
        device = named.pop("device", CPU)
        return function(*args, **named).to(device)


def execute(operation: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Execute an operation where its operands are."""
    operands = [each for each in tree_leaves((args, named)) if isinstance(each, Tensor)]
    on_gpu = [each for each in operands if isinstance(each, GpuTensor)]
    asked = named.get("device")
    is_on_gpu = bool(on_gpu) if asked is None else torch.device(asked).type == GPU.type
    if not on_gpu and not is_on_gpu:
        return operation(*args, **named)
    others = [each for each in operands if not isinstance(each, GpuTensor) and each.dim() > 0]
    if others and operation not in ACROSS_DEVICES:
        raise RuntimeError(f"{operation}: expected all tensors to be on one device")
    result = operation(*tree_map(_to_cpu, args), **tree_map(_to_cpu, named))
    if operation is COPY:
        return args[0]
    if not is_on_gpu:
        return tree_map(lambda each: each.clone() if isinstance(each, Tensor) else each, result)
    known = {id(each.on_cpu): each for each in on_gpu}
    return tree_map(functools.partial(_to_gpu, operation, known), result)


def _to_cpu(value: Any) -> Any:
    if isinstance(value, torch.device):
        return CPU
    return value.on_cpu if isinstance(value, GpuTensor) else value


def _to_gpu(operation: Any, known: dict[int, GpuTensor], value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    if value.dtype is torch.float64:
        raise TypeError(f"{operation}: an Apple GPU has no float64")
    return known[id(value)] if id(value) in known else GpuTensor(value)


def install() -> None:
    """Have vaelab find the emulated GPU. Call it before other modules of vaelab are imported."""
    from vaelab import randomness

    on_cpu = randomness.generator
    randomness.generator = lambda seed, *purpose, device=CPU: on_cpu(seed, *purpose)  # type: ignore[assignment]

    from vaelab import devices
    from vaelab.training import launching

    launch = launching.launch

    def launch_on_gpu(hardware: Any) -> Any:
        fabric = launch(hardware)
        fabric._strategy._root_device = GPU
        return fabric

    devices.gpu = lambda: GPU
    launching.launch = launch_on_gpu


def main() -> None:
    """Execute commands, given as JSON, and print how often each read from the GPU."""
    install()
    from vaelab.cli import main

    for arguments in json.loads(sys.argv[1]):
        gpu = EmulatedGpu()
        with gpu, CopiedLists():
            main(arguments)
        facts = {"arguments": arguments, "host_reads": gpu.host_reads}
        sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
