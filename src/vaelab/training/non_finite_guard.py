"""Detection of losses that are not finite, without waiting for the device at each step."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim import Optimizer

from vaelab.errors import InputError
from vaelab.training.process_group import STEPS_BETWEEN_SYNCHRONIZATIONS

ADVICE = "Lower training.learning_rate, or set training.gradient_clip_norm (such as 10)"


class NonFiniteLossError(InputError):
    """The loss is not finite; the weights are those before that step."""


class NonFiniteGuard:
    """Checks each step's loss on its device, and after the first bad one lets nothing change.

    The fused update of an optimizer leaves everything as it is where `found_inf` is 1; gradient
    scalers skip a step in the same way.
    """

    def __init__(self, optimizer: Optimizer, device: torch.device) -> None:
        self.is_bad = torch.zeros((), device=device)
        self._names: tuple[str, ...] = ()
        self._values = torch.zeros(STEPS_BETWEEN_SYNCHRONIZATIONS, 0, device=device)
        optimizer.found_inf = self.is_bad  # type: ignore[attr-defined]

    @torch.no_grad()
    def check(
        self,
        step: int,
        loss: Tensor,
        scalars: Mapping[str, Tensor],
        gradient_norm: Tensor | None,
    ) -> None:
        """Check one step, counted from 0, before the optimizer takes it."""
        values = [*scalars.values(), loss]
        if gradient_norm is not None:
            values.append(gradient_norm.to(loss.dtype))
        if len(self._names) != len(values):
            norm = () if gradient_norm is None else ("gradient",)
            self._names = (*scalars, "loss", *norm)
            self._values = loss.new_zeros(STEPS_BETWEEN_SYNCHRONIZATIONS, len(values))
        row = self._values[step % STEPS_BETWEEN_SYNCHRONIZATIONS]
        torch.stack(values, out=row)
        # x - x is 0 for a finite x, and NaN for infinity and NaN.
        self.is_bad.masked_fill_((row - row).sum() != 0, 1)

    def error(self, epoch: int, steps_done: int) -> NonFiniteLossError:
        """The report of the first bad step since the processes last synchronized."""
        for step in range(max(0, steps_done - STEPS_BETWEEN_SYNCHRONIZATIONS), steps_done):
            row = self._values[step % STEPS_BETWEEN_SYNCHRONIZATIONS].tolist()
            values = dict(zip(self._names, row, strict=True))
            bad = [name for name, value in values.items() if not math.isfinite(value)]
            if bad:
                terms = [name for name in bad if name not in ("loss", "gradient")]
                return NonFiniteLossError(
                    f"epoch {epoch}, step {step + 1}: {' and '.join(terms or bad[:1])} is "
                    f"not finite (loss {values['loss']}); nothing was updated in this step. "
                    f"{ADVICE}"
                )
        return NonFiniteLossError(
            f"epoch {epoch}: a loss is not finite in another process. {ADVICE}"
        )
