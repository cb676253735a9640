"""The share of an epoch that vaelab's loop does not spend in forward, backward and the optimizer.

    python -m benchmarks.loop_overhead [--images N] [--rounds R] [--epochs E] [--threads T]
                                       [--json FILE]

The real loop trains, in a process of its own for each round. Clocks run inside it around the
model's forward pass, around autograd's backward pass and around the optimizer's update, as near to
each as can be: whatever is called around them, such as Lightning Fabric's wrappers, counts as
overhead, and so do the loss, its sums, cutting batches and the progress bar. The goal is under 3 %
of the time for `conv-vae` and under 10 % for `mlp-vae`. The first epoch, which warms up, is not
counted.
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
from benchmarks.children import ChildError, Facts, Tell
from benchmarks.data import require_images
from benchmarks.machine import describe
from benchmarks.tables import spread, table
from vaelab.files import write_json
from vaelab.models import LatentVariableModel

GOALS = {"mlp-vae": 0.10, "conv-vae": 0.03}
PARTS = ("forward", "backward", "optimizer")


class Clocks:
    """Seconds inside each part, and as an observer of the run those at each epoch's end.

    Attributes:
        epochs: the seconds of each part in each epoch.
        after_steps: seconds of each epoch after its last step.
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self.after_steps: list[float] = []
        self._running: defaultdict[str, float] = defaultdict(float)
        self._last_step = 0.0

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` with its time counted."""

        @functools.wraps(function)
        def run(*values: Any, **named: Any) -> Any:
            start = time.perf_counter()
            result = function(*values, **named)
            self._running[part] += time.perf_counter() - start
            return result

        return run

    def on_step(self) -> None:
        """Perhaps the last of its epoch."""
        self._last_step = time.perf_counter()

    def on_epoch(self, record: Facts, model: LatentVariableModel) -> None:
        """Keep what the epoch took, and begin anew."""
        self.after_steps.append(time.perf_counter() - self._last_step)
        self.epochs.append({part: self._running[part] for part in PARTS})
        self._running.clear()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Inside, the three parts are timed wherever they are called."""
        forward = LatentVariableModel.forward
        timed_forward = self.timed("forward", forward)

        def training_alone(model: LatentVariableModel, *values: Any) -> Any:
            # Validation goes through the same networks.
            return (timed_forward if model.training else forward)(model, *values)

        with (
            patch.object(LatentVariableModel, "forward", training_alone),
            patch.object(
                torch.autograd, "backward", self.timed("backward", torch.autograd.backward)
            ),
            patch.object(Adam, "step", self.timed("optimizer", Adam.step)),
        ):
            yield


def work(asked: Facts, tell: Tell) -> None:
    """In a process of its own: train with clocks, tell where each epoch's time went."""
    clocks = Clocks()
    with clocks.running():
        records = own_runs.train(
            asked["preset"],
            Path(asked["folder"]),
            images=asked["images"],
            epochs=1 + asked["epochs"],
            observers=[clocks],
        )
    if not all(clocks.epochs[-1].values()):
        raise RuntimeError(f"a part of the loop was never seen: {clocks.epochs[-1]}")
    loops = sum(record["seconds"] for record in records[1:])
    parts = {part: sum(epoch[part] for epoch in clocks.epochs[1:]) for part in PARTS}
    tell(
        {
            **{part: seconds / loops for part, seconds in parts.items()},
            "overhead": 1 - sum(parts.values()) / loops,
            "whole_overhead": 1 - sum(parts.values()) / (loops + sum(clocks.after_steps[1:])),
            "seconds": loops / asked["epochs"],
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
    if children.is_asked():
        children.answer(work)
    else:
        main()
