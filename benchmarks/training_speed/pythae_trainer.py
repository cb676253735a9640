"""pythae's VAE, trained by pythae's own trainer, with the same networks.

It gets floats in memory, in the form of its data sets, and no validation images. Only its training
step over an epoch is timed.
"""

# pythae has no types.
# mypy: disable-error-code="import-not-found, import-untyped, misc, no-any-return"

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import Tensor

from benchmarks.training_speed.images import training_floats
from benchmarks.training_speed.job import BATCH_SIZE, LEARNING_RATE, WARM_UP_STEPS, Job, Timed
from benchmarks.training_speed.networks import Parts, build, posterior


class Encoder(BaseEncoder):
    """The shared encoder in the form of pythae."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.network = parts.encoder
        self.latent_dim = parts.latent_size

    def forward(self, x: Tensor) -> Any:
        """The parameters of the posterior."""
        mean, log_variance = posterior(self.network(x))
        return ModelOutput(embedding=mean, log_covariance=log_variance)


class Decoder(BaseDecoder):
    """The shared decoder in the form of pythae."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.network = parts.decoder

    def forward(self, z: Tensor) -> Any:
        """Probabilities of pixels."""
        return ModelOutput(reconstruction=torch.sigmoid(self.network(z)))


class TimedTrainer(BaseTrainer):
    """pythae's trainer with a clock around its epochs."""

    def __init__(self, on_epoch: Callable[[float], None], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.on_epoch = on_epoch

    def train_step(self, epoch: int) -> Any:
        """One epoch."""
        start = time.perf_counter()
        loss = super().train_step(
            epoch
        )  # it reads the loss of every step, so the device has finished
        self.on_epoch(time.perf_counter() - start)
        return loss


def train(
    job: Job, after_epoch: Callable[[float, Parts], None] = lambda _seconds, _parts: None
) -> Timed:
    """Train; `after_epoch` is called with the seconds of each epoch and the networks."""
    images = training_floats(job)
    parts = build(job.network)
    settings = VAEConfig(
        input_dim=(1, 28, 28), latent_dim=parts.latent_size, reconstruction_loss="bce"
    )
    model = VAE(settings, encoder=Encoder(parts), decoder=Decoder(parts))
    timed = Timed(images=len(images), seconds=[])

    def on_epoch(seconds: float) -> None:
        timed.seconds.append(seconds)
        after_epoch(seconds, parts)

    with tempfile.TemporaryDirectory() as folder:
        warm_up = images[: WARM_UP_STEPS * BATCH_SIZE]
        _trainer(job, model, warm_up, Path(folder), 1, lambda _seconds: None).train()
        _trainer(job, model, images, Path(folder), job.epochs, on_epoch).train()
    return timed


def _trainer(
    job: Job,
    model: Any,
    images: Tensor,
    folder: Path,
    epochs: int,
    on_epoch: Callable[[float], None],
) -> TimedTrainer:
    return TimedTrainer(
        on_epoch,
        model=model,
        train_dataset=BaseDataset(images, torch.zeros(len(images))),
        training_config=BaseTrainerConfig(
            output_dir=str(folder),
            per_device_train_batch_size=BATCH_SIZE,
            num_epochs=epochs,
            learning_rate=LEARNING_RATE,
            no_cuda=job.device == "cpu",
        ),
    )
