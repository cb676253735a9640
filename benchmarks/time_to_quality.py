"""Seconds of training until the negative ELBO of the test images reaches a target.

    python -m benchmarks.time_to_quality [--only NAME...] [--target NATS] [--epochs E]
                                         [--preset NAME] [--set FIELD=VALUE...] [--images N]
                                         [--threads T] [--json FILE]

It is summed binary cross-entropy of gray pixels plus KL, in nats, mean over the test images, one
latent sample each. The target, 239.63 nats, is what a convolutional notebook reaches in 30 epochs.

    per-sample   a torchvision-style loop with that notebook's settings: batch 128, Adam 1e-3, all
                 training images
    pythae       pythae's VAE and trainer with the same networks and settings
    vaelab       a preset, `flagship-small` by default; --set changes its fields

Each trains once, in a new process, one after the other. For the other contenders only training
counts. For vaelab the time is end-to-end from the call of `vaelab.fit`, with validation, previews
and checkpoints, and it trains on nine tenths of the images; only the evaluation of the test images
does not count. vaelab's learning rate follows a schedule over all epochs, so its values before the
last epoch are not those of a shorter training. The model that vaelab keeps, selected on its
validation images, is evaluated again by `vaelab.evaluate`.
"""

# ruff: noqa: T201

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks import children, own_runs
from benchmarks.children import ChildError, Facts, Report
from benchmarks.data import require_images
from benchmarks.machine import describe
from benchmarks.tables import table
from benchmarks.training_speed.job import Job
from benchmarks.training_speed.networks import Parts, draw, posterior, summed_kl
from vaelab.config import DataConfig
from vaelab.data import load_data
from vaelab.data.batches import Batches
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.files import write_json
from vaelab.loaded_run import LoadedRun
from vaelab.models.contract import LatentVariableModel
from vaelab.randomness import generator
from vaelab.training import Hardware, fit
from vaelab.training.validation import validate

TARGET_NATS = 239.63
EPOCHS = 30
TEST_BATCH = 500

# The module in `training_speed` of each contender other than vaelab.
PEERS = {"per-sample": "per_sample", "pythae": "pythae_trainer"}
CONTENDERS = (*PEERS, "vaelab")


@torch.no_grad()
def test_negative_elbo(parts: Parts, images: Tensor) -> float:
    """Negative ELBO in nats, mean over images, at one draw per image; the same draws each time.

    Args:
        parts: encoder and decoder.
        images: floats in [0, 1].
    """
    noise, total = generator(0, "test"), 0.0
    for x in images.split(TEST_BATCH):
        mean, log_variance = posterior(parts.encoder(x))
        logits = parts.decoder(draw(mean, log_variance, noise))
        reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        total += (reconstruction + summed_kl(mean, log_variance)).item()
    return total / len(images)


def work(job: Facts, report: Report) -> None:
    """Train and report time and negative ELBO after each epoch."""
    report({"machine": describe("cpu")})
    if job["contender"] in PEERS:
        _train_peer(job, report)
    else:
        _train_own(job, report)


def _train_peer(job: Facts, report: Report) -> None:
    test = load_data(DataConfig()).test.images
    images = torch.from_numpy(test).float().div_(255)
    training = Job(
        contender=job["contender"],
        network="conv",
        images=job["images"],
        epochs=job["epochs"],
        device="cpu",
    )
    seconds: list[float] = []

    def after_epoch(epoch_seconds: float, parts: Parts) -> None:
        seconds.append(epoch_seconds)
        report(_epoch(len(seconds), sum(seconds), test_negative_elbo(parts, images)))

    module = importlib.import_module(f"benchmarks.training_speed.{PEERS[job['contender']]}")
    module.train(training, after_epoch)


class TestEvaluation:
    """Evaluates the test images after each epoch; its clock stops meanwhile.

    It does not affect the run: the best epoch is selected by validation.
    """

    def __init__(self, test: Batches, report: Report) -> None:
        self.test, self.report = test, report
        self.evaluation_seconds = 0.0
        self.start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start, without evaluation."""
        return time.perf_counter() - self.start - self.evaluation_seconds

    def on_step(self) -> None:
        """Nothing."""

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Evaluate the model."""
        seconds, start = self.seconds, time.perf_counter()
        means = validate(model, self.test, generator(0, "test")).means
        self.report(_epoch(record["epoch"], seconds, means["negative_elbo"]))
        self.evaluation_seconds += time.perf_counter() - start


def _train_own(job: Facts, report: Report) -> None:
    config = own_runs.configured(job["preset"], job["images"], job["settings"])
    dataset = load_data(config.data)
    evaluation = TestEvaluation(Batches(dataset.test, torch.device("cpu")), report)
    out, hardware = Path(job["folder"]) / "run", Hardware(accelerator="cpu")
    run = fit(config, out, dataset=dataset, hardware=hardware, observers=[evaluation])
    seconds = evaluation.seconds
    result = evaluate(LoadedRun(run, dataset=dataset), metrics=("losses",))["negative_elbo"]
    report({"kept": result.value, "seconds": seconds})


def _epoch(epoch: int, seconds: float, nats: float) -> Facts:
    return {"epoch": epoch, "seconds": seconds, "test_nats": nats}


def main() -> None:
    """Measure, print and write."""
    options = _options()
    require_images(options.images)
    settings = _settings(options)
    reports: dict[str, list[Facts]] = {}
    failures: list[str] = []
    for name in options.only:
        reports[name] = []
        try:
            for facts in _follow(name, options, settings):
                reports[name].append(facts)
                children.note(f"{name}: {_line(facts)}")
                _write(options, reports, failures)
        except ChildError as error:
            failures.append(f"{name}: {error.reason}")
            children.note(str(error))
            _write(options, reports, failures)
    print(_text(reports, options.target))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.time_to_quality", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=CONTENDERS,
        default=CONTENDERS,
        metavar="NAME",
        help=f"of {', '.join(CONTENDERS)}",
    )
    parser.add_argument("--target", type=float, default=TARGET_NATS, help="(default: %(default)s)")
    parser.add_argument(
        "--epochs", type=int, default=EPOCHS, help="of the other contenders (default: %(default)s)"
    )
    parser.add_argument("--preset", default="flagship-small", help="(default: %(default)s)")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="FIELD=VALUE", help="fields of vaelab's preset"
    )
    parser.add_argument("--images", type=int, default=60_000, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, help="(default: what torch chooses)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    return parser.parse_args()


def _settings(options: argparse.Namespace) -> dict[str, str]:
    """The settings of vaelab; exits with a one-line message if they are invalid."""
    settings = {name: value for name, _, value in (each.partition("=") for each in options.set)}
    try:
        own_runs.configured(options.preset, options.images, settings)
    except InputError as error:
        sys.exit(str(error))
    return settings


def _follow(name: str, options: argparse.Namespace, settings: dict[str, str]) -> Iterator[Facts]:
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "contender": name,
            "preset": options.preset,
            "images": options.images,
            "epochs": options.epochs,
            "settings": settings,
            "folder": folder,
        }
        yield from children.follow("benchmarks.time_to_quality", job, threads=options.threads)


def _line(facts: Facts) -> str:
    if "epoch" in facts:
        return f"epoch {facts['epoch']}: {facts['test_nats']:.2f} nats at {facts['seconds']:.1f} s"
    if "kept" in facts:
        return f"kept: {facts['kept']:.2f} nats, after {facts['seconds']:.1f} s"
    machine = facts["machine"]
    return f"{machine['device']}, {machine['threads']} threads, torch {machine['torch']}"


def _write(
    options: argparse.Namespace, reports: dict[str, list[Facts]], failures: list[str]
) -> None:
    if options.json is None:
        return
    chosen = {name: value for name, value in vars(options).items() if name != "json"}
    write_json(options.json, {"options": chosen, "contenders": reports, "failures": failures})


def _text(reports: dict[str, list[Facts]], target: float) -> str:
    head = ["", f"reaches {target} nats", "after epoch"]
    head += [f"time of {peer} over that" for peer in PEERS]
    head += ["lowest test negative ELBO", "all epochs", "kept"]
    epochs = {peer: _epochs(reports.get(peer, [])) for peer in PEERS}
    ends = {peer: each[-1]["seconds"] if each else None for peer, each in epochs.items()}
    return table(head, [_row(name, facts, target, ends) for name, facts in reports.items()])


def _row(
    name: str, reports: list[Facts], target: float, ends: dict[str, float | None]
) -> list[str]:
    epochs = _epochs(reports)
    kept = next((f"{facts['kept']:.2f}" for facts in reports if "kept" in facts), "")
    if not epochs:
        return [name, "failed", *([""] * (len(ends) + 4))]
    reached = next((each for each in epochs if each["test_nats"] <= target), None)
    return [
        name,
        *(
            ["never", ""]
            if reached is None
            else [f"{reached['seconds']:.0f} s", str(reached["epoch"])]
        ),
        *(_times(end, reached) for end in ends.values()),
        f"{min(each['test_nats'] for each in epochs):.2f}",
        f"{epochs[-1]['seconds']:.0f} s",
        kept,
    ]


def _epochs(reports: list[Facts]) -> list[Facts]:
    return [facts for facts in reports if "epoch" in facts]


def _times(end: float | None, reached: Facts | None) -> str:
    return "" if end is None or reached is None else f"{end / reached['seconds']:.1f} x"


if __name__ == "__main__":
    if children.is_child():
        children.run(work)
    else:
        main()
