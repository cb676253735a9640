"""Speed of the importance-weighted bound compared with plain matrix products.

    python benchmarks/importance_bound.py [--run RUN] [--images N] [--k K] [--rounds R]

Rounds of large float32 matrix products and of the bound take turns, so that other load on the
machine affects both alike. For the bound only the decoder's matrix products are counted, 2
operations per weight and draw. So the ratio to plain products is the share of the time that is not
spent on the softplus of every pixel, on noise and on the rest. A wide range of the ratio means that
the machine was busy. Without --run, the model is an untrained mlp-vae with random binary images.
Convolutional decoders are not counted correctly, because they use each weight at many positions.
"""

# ruff: noqa: T201

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from vaelab.evaluation.importance import importance_bound
from vaelab.loaded_run import load_run
from vaelab.models import ImageShape
from vaelab.models.build import build_model
from vaelab.models.contract import LatentVariableModel
from vaelab.presets import preset
from vaelab.randomness import generator

MATRIX_SIZE = 2048
SHAPE = ImageShape(1, 28, 28)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--run", type=Path, help="folder of a trained run with a dense decoder")
    parser.add_argument("--images", type=int, default=20, help="images of one round")
    parser.add_argument("--k", type=int, default=5000, help="draws per image")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    model, x, labels = model_and_images(options.run, options.images)
    left, right = torch.randn(2, MATRIX_SIZE, MATRIX_SIZE, generator=generator(0, "matrices"))
    product_flops = 2 * MATRIX_SIZE**3
    bound_flops = 2 * decoder_weights(model) * len(x) * options.k
    # As long as a round of the bound, so that both have the same disturbances.
    products = max(1, round(bound_flops / product_flops))

    def multiply() -> None:
        for _ in range(products):
            torch.mm(left, right)

    def bound() -> None:
        importance_bound(model, x, labels, k=options.k, generator=generator(0, "benchmark"))

    bound()  # the first call allocates memory
    rounds = [
        (rate(multiply, products * product_flops), rate(bound, bound_flops))
        for _ in range(options.rounds)
    ]
    print(f"{torch.get_num_threads()} threads, {len(x)} images, k = {options.k}")
    report("matrix products", [product for product, _ in rounds], "GFLOP/s")
    report("bound", [bound for _, bound in rounds], "GFLOP/s")
    report("ratio", [bound / product for product, bound in rounds], "")


def model_and_images(
    run: Path | None, count: int
) -> tuple[LatentVariableModel, Tensor, Tensor | None]:
    """A model, and images with their labels for it."""
    if run is not None:
        loaded = load_run(run)
        batch = loaded.test_batch(list(range(count)))
        return loaded.model, batch.x, batch.labels
    model = build_model(preset("mlp-vae").model, SHAPE, 10, generator(0, "weights"))
    x = torch.rand(count, 1, 28, 28, generator=generator(0, "images")).round()
    return model, x, None


def decoder_weights(model: LatentVariableModel) -> int:
    """Number of weights in the matrices that each draw is multiplied with."""
    decoder = model.get_submodule("decoder")
    return sum(each.numel() for each in decoder.parameters() if each.dim() > 1)


def rate(work: Callable[[], None], flops: int) -> float:
    """GFLOP/s of `work`."""
    start = time.perf_counter()
    work()
    return flops / (time.perf_counter() - start) / 1e9


def report(name: str, values: list[float], unit: str) -> None:
    """Print median and range."""
    low, high = min(values), max(values)
    print(f"{name:<16} {statistics.median(values):7.2f} ({low:.2f} to {high:.2f}) {unit}".rstrip())


if __name__ == "__main__":
    main()
