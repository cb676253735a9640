"""Training: `fit` is the loop; the rest of the package is what it calls."""

from vaelab.training.checkpoint_schedule import CheckpointSchedule
from vaelab.training.continuation import continue_training
from vaelab.training.hardware import Hardware
from vaelab.training.loop import fit

__all__ = ["CheckpointSchedule", "Hardware", "continue_training", "fit"]
