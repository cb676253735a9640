"""What is minimized, and the one place that reduces: sum over pixels and latents, mean over batch.

Letters in shapes: B batch, C channels, H height, W width, G groups between which the KL splits.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from vaelab.config import (
    CapacityConfig,
    ConstantConfig,
    CyclicalConfig,
    ElboConfig,
    ObjectiveConfig,
    ReconstructionConfig,
    WarmupConfig,
)
from vaelab.models import Terms

Scalar = Float[Tensor, ""]


@dataclass(frozen=True, slots=True)
class Losses:
    """Per image, in nats (or the likelihood's own unit).

    Attributes:
        reconstruction: minus the expected log-likelihood, the distortion.
        kl: of the posterior to the prior, the rate.
    """

    reconstruction: Scalar
    kl: Scalar

    @property
    def negative_elbo(self) -> Scalar:
        """Minus the ELBO, whatever weight training gives the KL."""
        return self.reconstruction + self.kl


def per_image(terms: Terms) -> tuple[Float[Tensor, " B"], Float[Tensor, " B"]]:
    """Reconstruction and KL of each image: sums over pixels and over latent dimensions."""
    return -terms.log_likelihood.flatten(1).sum(1), terms.kl.sum(1)


def reduce(terms: Terms) -> Losses:
    """The batch's means of the two sums."""
    reconstruction, kl = per_image(terms)
    return Losses(reconstruction.mean(), kl.mean())


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands.

    Attributes:
        epoch: epochs done, in fractions.
        epochs: epochs in all.
    """

    epoch: float
    epochs: float


@dataclass(frozen=True, slots=True)
class KLWeighting:
    """How the KL is held down at one moment.

    Attributes:
        share: of beta.
        target_nats: what the KL is drawn to; None: it is minimized.
    """

    share: float = 1.0
    target_nats: float | None = None


def _constant(_schedule: ConstantConfig, _progress: Progress) -> KLWeighting:
    return KLWeighting()


def _warmup(schedule: WarmupConfig, progress: Progress) -> KLWeighting:
    return KLWeighting(share=_ramp(progress.epoch, schedule.epochs))


def _cyclical(schedule: CyclicalConfig, progress: Progress) -> KLWeighting:
    position = progress.epoch / progress.epochs * schedule.cycles
    # At the very end the last cycle has risen; it does not begin anew.
    phase = position % 1 if position < schedule.cycles else 1.0
    return KLWeighting(share=_ramp(phase, schedule.rising_fraction))


def _capacity(schedule: CapacityConfig, progress: Progress) -> KLWeighting:
    return KLWeighting(target_nats=schedule.target_nats * _ramp(progress.epoch, schedule.epochs))


def _ramp(position: float, length: float) -> float:
    return min(1.0, position / length) if length > 0 else 1.0


KL_SCHEDULES: dict[str, Callable[[Any, Progress], KLWeighting]] = {
    "constant": _constant,
    "warmup": _warmup,
    "cyclical": _cyclical,
    "capacity": _capacity,
}


@runtime_checkable
class Objective(Protocol):
    """A loss over `Terms`, apart from any architecture."""

    def __call__(self, terms: Terms, losses: Losses, progress: Progress) -> Scalar:
        """The loss to minimize at this moment, of a batch's terms and what they reduce to."""
        ...

    def kl_weight(self, progress: Progress) -> float:
        """What the KL is multiplied with at this moment."""
        ...

    def final(self, reconstruction: float, kl: float) -> float:
        """The loss at the schedule's end: what the best epoch is chosen by.

        The weight of the moment would favour the epochs of a warm-up in which the KL was free.
        """
        ...


@dataclass(frozen=True, slots=True)
class Elbo:
    """Minus the ELBO, its KL weighted by beta (Higgins et al. 2017) and by a schedule.

    With a class reader, what it misreads is added: the best epoch is chosen without it.
    """

    config: ElboConfig

    def __call__(self, terms: Terms, losses: Losses, progress: Progress) -> Scalar:
        """Reconstruction plus weighted KL, plus what a class reader misreads."""
        pressure, kl = self._kl_weighting(progress), losses.kl
        if self.config.free_bits_nats > 0:
            # Each dimension's mean over the batch counts as at least its free nats
            # (Kingma et al. 2016, arXiv:1606.04934, equation 15).
            kl = terms.kl.mean(0).clamp(min=self.config.free_bits_nats).sum()
        if pressure.target_nats is not None:
            kl = (kl - pressure.target_nats).abs()
        loss = losses.reconstruction + self.kl_weight(progress) * kl
        if terms.auxiliary_cross_entropy is None:
            return loss
        return loss + self.config.auxiliary_weight * terms.auxiliary_cross_entropy.mean()

    def kl_weight(self, progress: Progress) -> float:
        """Beta times the schedule's share."""
        return self.config.beta * self._kl_weighting(progress).share

    def final(self, reconstruction: float, kl: float) -> float:
        """As at the end of the last epoch, without free bits."""
        target = self._kl_weighting(Progress(math.inf, math.inf)).target_nats
        return reconstruction + self.config.beta * (kl if target is None else abs(kl - target))

    def _kl_weighting(self, progress: Progress) -> KLWeighting:
        return KL_SCHEDULES[self.config.kl_schedule.kind](self.config.kl_schedule, progress)


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Reconstruction alone."""

    config: ReconstructionConfig

    def __call__(self, terms: Terms, losses: Losses, progress: Progress) -> Scalar:
        """Minus the log-likelihood."""
        return losses.reconstruction

    def kl_weight(self, progress: Progress) -> float:
        """There is no KL."""
        return 0.0

    def final(self, reconstruction: float, kl: float) -> float:
        """The reconstruction."""
        return reconstruction


OBJECTIVES: dict[str, Callable[[Any], Objective]] = {
    "elbo": Elbo,
    "reconstruction": Reconstruction,
}


def build_objective(config: ObjectiveConfig) -> Objective:
    """The objective that `config` describes."""
    return OBJECTIVES[config.kind](config)
