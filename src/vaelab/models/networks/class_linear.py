"""A linear layer that each class may bend to itself.

Letters in shapes: B batch, I inputs, O outputs, K classes.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ClassLinear(nn.Linear):
    """W x + b, and for a conditional model W_y x + b_y on top.

    A label that is only concatenated can shift what a layer gives, not turn it. So told, an encoder
    leaves the class in the code, where no draw from the prior finds it; with weights of its own for
    each class it can bring every class's codes to the same prior.

    Args:
        inputs: I, the last K of them the condition: weights of the classes, one-hot for one.
        outputs: O.
        class_count: K; 0 for a plain linear layer.
    """

    def __init__(self, inputs: int, outputs: int, class_count: int) -> None:
        super().__init__(inputs, outputs)
        self.class_count = class_count
        self.own = nn.Linear(inputs, outputs * class_count) if class_count else None

    def forward(self, x: Float[Tensor, "B I"]) -> Float[Tensor, "B O"]:
        """The outputs."""
        shared: Tensor = super().forward(x)
        if self.own is None:
            return shared
        own = self.own(x).unflatten(1, (self.class_count, -1))
        return shared + torch.einsum("bko,bk->bo", own, x[:, -self.class_count :])
