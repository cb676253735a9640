"""Options of sampling, as plain data without torch."""

import math
from dataclasses import dataclass

from vaelab.errors import InputError
from vaelab.models.capabilities import Capabilities


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplingOptions:
    """How codes are drawn from a prior.

    Attributes:
        temperature: factor of the standard deviations of the Gaussians that codes are drawn from:
            within a component of a mixture, of the noise of a flow, of each level of a hierarchy.
            Logits of categorical distributions are divided by it. 1 draws from the prior itself; 0
            gives the mean, or the most probable value.
        solver_steps: of a prior whose codes solve a differential equation; None: as many as its
            settings say.

    Raises:
        InputError: on a temperature below 0 or fewer than one step.
    """

    temperature: float = 1.0
    solver_steps: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise InputError(f"the temperature must not be negative, found {self.temperature:g}")
        if self.solver_steps is not None and self.solver_steps < 1:
            raise InputError(
                f"the number of solver steps must be at least 1, found {self.solver_steps}"
            )

    def require(self, capabilities: Capabilities) -> None:
        """Refuse options that a model does not have.

        Raises:
            InputError: on solver steps where the prior has no solver.
        """
        if self.solver_steps is not None and not capabilities.has_solver:
            raise InputError(
                f"the prior of this {capabilities.name} has no solver, so it takes no number of "
                "solver steps; leave it out, or fit a prior that has one: "
                "vaelab fit-prior RUN --prior flow-matching"
            )


AS_FITTED = SamplingOptions()
"""Draws from the prior itself."""
