"""The limit: the machine's rate of matrix products, and the products that training needs."""

import statistics

import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.children import Facts
from benchmarks.training_speed.images import seconds_of
from benchmarks.training_speed.job import BATCH_SIZE
from benchmarks.training_speed.networks import PRESETS, build, draw, posterior
from vaelab.training.precision import has_native_bfloat16

MATRIX_SIZE = 2048
TIMINGS, PRODUCTS = 10, 5


def measure(device: str) -> Facts:
    """The rates of products, and the operations of each network for one image.

    bfloat16 is left out where it is only emulated: there one product can take minutes.
    """
    is_native = has_native_bfloat16(torch.device(device))
    kinds = ("float32", "bfloat16") if is_native else ("float32",)
    return {
        "flops_per_second": {
            kind: products_per_second(device, kind) * 2 * MATRIX_SIZE**3 for kind in kinds
        },
        "flops_per_image": {network: operations_per_image(network) for network in PRESETS},
    }


def products_per_second(device: str, kind: str) -> float:
    """Products of large matrices per second, median of several timings."""
    left, right = (
        torch.rand(MATRIX_SIZE, MATRIX_SIZE, device=device).to(getattr(torch, kind))
        for _ in range(2)
    )

    def multiply() -> None:
        for _ in range(PRODUCTS):
            torch.mm(left, right)

    seconds_of(multiply, device)  # the first call allocates memory
    return PRODUCTS / statistics.median(seconds_of(multiply, device) for _ in range(TIMINGS))


def operations_per_image(network: str) -> float:
    """Floating-point operations of the matrix products in one forward and backward pass."""
    parts, x = build(network), torch.rand(BATCH_SIZE, 1, 28, 28)
    with FlopCounterMode(display=False) as counter:
        logits = parts.decoder(draw(*posterior(parts.encoder(x))))
        functional.binary_cross_entropy_with_logits(logits, x, reduction="sum").backward()
    return float(counter.get_total_flops()) / BATCH_SIZE
