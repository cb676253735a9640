"""Objectives from a user's own functions."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from vaelab.models.contract import Terms
from vaelab.objectives.objective import Loss, Objective, Progress
from vaelab.parts import PartConfig, keyword_arguments


class FunctionObjective(Objective):
    """The loss that a function returns.

    Args:
        function: (terms, progress) to the loss and a dictionary of named scalars.
    """

    uses_auxiliary_terms = True

    def __init__(self, function: Callable[[Terms, Progress], tuple[Any, dict[str, Any]]]) -> None:
        self.function = function

    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """See the function."""
        return Loss(*self.function(terms, progress))


def objective_builder(part: Callable[..., Any]) -> Callable[[PartConfig], Objective]:
    """The builder of an objective from an `Objective` class or from a function."""

    def build(config: PartConfig) -> Objective:
        settings = keyword_arguments(config)
        made: Any = (
            part(**settings) if inspect.isclass(part) else functools.partial(part, **settings)
        )
        return made if isinstance(made, Objective) else FunctionObjective(made)

    return build
