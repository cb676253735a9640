"""Reconstruction, KL and their sum on the test images, at one draw from each posterior."""

from vaelab.evaluation.result import Result
from vaelab.loaded_run import LoadedRun
from vaelab.randomness import generator
from vaelab.training.measure import measure


def losses(loaded: LoadedRun, seed: int) -> dict[str, Result]:
    """The bound's terms per image, and the floor of the reconstruction where there is one."""
    measured = measure(loaded.model, loaded.test_batches, generator(seed, "evaluation"))
    unit = loaded.model.likelihood.unit
    errors = measured.standard_errors or (None, None, None)
    values = (measured.reconstruction, measured.kl_nats, measured.total)
    results = {
        name: Result(
            value=value,
            unit=unit,
            direction="lower",
            standard_error=error,
            count=measured.count,
            seed=seed,
        )
        for name, value, unit, error in zip(
            ("reconstruction", "kl", "total"), values, (unit, "nats", unit), errors, strict=True
        )
    }
    size = loaded.model.latent_size
    for name, fact, fact_unit in (
        ("reconstruction_floor", measured.reconstruction_floor, unit),
        ("active_units", measured.active_units, f"of {size} dimensions"),
    ):
        if fact is not None:
            results[name] = Result(
                value=float(fact), unit=fact_unit, count=measured.count, seed=seed
            )
    return results
