"""The job of a contender and its result; without torch."""

from dataclasses import dataclass

BATCH_SIZE = 128
LEARNING_RATE = 1e-3

# Steps before timing: the first steps select kernels and allocate memory.
WARM_UP_STEPS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One training run.

    Attributes:
        contender: a key of `CONTENDERS`.
        network: mlp or conv.
        images: number of training images; None: all.
        epochs: number of timed epochs.
        device: cpu or cuda.
        precision: of vaelab's training.
    """

    contender: str
    network: str
    images: int | None
    epochs: int
    device: str
    precision: str = "32-true"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """The duration of a training run.

    Attributes:
        images: training images per epoch.
        seconds: of the training steps of each epoch.
        whole_seconds: of each epoch with validation and checkpoint; None if there are none.
    """

    images: int
    seconds: list[float]
    whole_seconds: list[float] | None = None
