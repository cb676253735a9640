"""Whether a reference classifier is clearly better than chance on the test images.

Letters in shapes: M test images.
"""

import math

from jaxtyping import Int
from torch import Tensor

# A classifier is near chance unless its accuracy is this share of the way from chance to 1, by two
# standard errors.
LEAST_SHARE, STANDARD_ERRORS = 0.1, 2.0

# In sentences and next to single numbers, in place of the whole caveat.
SHORT_CAVEAT = "classifier near chance"


def caveat(name: str, predicted: Int[Tensor, " M"], labels: Int[Tensor, " M"]) -> str:
    """Why numbers that rest on a classifier say little; empty if it is clearly above chance.

    Chance is the share of the most frequent class, and the standard error is that of a classifier
    which always predicts it.

    Args:
        name: of the classifier.
        predicted: the classes that it assigns to the test images.
        labels: their true classes.
    """
    count = len(labels)
    right, most_frequent = int((predicted == labels).sum()), int(labels.bincount().max())
    if most_frequent == count:
        return f"{name} has nothing to distinguish: all {count:,} test images are of one class"
    accuracy, chance = right / count, most_frequent / count
    error = math.sqrt(chance * (1 - chance) / count)
    if accuracy - STANDARD_ERRORS * error > chance + LEAST_SHARE * (1 - chance):
        return ""
    return (
        f"{name} is near chance on these data: it is right on {right:,} of {count:,} test images, "
        f"and always predicting the most frequent class would be right on {most_frequent:,}"
    )
