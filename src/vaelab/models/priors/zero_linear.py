"""A linear layer that starts at zero.

Letters in shapes: B batch, I inputs, O outputs.
"""

from jaxtyping import Float
from torch import Generator, Tensor, nn


class ZeroLinear(nn.Module):
    """A linear layer that starts at zero, so that what it is added to starts unchanged."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def initialize(self, generator: Generator) -> None:
        """Zeros; nothing is drawn."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Float[Tensor, "B I"]) -> Float[Tensor, "B O"]:
        """The outputs."""
        outputs: Tensor = self.linear(x)
        return outputs
