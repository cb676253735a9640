"""Whether every loss is a number, asked without waiting for the device at each step."""

import torch
from torch import Tensor
from torch.optim import Optimizer

from vaelab.errors import InputError
from vaelab.objectives import Losses

ADVICE = "Lower training.learning_rate, or set training.gradient_clip_norm (such as 10)"
_SEEN = ("reconstruction", "KL", "loss", "gradient")


class NonFiniteLossError(InputError):
    """Training met a loss that is no number; the weights are those before it."""


class Watch:
    """Sees each step's loss on its device and from the first bad one on lets nothing change.

    The optimizer's fused update leaves everything as it is where `found_inf` is 1, the way by
    which gradient scalers skip a step.
    """

    def __init__(self, optimizer: Optimizer, device: torch.device) -> None:
        self.is_bad = torch.zeros((), device=device)
        self._values = torch.zeros(len(_SEEN), device=device)
        self._good_steps = torch.zeros((), device=device)
        optimizer.found_inf = self.is_bad  # type: ignore[attr-defined]

    @torch.no_grad()
    def see(self, loss: Tensor, losses: Losses, gradient_norm: Tensor | None) -> None:
        """Look at one step before the optimizer takes it."""
        gradient = loss.new_zeros(()) if gradient_norm is None else gradient_norm.to(loss.dtype)
        values = torch.stack([losses.reconstruction, losses.kl, loss, gradient])
        is_sound = torch.isfinite(values).all()
        # The first bad step's numbers are kept.
        torch.where(self.is_bad > 0, self._values, values, out=self._values)
        self.is_bad.copy_(torch.maximum(self.is_bad, (~is_sound).to(self.is_bad.dtype)))
        self._good_steps += 1 - self.is_bad

    def error(self, epoch: int, first_step: int) -> NonFiniteLossError:
        """What to tell; `first_step` is the first of this epoch that was seen, counted from 0."""
        step = first_step + int(self._good_steps) + 1
        values = dict(zip(_SEEN, self._values.tolist(), strict=True))
        guilty = [name for name in _SEEN if not torch.isfinite(torch.tensor(values[name]))]
        culprits = [name for name in guilty if name in ("reconstruction", "KL")] or guilty[:1]
        if not culprits:
            return NonFiniteLossError(
                f"epoch {epoch}: a loss is not finite in another process. {ADVICE}"
            )
        return NonFiniteLossError(
            f"epoch {epoch}, step {step}: {' and '.join(culprits)} is not finite "
            f"(loss {values['loss']}); nothing was updated in this step. {ADVICE}"
        )

    def begin_epoch(self) -> None:
        """Count steps anew."""
        self._good_steps.zero_()
