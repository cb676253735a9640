"""What a contender is asked for, and what it answers; without torch."""

from dataclasses import dataclass

BATCH_SIZE = 128
LEARNING_RATE = 1e-3

# Steps before the clock runs: the first ones choose kernels and ask the system for memory.
WARM_UP_STEPS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One training.

    Attributes:
        contender: a key of `CONTENDERS`.
        network: mlp or conv.
        images: the first so many training images; None: all.
        epochs: to be timed.
        device: cpu or cuda.
    """

    contender: str
    network: str
    images: int | None
    epochs: int
    device: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """How long it took.

    Attributes:
        images: trained on in each epoch.
        seconds: of each epoch's training alone.
        whole_seconds: of each epoch with all that belongs to it, such as validation and
            checkpoints; None where nothing does.
    """

    images: int
    seconds: list[float]
    whole_seconds: list[float] | None = None
