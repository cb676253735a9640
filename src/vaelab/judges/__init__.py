"""Judges: classifiers, trained on real images, that measure anybody's generated ones."""

from vaelab.judges.available import Judges, judges_for, shipped_judges
from vaelab.judges.judge import Judge, JudgeCard, load_judge, look
from vaelab.judges.networks import Seen
from vaelab.judges.training import confusion_matrix, taught, train_judge

__all__ = [
    "Judge",
    "JudgeCard",
    "Judges",
    "Seen",
    "confusion_matrix",
    "judges_for",
    "load_judge",
    "look",
    "shipped_judges",
    "taught",
    "train_judge",
]
