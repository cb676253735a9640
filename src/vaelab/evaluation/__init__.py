"""What is measured of a trained model, on images that it never saw; `METRICS` is the table."""

from collections.abc import Callable
from dataclasses import asdict

from vaelab.evaluation.losses import losses
from vaelab.evaluation.result import Result
from vaelab.loaded_run import LoadedRun

# Each takes a trained run and a seed, and gives the numbers that one pass yields.
METRICS: dict[str, Callable[[LoadedRun, int], dict[str, Result]]] = {
    "losses": losses,
}


def evaluate(loaded: LoadedRun, *, seed: int = 0) -> dict[str, Result]:
    """Every number of the table, taken on the test images and stored in the run folder."""
    results: dict[str, Result] = {}
    for metric in METRICS.values():
        results |= metric(loaded, seed)
    loaded.run.write_evaluation(
        {
            "test_fingerprint": loaded.run.data.test_fingerprint,
            "metrics": {name: asdict(result) for name, result in results.items()},
        }
    )
    return results


__all__ = ["METRICS", "Result", "evaluate"]
