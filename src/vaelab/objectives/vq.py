"""The objective of a vector-quantized VAE."""

from torch import Tensor

from vaelab.errors import InputError
from vaelab.models.capabilities import Capabilities
from vaelab.models.contract import Terms
from vaelab.objectives.config import VqConfig
from vaelab.objectives.objective import Loss, Objective, Progress, reduce


class VectorQuantization(Objective):
    """Reconstruction + codebook loss + commitment loss: van den Oord et al. 2017, equation 3.

    The losses are sums over the dimensions of the codes, as the reconstruction is over pixels. The
    KL to the prior over codes is logged, not minimized: it does not depend on the encoder.
    """

    uses_auxiliary_terms = True

    def __init__(self, config: VqConfig) -> None:
        self.config = config

    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """The weighted sum."""
        reconstruction, _, scalars = reduce(terms)
        named: dict[str, Tensor] = {name: each.mean() for name, each in terms.auxiliary.items()}
        loss = reconstruction + self.config.codebook_weight * named["codebook"]
        loss = loss + self.config.commitment_weight * named["commitment"]
        return Loss(loss, scalars | named)

    def require(self, capabilities: Capabilities) -> None:
        """See `Objective.require`.

        Raises:
            InputError: if the model has no codebook.
        """
        if all(level.codebook_size is None for level in capabilities.levels):
            raise InputError(
                f"objective=vq needs a model with a codebook, such as model=vq-vae; "
                f"{capabilities.name} has none"
            )
