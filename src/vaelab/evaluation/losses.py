"""Reconstruction, KL and their sum on the test images, at one draw from each posterior."""

import torch

from vaelab.evaluation.result import Result
from vaelab.loaded_run import LoadedRun
from vaelab.randomness import generator
from vaelab.training.measure import measure


def losses(loaded: LoadedRun, seed: int) -> dict[str, Result]:
    """The bound's terms per image, and the floor of the reconstruction where there is one."""
    batches = loaded.test_batches
    measured = measure(loaded.model, batches, generator(seed, "evaluation"))
    unit = loaded.model.likelihood.unit

    def loss(value: float, std: float, unit: str) -> Result:
        return Result(
            value=value,
            unit=unit,
            direction="lower",
            standard_error=std / measured.count**0.5,
            count=measured.count,
            seed=seed,
        )

    def fact(value: float, unit: str) -> Result:
        return Result(value=value, unit=unit, count=measured.count, seed=seed)

    results = {
        "reconstruction": loss(measured.reconstruction, measured.reconstruction_std, unit),
        "kl": loss(measured.kl_nats, measured.kl_nats_std, "nats"),
        "total": loss(measured.total, measured.total_std, unit),
    }
    floor = reconstruction_floor(loaded)
    if floor is not None:
        results["reconstruction_floor"] = fact(floor, unit)
    if measured.active_units is not None:
        size = loaded.model.latent_size
        results["active_units"] = fact(measured.active_units, f"of {size} dimensions")
    return results


@torch.no_grad()
def reconstruction_floor(loaded: LoadedRun) -> float | None:
    """The least mean reconstruction that the likelihood allows on the grey test images."""
    total = 0.0
    images = loaded.test_batches.images
    for pixels in images.split(1000):
        floor = loaded.model.likelihood.floor(pixels.double() / 255)
        if floor is None:
            return None
        total += floor.sum().item()
    return total / len(images)
