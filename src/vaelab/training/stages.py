"""The stages of a training: it has one, and another for each time that it is continued.

Every stage follows the schedules for its number of epochs. So the whole training is determined
by the configuration: repeated from the start, it gives the weights of the continued one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vaelab.config import TrainingConfig


@dataclass(frozen=True, slots=True)
class StagesDone:
    """How far a training is.

    Attributes:
        count: of stages that ended.
        epochs: at the end of the last of them.
    """

    count: int
    epochs: int


def stages_done(records: Sequence[dict[str, Any]], training: TrainingConfig) -> StagesDone:
    """The stages that ended by the epochs of these records.

    A stage ends after its epochs, or when `early_stopping_epochs` of its epochs in succession gave
    no better selection loss.
    """
    plan, patience = training.stages, training.early_stopping_epochs
    done = StagesDone(0, 0)
    least, best_epoch = math.inf, 0
    for epoch, record in enumerate(records, 1):
        if record["selection_loss"] < least:
            least, best_epoch = record["selection_loss"], epoch
        while done.count < len(plan):
            idle = epoch - max(best_epoch, done.epochs)
            if epoch < plan[done.count] and (patience is None or idle < patience):
                break
            done = StagesDone(done.count + 1, epoch)
    return done
