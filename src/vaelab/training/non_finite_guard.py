"""Whether every loss is a number, asked without waiting for the device at each step."""

import math

import torch
from torch import Tensor
from torch.optim import Optimizer

from vaelab.errors import InputError
from vaelab.objectives import Losses
from vaelab.training.engine import STEPS_BETWEEN_MEETINGS

ADVICE = "Lower training.learning_rate, or set training.gradient_clip_norm (such as 10)"
_SEEN = ("reconstruction", "KL", "loss", "gradient")


class NonFiniteLossError(InputError):
    """Training met a loss that is no number; the weights are those before it."""


class NonFiniteGuard:
    """Sees each step's loss on its device and from the first bad one on lets nothing change.

    The optimizer's fused update leaves everything as it is where `found_inf` is 1, the way by
    which gradient scalers skip a step.
    """

    def __init__(self, optimizer: Optimizer, device: torch.device) -> None:
        self.is_bad = torch.zeros((), device=device)
        # Of the steps that nobody may have looked at yet, in turn.
        self._seen = torch.zeros(STEPS_BETWEEN_MEETINGS, len(_SEEN), device=device)
        optimizer.found_inf = self.is_bad  # type: ignore[attr-defined]

    @torch.no_grad()
    def see(self, step: int, loss: Tensor, losses: Losses, gradient_norm: Tensor | None) -> None:
        """Look at one step, counted from 0, before the optimizer takes it."""
        values = [losses.reconstruction, losses.kl, loss]
        if gradient_norm is not None:
            values.append(gradient_norm.to(loss.dtype))
        seen = self._seen[step % STEPS_BETWEEN_MEETINGS, : len(values)]
        torch.stack(values, out=seen)
        # A number less itself is 0; infinity and NaN are not.
        self.is_bad.masked_fill_((seen - seen).sum() != 0, 1)

    def error(self, epoch: int, steps_done: int) -> NonFiniteLossError:
        """What to tell of the first bad step among those since all met before."""
        for step in range(max(0, steps_done - STEPS_BETWEEN_MEETINGS), steps_done):
            values = dict(
                zip(_SEEN, self._seen[step % STEPS_BETWEEN_MEETINGS].tolist(), strict=True)
            )
            guilty = [name for name in _SEEN if not math.isfinite(values[name])]
            if guilty:
                culprits = [name for name in guilty if name in ("reconstruction", "KL")]
                return NonFiniteLossError(
                    f"epoch {epoch}, step {step + 1}: {' and '.join(culprits or guilty[:1])} is "
                    f"not finite (loss {values['loss']}); nothing was updated in this step. "
                    f"{ADVICE}"
                )
        return NonFiniteLossError(
            f"epoch {epoch}: a loss is not finite in another process. {ADVICE}"
        )
