"""Training in processes that start in no time, so that they can be killed dozens of times.

A fork server imports this module once; each process is a fork of it, with the images in memory and
everything imported that training imports only when it begins.
"""

import multiprocessing
from multiprocessing.process import BaseProcess
from pathlib import Path

import vaelab.training.launching  # noqa: F401
from tests.conftest import tiny
from vaelab.config import Config
from vaelab.data import load_data
from vaelab.training import CheckpointSchedule, Hardware, fit

SETTINGS = {
    "data.train_count": "300",
    "data.test_count": "100",
    "training.batch_size": "16",
    "training.epochs": "8",
    "training.preview_every_epochs": "4",
    "model.network.widths": "64",
}


def config() -> Config:
    return tiny("mlp-vae", **{name.replace(".", "__"): value for name, value in SETTINGS.items()})


DATASET = load_data(config().data)


def train(out: Path) -> None:
    """Keeping the state after every step."""
    fit(
        config(),
        out,
        dataset=DATASET,
        hardware=Hardware(accelerator="cpu"),
        checkpoint_schedule=CheckpointSchedule(steps=1),
        show_progress=False,
    )


def started(out: Path) -> BaseProcess:
    """A process that trains."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=train, args=(out,))
    process.start()
    return process
