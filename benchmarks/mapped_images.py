"""Training on images mapped from a file compared with the same images in memory.

    python -m benchmarks.mapped_images [--images N] [--steps S] [--rounds R] [--preset NAME]
                                       [--threads T] [--json FILE]

Two million synthetic images (noise: speed does not depend on their content) are written once as
.npy. In interleaved rounds, each in a new process, the preset does a number of steps over them in
random order, from the file and from memory. The results are steps per second and the memory of the
process; pages of the file belong to the system's cache and are listed separately.
"""

# ruff: noqa: T201

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import children
from benchmarks.children import Facts, Report
from benchmarks.machine import describe
from benchmarks.tables import ratios, spread
from vaelab.config import DataConfig
from vaelab.data import Dataset, load_data
from vaelab.files import write_json
from vaelab.models.contract import LatentVariableModel
from vaelab.presets import preset
from vaelab.settings import with_settings
from vaelab.training import Hardware, fit

FORMS = ("mapped", "in memory")
WARM_UP_STEPS = 100
BLOCK = 20_000


class Clock:
    """Times the steps after a warm-up and then ends the training."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.done = 0
        self.start = 0.0
        self.seconds = 0.0

    def on_step(self) -> None:
        """Read the clock at the start and at the end of the timed steps."""
        self.done += 1
        if self.done == WARM_UP_STEPS:
            self.start = time.perf_counter()
        if self.done == WARM_UP_STEPS + self.steps:
            self.seconds = time.perf_counter() - self.start
            raise KeyboardInterrupt

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Not called: an epoch has more steps."""


def work(job: Facts, report: Report) -> None:
    """Train from the file or from memory, and report speed and memory."""
    folder = Path(job["folder"])
    config = with_settings(preset(job["preset"]), {"training.preview_every_epochs": "0"})
    data = DataConfig(name="npy", path=str(folder))
    dataset = load_data(data) if job["form"] == "mapped" else _read(folder)
    clock = Clock(job["steps"])
    with tempfile.TemporaryDirectory() as out:
        try:
            fit(
                config,
                Path(out) / "run",
                dataset=dataset,
                hardware=Hardware(accelerator="cpu"),
                show_progress=False,
                observers=[clock],
            )
        except KeyboardInterrupt:
            report({"steps_per_second": job["steps"] / clock.seconds, **_memory()})


def _read(folder: Path) -> Dataset:
    """The same images in memory."""
    mapped = load_data(DataConfig(name="npy", path=str(folder)))
    return Dataset(
        train=mapped.train.take(np.arange(len(mapped.train))),
        test=mapped.test.take(np.arange(len(mapped.test))),
        source="memory",
    )


def _memory() -> Facts:
    """Megabytes of this process: its own memory, and pages of mapped files."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {
        "own_mb": int(fields["RssAnon"].split()[0]) / 1024,
        "file_mb": int(fields["RssFile"].split()[0]) / 1024,
    }


def write_images(folder: Path, name: str, count: int) -> None:
    """Write images in blocks, which needs little memory."""
    draws = np.random.default_rng(0)
    array = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, (count, 28, 28))
    for start in range(0, count, BLOCK):
        block = array[start : start + BLOCK]
        pixels = draws.integers(0, 256, block.shape, dtype=np.uint8)
        block[:] = np.where(draws.random(block.shape, np.float32) < 0.5, 0, pixels)
    array.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=2_000_000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--preset", default="mlp-vae")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found: dict[str, list[Facts]] = {form: [] for form in FORMS}
    with tempfile.TemporaryDirectory() as folder:
        for name, count in (("images", chosen.images), ("test_images", 1000)):
            write_images(Path(folder), name, count)
        for _ in range(chosen.rounds):
            for form in FORMS:
                job = {
                    "form": form,
                    "folder": folder,
                    "steps": chosen.steps,
                    "preset": chosen.preset,
                }
                facts = children.ask("benchmarks.mapped_images", job, threads=chosen.threads)
                found[form].append(facts)
                print(
                    f"{form:<10}{facts['steps_per_second']:8.1f} steps/s  "
                    f"{facts['own_mb']:7.0f} MB own  {facts['file_mb']:7.0f} MB of files",
                    flush=True,
                )
    speeds = {form: [each["steps_per_second"] for each in found[form]] for form in FORMS}
    ratio = ratios(speeds["mapped"], speeds["in memory"])
    assert ratio is not None
    print(f"{chosen.images:,} images, {chosen.preset}: mapped / in memory {ratio.text()}")
    if chosen.json:
        write_json(
            chosen.json,
            {
                **describe("cpu"),
                "images": chosen.images,
                "steps_per_second": {form: spread(speeds[form]).to_dict() for form in FORMS},
                "mapped_over_memory": ratio.to_dict(),
                "rounds": found,
            },
        )


if __name__ == "__main__":
    if children.is_child():
        children.run(work)
    else:
        main()
