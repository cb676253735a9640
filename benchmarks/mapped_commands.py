"""Memory of commands on images that are mapped from a file.

    python -m benchmarks.mapped_commands [--images N] [--test-images N] [--samples N] [--json FILE]

Synthetic images (noise: memory does not depend on their content) are written once as .npy. Each
command runs as users type it, in a new process. The results are its peak resident memory and the
peak of the part that is its own: pages of the mapped file belong to the system's cache, which gives
them back when memory is short. The goal is that the own memory does not depend on the number of
training images, so a second set, a tenth as large, is the comparison.
"""

# ruff: noqa: T201

import argparse
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks import children
from benchmarks.mapped_images import write_images
from benchmarks.memory_and_start import MEGABYTE, vaelab
from benchmarks.tables import table
from vaelab.files import write_json

CLASSES = 10
SECONDS_BETWEEN_READINGS = 0.01
QUICK = ("training.epochs=1", "training.batch_size=1000", "model.network.widths=64")
TRAINING = ("--accelerator", "cpu", "--set", *QUICK)


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest memory of a process, and the seconds that it took."""

    own_bytes: int
    resident_bytes: int
    seconds: float


def peak_of(command: list[str]) -> Peak:
    """Run a command and read its memory until it ends.

    Raises:
        RuntimeError: if it fails, with the end of its standard error.
    """
    own = resident = 0
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env=children.environment(None)
        )
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
            if "RssAnon" in fields:
                own = max(own, 1024 * int(fields["RssAnon"].split()[0]))
                resident = max(resident, 1024 * int(fields["VmHWM"].split()[0]))
            time.sleep(SECONDS_BETWEEN_READINGS)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed: {errors.read()[-1000:]}")
    return Peak(own, resident, time.perf_counter() - start)


def write_set(folder: Path, train_count: int, test_count: int) -> None:
    """Images with labels, in blocks."""
    folder.mkdir()
    for name, count in (("images", train_count), ("test_images", test_count)):
        write_images(folder, name, count)
    draws = np.random.default_rng(1)
    for name, count in (("labels", train_count), ("test_labels", test_count)):
        np.save(folder / f"{name}.npy", draws.integers(0, CLASSES, count))


def commands(data: Path, run: Path, sample_count: int) -> dict[str, list[str]]:
    """The commands by name, in an order in which each finds what it needs."""
    samples = ["--count", str(sample_count), "--out", str(run.with_suffix(".npz"))]
    return {
        "data show": ["data", "show", "--data", str(data), "--out", str(run.with_suffix(".d"))],
        "train mlp-vae": ["train", "mlp-vae", "--data", str(data), "--out", str(run), *TRAINING],
        "evaluate": ["evaluate", str(run), "--accelerator", "cpu"],
        "figures": ["figures", str(run), "--accelerator", "cpu"],
        f"sample -n {sample_count}": ["sample", str(run), *samples, "--accelerator", "cpu"],
        "encode images.npy": [
            *("encode", str(run), str(data / "images.npy"), "--accelerator", "cpu"),
            *("--out", str(run.with_suffix(".codes.npz"))),
        ],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=400_000)
    parser.add_argument("--test-images", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found: dict[str, dict[int, Peak]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in (chosen.images // 10, chosen.images):
            data, run = Path(folder) / f"data-{count}", Path(folder) / f"run-{count}"
            write_set(data, count, chosen.test_images)
            for name, words in commands(data, run, chosen.samples).items():
                peak = peak_of([*vaelab(), *words])
                found.setdefault(name, {})[count] = peak
                print(
                    f"{count:>9,} images  {name:<18}{peak.own_bytes / MEGABYTE:7.0f} MB own "
                    f"{peak.resident_bytes / MEGABYTE:7.0f} MB resident {peak.seconds:6.1f} s",
                    flush=True,
                )
    rows = [
        [name, *(f"{peaks[count].own_bytes / MEGABYTE:.0f} MB" for count in sorted(peaks))]
        for name, peaks in found.items()
    ]
    heads = ["own memory", *(f"{count:,} images" for count in sorted(found["evaluate"]))]
    print(table(heads, rows))
    if chosen.json is not None:
        write_json(
            chosen.json,
            {
                name: {str(count): asdict(peak) for count, peak in peaks.items()}
                for name, peaks in found.items()
            },
        )


if __name__ == "__main__":
    main()
