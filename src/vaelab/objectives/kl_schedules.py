"""How the weight of the KL changes during training."""

from dataclasses import dataclass

from vaelab.objectives.config import (
    CapacityConfig,
    ConstantConfig,
    CyclicalConfig,
    WarmupConfig,
)
from vaelab.objectives.objective import Progress


@dataclass(frozen=True, slots=True)
class KLWeighting:
    """The weight of the KL at one moment.

    Attributes:
        share: of beta.
        target_nats: the penalty is on |KL - target|; None: on the KL.
    """

    share: float = 1.0
    target_nats: float | None = None


def constant(_schedule: ConstantConfig, _progress: Progress) -> KLWeighting:
    """Beta throughout."""
    return KLWeighting()


def warmup(schedule: WarmupConfig, progress: Progress) -> KLWeighting:
    """A linear rise at the start."""
    return KLWeighting(share=_ramp(progress.epoch, schedule.epochs))


def cyclical(schedule: CyclicalConfig, progress: Progress) -> KLWeighting:
    """A linear rise at the start of each cycle."""
    position = progress.epoch / progress.epochs * schedule.cycles
    # At the very end the last cycle has risen; no other begins.
    phase = position % 1 if position < schedule.cycles else 1.0
    return KLWeighting(share=_ramp(phase, schedule.rising_fraction))


def capacity(schedule: CapacityConfig, progress: Progress) -> KLWeighting:
    """A target that rises linearly."""
    return KLWeighting(target_nats=schedule.target_nats * _ramp(progress.epoch, schedule.epochs))


def _ramp(position: float, length: float) -> float:
    return min(1.0, position / length)
