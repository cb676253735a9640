"""Which models an objective can train."""

from dataclasses import replace

from vaelab.errors import InputError
from vaelab.models.capabilities import Capabilities
from vaelab.objectives.objective import Objective


def require_trainable(
    capabilities: Capabilities, objective: Objective, *, is_derived: bool
) -> None:
    """Refuse a model that the objective cannot train.

    Args:
        capabilities: of the model.
        objective: to minimize.
        is_derived: whether only the prior is trained.

    Raises:
        InputError: also if the prior would have to be trained with the model and cannot be.
    """
    if is_derived:
        # Only the prior is trained, by no auxiliary term.
        objective.require(replace(capabilities, has_auxiliary_terms=False))
        return
    if capabilities.prior_needs_trained_encoder:
        raise InputError(
            "this model.prior is fitted to the codes of a trained model: train without it, then "
            "run vaelab fit-prior RUN --prior NAME"
        )
    if objective.needs_parent:
        raise InputError(
            f"the objective {type(objective).__name__} trains the prior of a derived run alone: "
            "set another objective, or run vaelab fit-prior RUN --prior NAME"
        )
    objective.require(capabilities)
