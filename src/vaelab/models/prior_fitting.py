"""How the prior of a model is fitted to the codes of its trained encoder.

Letters in shapes: B batch, N images, C channels, H height, W width, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from vaelab.models.code_distribution import CodeDistribution
from vaelab.randomness import Source

Images = Float[Tensor, "B C H W"]
Condition = Float[Tensor, "B K"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorFitting:
    """The prior of a model, what it is a distribution over, and its loss.

    Attributes:
        prior: the trainable part.
        draw: from the posterior of images, of those latent variables that the prior is over; all
            further levels have priors that depend on these.
        loss: of the prior at such draws, per image.
    """

    prior: CodeDistribution
    draw: Callable[[Images, Condition, Source], Tensor]
    loss: Callable[[Tensor, Condition, Source], Float[Tensor, " B"]]

    @property
    def is_done_at_once(self) -> bool:
        """Whether nothing of the prior is learned by gradient."""
        return not any(True for _ in self.prior.parameters())
