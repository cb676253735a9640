"""Reconstruction alone."""

from vaelab.models.contract import Terms
from vaelab.objectives.config import ReconstructionConfig
from vaelab.objectives.objective import Loss, Objective, Progress


class Reconstruction(Objective):
    """Minus the log-likelihood of the decoded code."""

    def __init__(self, _config: ReconstructionConfig) -> None:
        pass

    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """The reconstruction."""
        reconstruction = terms.reconstruction.mean()
        return Loss(reconstruction, {"reconstruction": reconstruction})
