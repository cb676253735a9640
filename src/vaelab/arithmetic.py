"""Formulas in float32 while networks compute in bfloat16; exact sums on the host."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from jaxtyping import Float64
from torch import Tensor

F = TypeVar("F", bound=Callable[..., Any])


def in_float32(formula: F) -> F:
    """Decorate a formula, so that autocast rounds nothing of it to bfloat16.

    Networks return bfloat16 under autocast; arguments that are such tensors are converted to
    float32, tensors inside of tuples are not. At least one argument is a tensor.
    """

    @functools.wraps(formula)
    def compute(*arguments: Any, **named: Any) -> Any:
        values = (*arguments, *named.values())
        device = next(each.device.type for each in values if isinstance(each, Tensor))
        if not torch.is_autocast_enabled(device):
            return formula(*arguments, **named)
        with torch.autocast(device, enabled=False):
            converted = {name: full_precision(value) for name, value in named.items()}
            return formula(*map(full_precision, arguments), **converted)

    return compute  # type: ignore[return-value]


def full_precision(value: Any) -> Any:
    """A tensor of bfloat16 or float16 as float32; anything else unchanged."""
    is_half = isinstance(value, Tensor) and value.dtype in (torch.bfloat16, torch.float16)
    return value.float() if is_half else value


def exact(values: Tensor) -> Float64[Tensor, "..."]:
    """Values in float64 on the host, for sums and statistics: Apple's GPUs have no float64."""
    return values.cpu().double()
