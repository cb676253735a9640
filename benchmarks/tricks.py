"""The effect of single optimizations on vaelab's training loop.

    python -m benchmarks.tricks [--images N] [--rounds R] [--epochs E] [--threads T]
                                [--only NAME...] [--presets PRESET...] [--json FILE]

Each trick compares the loop with it and without it, all else as shipped. Each variant trains in a
new process, and the variants take turns. The first epoch is not counted, because it includes
one-time work such as the selection of kernels, or compiling with torch.compile.

For a trick that vaelab has, the variant without it replaces the function that enables it. It is an
error if the replacement is never called.
"""

# ruff: noqa: T201

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks import children, own_runs
from benchmarks.children import ChildError, Facts, Report
from benchmarks.data import require_images
from benchmarks.machine import describe
from benchmarks.tables import Spread, ratios, spread, table
from vaelab.files import write_json
from vaelab.models.networks.conv import KERNEL, PADDING, STRIDE
from vaelab.training import Hardware, launching, loop, optimization
from vaelab.training.process_group import ProcessGroup

PRESETS = ("mlp-vae", "conv-vae")
SHIPPED = "as shipped"

# Changes to vaelab from outside; each is a context in which it trains differently.


@contextmanager
def replaced(owner: Any, name: str, instead: Callable[..., Any]) -> Iterator[None]:
    """Replace `owner.name` by `instead` within the context.

    Raises:
        RuntimeError: if it was never called.
    """
    # A plain function, unlike a mock, receives the object when it replaces a method.
    calls: list[str] = []

    def counted(*values: Any, **named: Any) -> Any:
        calls.append(name)
        return instead(*values, **named)

    with patch.object(owner, name, counted):
        yield
    if not calls:
        raise RuntimeError(f"{name} was replaced, but nothing called it")


def memory_given_back() -> AbstractContextManager[None]:
    """The thresholds of malloc stay those of the C library."""
    return replaced(launching, "keep_memory", lambda: None)


def denormals_kept() -> AbstractContextManager[None]:
    """Denormal numbers are not flushed to zero."""
    return replaced(loop, "flushed_denormals", nullcontext)


class AdamInSteps(torch.optim.Adam):
    """Adam without a fused update; it cannot skip a step, so `found_inf` is ignored."""

    found_inf = property(lambda _self: None, lambda _self, _value: None)


@contextmanager
def unfused(*, foreach: bool) -> Iterator[None]:
    """Adam without fusion: over lists of all weights, or one tensor at a time."""

    def build(parameters: Any, **settings: Any) -> torch.optim.Optimizer:
        return AdamInSteps(parameters, **{**settings, "fused": False, "foreach": foreach})

    build_counted = Mock(side_effect=build)
    with patch.dict(optimization.OPTIMIZERS, adam=build_counted):
        yield
    if not build_counted.called:
        raise RuntimeError("the optimizer was replaced, but nothing built it")


def laid_out(memory_format: torch.memory_format) -> AbstractContextManager[None]:
    """The weights, and so the outputs of convolutions, in a memory format."""
    prepare = ProcessGroup.prepare

    def laid_out_first(process_group: ProcessGroup, model: torch.nn.Module, *others: Any) -> Any:
        # This form of `to` is missing in the types of torch.
        model.to(memory_format=memory_format)  # type: ignore[call-overload]
        return prepare(process_group, model, *others)

    return replaced(ProcessGroup, "prepare", laid_out_first)


@contextmanager
def thin_convolutions_as_products() -> Iterator[None]:
    """Layers with one channel as matrix products with patches, which is the same function."""
    narrow, wide = nn.Conv2d.forward, nn.ConvTranspose2d.forward

    def halve(layer: nn.Conv2d, x: Tensor) -> Tensor:
        if layer.in_channels > 1:
            return narrow(layer, x)
        patches = functional.unfold(x, KERNEL, padding=PADDING, stride=STRIDE)
        features = layer.weight.flatten(1) @ patches + layer.bias[:, None]
        return features.unflatten(2, (x.shape[2] // STRIDE, x.shape[3] // STRIDE))

    def double(layer: nn.ConvTranspose2d, x: Tensor) -> Tensor:
        if layer.out_channels > 1:
            return wide(layer, x)
        patches = layer.weight.flatten(1).T @ x.flatten(2)
        size = (x.shape[2] * STRIDE, x.shape[3] * STRIDE)
        return functional.fold(patches, size, KERNEL, padding=PADDING, stride=STRIDE) + layer.bias

    with (
        replaced(nn.Conv2d, "forward", halve),
        replaced(nn.ConvTranspose2d, "forward", double),
    ):
        yield


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One way to run the loop.

    Attributes:
        alter: returns the context to train in.
        settings: of the configuration.
        processes: that share each batch and the threads.
        threads: None for all threads of the benchmark.
        is_compiled: whether to use torch.compile.
    """

    alter: Callable[[], AbstractContextManager[None]] = nullcontext
    settings: dict[str, str] = field(default_factory=dict)
    processes: int = 1
    threads: int | None = None
    is_compiled: bool = False


VARIANTS = {
    SHIPPED: Variant(),
    "memory given back": Variant(alter=memory_given_back),
    "denormals kept": Variant(alter=denormals_kept),
    "Adam over lists": Variant(alter=lambda: unfused(foreach=True)),
    "Adam tensor by tensor": Variant(alter=lambda: unfused(foreach=False)),
    "channels last": Variant(alter=lambda: laid_out(torch.channels_last)),
    "channels first": Variant(alter=lambda: laid_out(torch.contiguous_format)),
    "thin convolutions as products": Variant(alter=thin_convolutions_as_products),
    "dense": Variant(settings={"model.network.kind": "residual", "model.network.width": "512"}),
    "compiled": Variant(is_compiled=True),
    "batch 512": Variant(settings={"training.batch_size": "512"}),
    "one thread": Variant(threads=1),
    "two processes": Variant(processes=2),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Trick:
    """Two variants that differ in one optimization.

    Attributes:
        title: in the results.
        with_it: key of `VARIANTS`.
        without_it: key of `VARIANTS`.
        presets: that it applies to.
    """

    title: str
    with_it: str = SHIPPED
    without_it: str = SHIPPED
    presets: tuple[str, ...] = PRESETS


TRICKS = {
    "malloc": Trick(title="malloc thresholds raised", without_it="memory given back"),
    "denormals": Trick(title="denormals flushed", without_it="denormals kept"),
    "fused": Trick(
        title="fused Adam, over one tensor at a time", without_it="Adam tensor by tensor"
    ),
    "fused-over-lists": Trick(
        title="fused Adam, over lists of tensors", without_it="Adam over lists"
    ),
    "channels-last": Trick(
        title="channels last",
        with_it="channels last",
        without_it="channels first",
        presets=("conv-vae",),
    ),
    "thin": Trick(
        title="layers with one channel as matrix products",
        with_it="thin convolutions as products",
        presets=("conv-vae",),
    ),
    "dense": Trick(
        title="dense residual layers of width 512 in place of convolutions",
        with_it="dense",
        presets=("conv-vae",),
    ),
    "compile": Trick(title="torch.compile", with_it="compiled"),
    "batch": Trick(title="batch 512 in place of 128", with_it="batch 512"),
    "threads": Trick(title="all threads, over one", without_it="one thread"),
    "processes": Trick(title="two gloo processes, over one", with_it="two processes"),
}


def work(job: Facts, report: Report) -> None:
    """Train one variant and report the seconds of each epoch."""
    variant = VARIANTS[job["variant"]]
    # A new cache, so that the time to compile kernels is measured.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = f"{job['folder']}-kernels"
    hardware = Hardware(accelerator="cpu", devices=variant.processes, compile=variant.is_compiled)
    with variant.alter():
        records = own_runs.train(
            job["preset"],
            Path(job["folder"]),
            images=job["images"],
            epochs=1 + job["epochs"],
            settings=variant.settings,
            hardware=hardware,
        )
    seconds = [record["seconds"] for record in records]
    report(
        {
            "epoch_seconds": seconds,
            "seconds": statistics.median(seconds[1:]),
            "validation_nats": records[-1]["validation"]["negative_elbo"],
            "machine": describe("cpu"),
        }
    )


Answers = dict[tuple[str, str], list[Facts | None]]


def main() -> None:
    """Measure, print and write."""
    options = _options()
    require_images(options.images)
    tricks = [trick for name, trick in TRICKS.items() if name in options.only]
    variants = list(
        dict.fromkeys(name for each in tricks for name in (each.without_it, each.with_it))
    )
    answers: Answers = {
        (preset, variant): [None] * options.rounds
        for preset in options.presets
        for variant in variants
        if any(preset in each.presets and variant in _pair(each) for each in tricks)
    }
    for preset in options.presets:
        names = [variant for of, variant in answers if of == preset]
        for round_index, variant in children.turns(names, options.rounds):
            answer = _ask(preset, variant, options)
            answers[preset, variant][round_index] = answer
            text = "failed" if answer is None else f"{answer['seconds']:.2f} s an epoch"
            children.note(f"round {round_index + 1}: {preset} {variant}: {text}")
            if options.json is not None:
                write_json(options.json, _facts(options, tricks, answers))
    print(_text(options, tricks, answers))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tricks", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--images", type=int, default=60_000, help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=1, help="counted (default: %(default)s)")
    parser.add_argument(
        "--threads", type=int, default=_cores(), help="(default: %(default)s, one for each core)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=TRICKS,
        default=list(TRICKS),
        metavar="NAME",
        help=f"of {', '.join(TRICKS)}",
    )
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=PRESETS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    return parser.parse_args()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pair(trick: Trick) -> tuple[str, str]:
    return trick.with_it, trick.without_it


def _ask(preset: str, variant: str, options: argparse.Namespace) -> Facts | None:
    """The report of the variant; None, with a message, if it cannot run here."""
    chosen = VARIANTS[variant]
    threads = chosen.threads or max(1, options.threads // chosen.processes)
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "preset": preset,
            "variant": variant,
            "images": options.images,
            "epochs": options.epochs,
            "folder": str(Path(folder) / "run"),
        }
        try:
            return children.ask("benchmarks.tricks", job, threads=threads)
        except ChildError as error:
            children.note(str(error))
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One trick with one preset.

    Attributes:
        seconds: time with it over time without it; None if not measured.
        nats: validation negative ELBO with it minus that without it.
        once: seconds of its first epoch minus those of the others.
    """

    preset: str
    title: str
    seconds: Spread | None
    nats: Spread | None
    once: Spread | None

    def to_dict(self) -> Facts:
        """As JSON values."""
        values = {"time_ratio": self.seconds, "nats": self.nats, "first_epoch_extra": self.once}
        return {
            "preset": self.preset,
            "trick": self.title,
            **{name: value and value.to_dict() for name, value in values.items()},
        }


def _rows(tricks: Sequence[Trick], answers: Answers) -> list[Row]:
    return [
        _row(preset, trick, answers)
        for preset in dict.fromkeys(preset for preset, _ in answers)
        for trick in tricks
        if preset in trick.presets
    ]


def _row(preset: str, trick: Trick, answers: Answers) -> Row:
    with_it, without_it = answers[preset, trick.with_it], answers[preset, trick.without_it]
    both = [(a, b) for a, b in zip(with_it, without_it, strict=True) if a and b]
    return Row(
        preset=preset,
        title=trick.title,
        seconds=ratios([a["seconds"] for a, _ in both], [b["seconds"] for _, b in both]),
        nats=_spread([a["validation_nats"] - b["validation_nats"] for a, b in both]),
        once=_spread([a["epoch_seconds"][0] - a["seconds"] for a, _ in both]),
    )


def _spread(values: Sequence[float]) -> Spread | None:
    return spread(values) if values else None


def _text(options: argparse.Namespace, tricks: Sequence[Trick], answers: Answers) -> str:
    head = ["preset", "trick", "time with it / without it", "validation nats", "first epoch, + s"]
    rows = [
        [
            row.preset,
            row.title,
            "not measured" if row.seconds is None else row.seconds.text(),
            "" if row.nats is None else f"{row.nats.median:+.2f}",
            "" if row.once is None else f"{row.once.median:.1f}",
        ]
        for row in _rows(tricks, answers)
    ]
    explained = (
        f"{options.images:,} images, rounds: {options.rounds}. Below 1: the trick is faster. "
        f"Nats: difference of the validation negative ELBO after {1 + options.epochs} epochs."
    )
    return f"{explained}\n\n{table(head, rows)}"


def _facts(options: argparse.Namespace, tricks: Sequence[Trick], answers: Answers) -> Facts:
    machines = [each["machine"] for found in answers.values() for each in found if each]
    return {
        "machine": machines[0] if machines else None,
        "options": {name: value for name, value in vars(options).items() if name != "json"},
        "rows": [row.to_dict() for row in _rows(tricks, answers)],
        "rounds": [
            {"preset": preset, "variant": variant, "answers": found}
            for (preset, variant), found in answers.items()
        ],
    }


if __name__ == "__main__":
    if children.is_child():
        children.run(work)
    else:
        main()
