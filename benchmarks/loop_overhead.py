"""Overhead of the training loop: time outside forward pass, backward pass and optimizer.

    python -m benchmarks.loop_overhead [--images N] [--rounds R] [--epochs E] [--threads T]
                                       [--json FILE]

Each round trains in a new process. Clocks are directly around the model's forward pass, autograd's
backward pass and the optimizer's update: wrappers such as those of Lightning Fabric, the loss, its
sums, the cutting of batches and the progress bar count as overhead. The goal is below 3 % of the
time for `conv-vae` and below 10 % for `mlp-vae`. The first epoch is a warm-up and is not counted.
"""

# ruff: noqa: T201

import argparse
import functools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch.optim import Adam

from benchmarks import children, own_runs
from benchmarks.children import ChildError, Facts, Report
from benchmarks.data import require_images
from benchmarks.machine import describe
from benchmarks.tables import spread, table
from vaelab.files import write_json
from vaelab.models.contract import LatentVariableModel

GOALS = {"mlp-vae": 0.10, "conv-vae": 0.03}
PARTS = ("forward", "backward", "optimizer")


class Clocks:
    """Seconds in each part; as an observer of the run, also the seconds after the last step.

    Attributes:
        epochs: the seconds of each part in each epoch.
        after_steps: seconds of each epoch after the last step.
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self.after_steps: list[float] = []
        self._running: defaultdict[str, float] = defaultdict(float)
        self._last_step = 0.0

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` with a clock around it."""

        @functools.wraps(function)
        def run(*values: Any, **named: Any) -> Any:
            start = time.perf_counter()
            result = function(*values, **named)
            self._running[part] += time.perf_counter() - start
            return result

        return run

    def on_step(self) -> None:
        """Note the time, as this step may be the last of its epoch."""
        self._last_step = time.perf_counter()

    def on_epoch(self, record: Facts, model: LatentVariableModel) -> None:
        """Store the seconds of the epoch and reset the clocks."""
        self.after_steps.append(time.perf_counter() - self._last_step)
        self.epochs.append({part: self._running[part] for part in PARTS})
        self._running.clear()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within this context the three parts are timed."""
        forward = LatentVariableModel.forward
        timed_forward = self.timed("forward", forward)

        def time_in_training(model: LatentVariableModel, *values: Any) -> Any:
            # Validation uses the same networks and is not timed.
            return (timed_forward if model.training else forward)(model, *values)

        with (
            patch.object(LatentVariableModel, "forward", time_in_training),
            patch.object(
                torch.autograd, "backward", self.timed("backward", torch.autograd.backward)
            ),
            patch.object(Adam, "step", self.timed("optimizer", Adam.step)),
        ):
            yield


def work(job: Facts, report: Report) -> None:
    """Train with clocks and report the shares of the time."""
    clocks = Clocks()
    with clocks.running():
        records = own_runs.train(
            job["preset"],
            Path(job["folder"]),
            images=job["images"],
            epochs=1 + job["epochs"],
            observers=[clocks],
        )
    if not all(clocks.epochs[-1].values()):
        raise RuntimeError(f"a part of the loop was never called: {clocks.epochs[-1]}")
    loops = sum(record["seconds"] for record in records[1:])
    parts = {part: sum(epoch[part] for epoch in clocks.epochs[1:]) for part in PARTS}
    report(
        {
            **{part: seconds / loops for part, seconds in parts.items()},
            "overhead": 1 - sum(parts.values()) / loops,
            "whole_overhead": 1 - sum(parts.values()) / (loops + sum(clocks.after_steps[1:])),
            "seconds": loops / job["epochs"],
            "machine": describe("cpu"),
        }
    )


def main() -> None:
    """Measure, print and write."""
    options = _options()
    require_images(options.images)
    answers: dict[str, list[Facts]] = {preset: [] for preset in GOALS}
    for round_index, preset in children.turns(list(GOALS), options.rounds):
        try:
            answers[preset].append(_ask(preset, options))
        except ChildError as error:
            children.note(str(error))
            continue
        share = answers[preset][-1]["overhead"]
        children.note(f"round {round_index + 1}: {preset}: {share:.1%} overhead")
        if options.json is not None:
            write_json(options.json, {"goals": GOALS, "rounds": answers})
    print(_text(answers))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.loop_overhead", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--images", type=int, default=60_000, help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=1, help="counted (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="(default: what torch chooses)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    return parser.parse_args()


def _ask(preset: str, options: argparse.Namespace) -> Facts:
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "preset": preset,
            "images": options.images,
            "epochs": options.epochs,
            "folder": str(Path(folder) / "run"),
        }
        return children.ask("benchmarks.loop_overhead", job, threads=options.threads)


def _text(answers: dict[str, list[Facts]]) -> str:
    head = ["preset", "s/epoch", *PARTS, "overhead", "goal", "with validation and checkpoint"]
    rows = [
        [
            preset,
            spread([each["seconds"] for each in found]).text(),
            *(f"{spread([each[part] for each in found]).median:.1%}" for part in PARTS),
            spread([each["overhead"] for each in found]).text(".1%"),
            f"{GOALS[preset]:.0%}",
            f"{spread([each['whole_overhead'] for each in found]).median:.1%}",
        ]
        for preset, found in answers.items()
        if found
    ]
    return table(head, rows)


if __name__ == "__main__":
    if children.is_child():
        children.run(work)
    else:
        main()
