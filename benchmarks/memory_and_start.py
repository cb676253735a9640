"""Memory of training, and the time that commands take to start.

    python -m benchmarks.memory_and_start [--images N] [--rounds R] [--only memory|start]
                                          [--threads T] [--json FILE]

Memory is the peak resident memory of `vaelab train` over one epoch, minus that of a process that
only imports the same modules, which a first, small training lists. The goal is at most 250 MB.
`vaelab --help` should take at most 0.3 seconds, and `vaelab sample RUN` at most 1.5 seconds more
than `import torch`. All commands are those that users type, each in a new process, and they take
turns.
"""

# ruff: noqa: T201

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import children
from benchmarks.children import Facts
from benchmarks.machine import processor, to_bytes
from benchmarks.tables import ratios, spread, table
from vaelab.files import write_json

PRESETS = ("mlp-vae", "conv-vae")
MEGABYTE = 1e6
GOAL_BYTES, GOAL_HELP_SECONDS, GOAL_SAMPLE_SECONDS = 250e6, 0.3, 1.5

# A small run, to sample from and to list the imported modules.
SMALL = ("--data", "wardrobe", "--set", "data.train_count=500", "data.test_count=100")

_IMPORTED = re.compile(r"import time:\s+\d+ \|\s+\d+ \|\s+(\S+)")
_IMPORT_ALL = """
import importlib, sys
for name in sys.stdin.read().split():
    try:
        importlib.import_module(name)
    except Exception:
        pass
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Time and memory of one command."""

    seconds: float
    peak_bytes: int


# By the name of the command, round by round.
Costs = dict[str, list[Cost]]


def cost(command: Sequence[str], text: str = "", threads: int | None = None) -> Cost:
    """Run a command with `text` as its standard input.

    Raises:
        RuntimeError: if it fails, with the end of its standard error.
    """
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as errors:
        given.write(text)
        given.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=given,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=children.environment(threads),
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed: {errors.read()[-1000:]}")
    return Cost(seconds, to_bytes(usage.ru_maxrss))


def main() -> None:
    """Measure, print and write."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder), options)
        costs: Costs = {name: [] for name in commands}
        for round_index, name in children.turns(list(commands), options.rounds):
            costs[name].append(commands[name]())
            found = costs[name][-1]
            children.note(
                f"round {round_index + 1}: {name}: {found.seconds:.2f} s, "
                f"{found.peak_bytes / MEGABYTE:.0f} MB"
            )
            if options.json is not None:
                write_json(options.json, _facts(options, costs))
    print(f"{processor()}, rounds: {options.rounds}; medians, range in parentheses\n")
    print(_text(costs))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory_and_start", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--images", type=int, default=60_000, help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--only", choices=("memory", "start"), help="one half")
    parser.add_argument("--threads", type=int, help="(default: what torch chooses)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    return parser.parse_args()


def _commands(folder: Path, options: argparse.Namespace) -> dict[str, Callable[[], Cost]]:
    """The commands that take turns, by name."""
    small = folder / "small"
    commands: dict[str, Callable[[], Cost]] = {}
    imports = _imported_by_training(small)  # makes the run to sample from, too
    if options.only != "start":
        for preset in PRESETS:
            commands[preset] = _training(preset, folder, options)
        commands["imports"] = lambda: cost([sys.executable, "-c", _IMPORT_ALL], "\n".join(imports))
    if options.only != "memory":
        sample = [*vaelab(), "sample", str(small), "--out", str(folder / "samples.png")]
        commands["vaelab --help"] = lambda: cost([*vaelab(), "--help"])
        commands["import torch"] = lambda: cost([sys.executable, "-c", "import torch"])
        commands["vaelab sample"] = lambda: cost(sample, threads=options.threads)
    return commands


def _training(preset: str, folder: Path, options: argparse.Namespace) -> Callable[[], Cost]:
    def run() -> Cost:
        with tempfile.TemporaryDirectory(dir=folder) as out:
            settings = ("training.epochs=1", f"data.train_count={options.images}")
            command = [*vaelab(), "train", preset, "--out", f"{out}/run", "--accelerator", "cpu"]
            return cost([*command, "--set", *settings], threads=options.threads)

    return run


def vaelab() -> list[str]:
    """The installed command of this Python, or else the module."""
    script = Path(sys.executable).with_name("vaelab")
    return [str(script)] if script.exists() else [sys.executable, "-m", "vaelab"]


def _imported_by_training(out: Path) -> list[str]:
    """The names of all modules that a small training imports, in order.

    Raises:
        RuntimeError: if that training fails.
    """
    command = [sys.executable, "-X", "importtime", "-m", "vaelab", "train", PRESETS[0]]
    run = subprocess.run(
        [*command, *SMALL, "training.epochs=1", "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(run.stderr[-1000:])
    return _IMPORTED.findall(run.stderr)


def _text(costs: Costs) -> str:
    rows = []
    if "imports" in costs:
        rows += _memory_rows(costs)
    if "vaelab --help" in costs:
        rows += _start_rows(costs)
    return table(["", "measured", "goal"], rows)


def _memory_rows(costs: Costs) -> list[list[str]]:
    imports = [each.peak_bytes for each in costs["imports"]]
    rows = [["importing what training imports", _megabytes(imports), ""]]
    for preset in PRESETS:
        peaks = [each.peak_bytes for each in costs[preset]]
        over = [peak - least for peak, least in zip(peaks, imports, strict=True)]
        goal = f"{GOAL_BYTES / MEGABYTE:.0f} MB"
        rows.append([f"`vaelab train {preset}` over that", _megabytes(over), goal])
    return rows


def _start_rows(costs: Costs) -> list[list[str]]:
    answer, torch, sample = (
        [each.seconds for each in costs[name]]
        for name in ("vaelab --help", "import torch", "vaelab sample")
    )
    beyond = [a - b for a, b in zip(sample, torch, strict=True)]
    ratio = ratios(sample, torch)
    assert ratio is not None
    return [
        ["`vaelab --help`", f"{spread(answer).text()} s", f"{GOAL_HELP_SECONDS} s"],
        ["`import torch`", f"{spread(torch).text()} s", ""],
        ["`vaelab sample`", f"{spread(sample).text()} s", ""],
        ["the difference", f"{spread(beyond).text()} s", f"{GOAL_SAMPLE_SECONDS} s"],
        ["the ratio", ratio.text(), ""],
    ]


def _megabytes(values: Sequence[int]) -> str:
    return f"{spread([value / MEGABYTE for value in values]).text('.0f')} MB"


def _facts(options: argparse.Namespace, costs: Costs) -> Facts:
    return {
        "processor": processor(),
        "options": {name: value for name, value in vars(options).items() if name != "json"},
        "rounds": {name: [asdict(each) for each in found] for name, found in costs.items()},
    }


if __name__ == "__main__":
    main()
