"""The scalars of the latest steps, read together: to read a value from a GPU is to wait for it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vaelab.errors import InputError

ADVICE = "Lower training.learning_rate, or set training.gradient_clip_norm (such as 10)"


class NonFiniteLossError(InputError):
    """The loss is not finite. Weights and checkpoints on disk are those from before that step."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step computed.

    Attributes:
        number: in the epoch, counted from 1.
        scalars: of the objective, by name: means over the images of this process.
        loss: of the images of this process.
        gradient_norm: before clipping; None where gradients are not clipped.
        images: of this process.
    """

    number: int
    scalars: Mapping[str, float]
    loss: float
    gradient_norm: float | None
    images: int

    @property
    def non_finite(self) -> list[str]:
        """The names of the scalars that are not finite; else of the loss or the gradient."""
        terms = [name for name, value in self.scalars.items() if not math.isfinite(value)]
        others = {"loss": self.loss, "gradient": self.gradient_norm or 0.0}
        return terms or [name for name, value in others.items() if not math.isfinite(value)][:1]


class StepScalars:
    """Collects the scalars of steps on their device."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._rows: list[Tensor] = []
        self._facts: list[tuple[int, int]] = []

    @torch.no_grad()
    def add(
        self,
        number: int,
        scalars: Mapping[str, Tensor],
        loss: Tensor,
        gradient_norm: Tensor | None,
        images: int,
    ) -> None:
        """Add a step; see `Step`."""
        self._names = tuple(scalars)
        values = [*scalars.values(), loss]
        if gradient_norm is not None:
            values.append(gradient_norm.to(loss.dtype))
        self._rows.append(torch.stack(values))
        self._facts.append((number, images))

    def read(self) -> list[Step]:
        """The steps since the last call; waits for the device."""
        rows = torch.stack(self._rows).tolist() if self._rows else []
        facts, self._rows, self._facts = self._facts, [], []
        return [
            self._step(row, number, images)
            for row, (number, images) in zip(rows, facts, strict=True)
        ]

    def _step(self, row: list[float], number: int, images: int) -> Step:
        count = len(self._names)
        loss, *norm = row[count:]
        scalars = dict(zip(self._names, row[:count], strict=True))
        return Step(number, scalars, loss, norm[0] if norm else None, images)


def non_finite_error(epoch: int, steps: Iterable[Step]) -> NonFiniteLossError:
    """The report of the first step whose loss is not finite, here or in another process."""
    for step in steps:
        if step.non_finite:
            return NonFiniteLossError(
                f"epoch {epoch}, step {step.number}: {' and '.join(step.non_finite)} is not finite "
                f"(loss {step.loss}); nothing of this step was saved. {ADVICE}"
            )
    return NonFiniteLossError(f"epoch {epoch}: a loss is not finite in another process. {ADVICE}")
