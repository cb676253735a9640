"""What priors over vectors and priors over grids of codes have in common.

Letters in shapes: N images, K classes.
"""

from abc import ABC
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn


class CodeDistribution(nn.Module, ABC):
    """The module of a prior, which can be fitted to the codes of a trained encoder.

    Attributes:
        needs_trained_encoder: it can only be fitted after training, not trained with the model.
        has_solver: sampling solves a differential equation, in a number of steps.
    """

    needs_trained_encoder: ClassVar[bool] = False
    has_solver: ClassVar[bool] = False

    def fit(self, codes: Tensor, condition: Float[Tensor, "N K"], seed: int) -> None:
        """Determine what needs no gradient from codes of the training images; by default nothing.

        What is left are the parameters, which start from here when they are learned by gradient.
        """
