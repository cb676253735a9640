"""Seconds of training until the test total reaches a mark.

    python -m benchmarks.time_to_quality [--only NAME...] [--target NATS] [--epochs E]
                                         [--set FIELD=VALUE...] [--images N] [--threads T]
                                         [--json FILE]

The total is summed binary cross-entropy on grey pixels plus KL in nats, a mean over the test images
at one latent sample each. The mark, 239.63 nats, is what R3's settings reach after their 30 epochs.

    r3       R3's loop, batch 128, Adam 1e-3, on all training images
    pythae   pythae's VAE and trainer with the same networks and settings
    vaelab   the preset `flagship`; --set replaces fields of it, such as training.epochs=4

Each trains once, in a process of its own, one after the other. Of the peers only training counts.
Of vaelab everything counts from the call of `vaelab.fit` on, validation, pictures and checkpoints
too, and a tenth of the images is held out; only looking at the test images does not count. Each
epoch is told as it ends. vaelab's learning rate follows a schedule over all epochs, so its totals
before the last are not what a shorter training would reach. The model that vaelab keeps, chosen on
its own validation images, is measured once more, by `vaelab.evaluate`.
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
from benchmarks.children import ChildError, Facts, Tell
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
from vaelab.models import LatentVariableModel
from vaelab.randomness import generator
from vaelab.training import Hardware, fit
from vaelab.training.measure import measure

TARGET_NATS = 239.63
EPOCHS = 30
TEST_BATCH = 500

# A peer's module in `training_speed`, which trains its own way.
PEERS = {"r3": "per_sample", "pythae": "pythae_trainer"}
CONTENDERS = (*PEERS, "vaelab")


@torch.no_grad()
def test_total(parts: Parts, images: Tensor) -> float:
    """Nats of each image, in the mean, at one draw from each posterior; the same draws each time.

    Args:
        parts: as they are.
        images: floats in [0, 1].
    """
    noise, total = generator(0, "test"), 0.0
    for x in images.split(TEST_BATCH):
        mean, log_variance = posterior(parts.encoder(x))
        logits = parts.decoder(draw(mean, log_variance, noise))
        reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        total += (reconstruction + summed_kl(mean, log_variance)).item()
    return total / len(images)


def work(asked: Facts, tell: Tell) -> None:
    """In a process of its own: train, tell each epoch's time and test total."""
    tell({"machine": describe("cpu")})
    if asked["contender"] in PEERS:
        _train_peer(asked, tell)
    else:
        _train_own(asked, tell)


def _train_peer(asked: Facts, tell: Tell) -> None:
    test = load_data(DataConfig()).test.images
    images = torch.from_numpy(test).float().div_(255)
    job = Job(
        contender=asked["contender"],
        network="conv",
        images=asked["images"],
        epochs=asked["epochs"],
        device="cpu",
    )
    seconds: list[float] = []

    def after_epoch(of_this: float, parts: Parts) -> None:
        seconds.append(of_this)
        tell(_epoch(len(seconds), sum(seconds), test_total(parts, images)))

    module = importlib.import_module(f"benchmarks.training_speed.{PEERS[asked['contender']]}")
    module.train(job, after_epoch)


class TestWatch:
    """Looks at the test images after each epoch, and counts the time from its making without that.

    It changes nothing: the epoch that is kept is chosen by validation before it is asked.
    """

    def __init__(self, test: Batches, tell: Tell) -> None:
        self.test, self.tell = test, tell
        self.looking = 0.0
        self.start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """So far."""
        return time.perf_counter() - self.start - self.looking

    def on_step(self) -> None:
        """Nothing."""

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Measure the model to be used."""
        seconds, start = self.seconds, time.perf_counter()
        total = measure(model, self.test, generator(0, "test")).total
        self.tell(_epoch(record["epoch"], seconds, total))
        self.looking += time.perf_counter() - start


def _train_own(asked: Facts, tell: Tell) -> None:
    config = own_runs.configured("flagship", asked["images"], asked["settings"])
    dataset = load_data(config.data)
    watch = TestWatch(Batches(dataset.test, torch.device("cpu")), tell)
    out, hardware = Path(asked["folder"]) / "run", Hardware(accelerator="cpu")
    run = fit(config, out, dataset=dataset, hardware=hardware, observers=[watch])
    seconds = watch.seconds
    result = evaluate(LoadedRun(run, dataset=dataset), metrics=("losses",))["negative_elbo"]
    tell({"kept": result.value, "seconds": seconds})


def _epoch(epoch: int, seconds: float, total: float) -> Facts:
    return {"epoch": epoch, "seconds": seconds, "test_nats": total}


def main() -> None:
    """Measure, print and write."""
    options = _options()
    require_images(options.images)
    settings = _settings(options)
    told: dict[str, list[Facts]] = {}
    failures: list[str] = []
    for name in options.only:
        told[name] = []
        try:
            for facts in _follow(name, options, settings):
                told[name].append(facts)
                children.note(f"{name}: {_words(facts)}")
                _write(options, told, failures)
        except ChildError as error:
            failures.append(f"{name}: {error.reason}")
            children.note(str(error))
            _write(options, told, failures)
    print(_text(told, options.target))


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
        "--epochs", type=int, default=EPOCHS, help="of the peers (default: %(default)s)"
    )
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="FIELD=VALUE", help="of vaelab's flagship"
    )
    parser.add_argument("--images", type=int, default=60_000, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, help="(default: what torch chooses)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    return parser.parse_args()


def _settings(options: argparse.Namespace) -> dict[str, str]:
    """Those of vaelab; ends in one line if they cannot be used, before anything is trained."""
    settings = {name: value for name, _, value in (each.partition("=") for each in options.set)}
    try:
        own_runs.configured("flagship", options.images, settings)
    except InputError as error:
        sys.exit(str(error))
    return settings


def _follow(name: str, options: argparse.Namespace, settings: dict[str, str]) -> Iterator[Facts]:
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "contender": name,
            "images": options.images,
            "epochs": options.epochs,
            "settings": settings,
            "folder": folder,
        }
        yield from children.follow("benchmarks.time_to_quality", job, threads=options.threads)


def _words(facts: Facts) -> str:
    if "epoch" in facts:
        return f"epoch {facts['epoch']}: {facts['test_nats']:.2f} nats at {facts['seconds']:.1f} s"
    if "kept" in facts:
        return f"kept: {facts['kept']:.2f} nats, after {facts['seconds']:.1f} s in all"
    machine = facts["machine"]
    return f"{machine['device']}, {machine['threads']} threads, torch {machine['torch']}"


def _write(options: argparse.Namespace, told: dict[str, list[Facts]], failures: list[str]) -> None:
    if options.json is None:
        return
    asked = {name: value for name, value in vars(options).items() if name != "json"}
    write_json(options.json, {"options": asked, "contenders": told, "failures": failures})


def _text(told: dict[str, list[Facts]], target: float) -> str:
    head = ["", f"reaches {target} nats", "after epoch"]
    head += [f"sooner than {peer} ends" for peer in PEERS]
    head += ["least test total", "all epochs", "kept"]
    epochs = {peer: _epochs(told.get(peer, [])) for peer in PEERS}
    ends = {peer: each[-1]["seconds"] if each else None for peer, each in epochs.items()}
    return table(head, [_row(name, facts, target, ends) for name, facts in told.items()])


def _row(name: str, told: list[Facts], target: float, ends: dict[str, float | None]) -> list[str]:
    epochs = _epochs(told)
    kept = next((f"{facts['kept']:.2f}" for facts in told if "kept" in facts), "")
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


def _epochs(told: list[Facts]) -> list[Facts]:
    return [facts for facts in told if "epoch" in facts]


def _times(end: float | None, reached: Facts | None) -> str:
    return "" if end is None or reached is None else f"{end / reached['seconds']:.1f} x"


if __name__ == "__main__":
    if children.is_asked():
        children.answer(work)
    else:
        main()
