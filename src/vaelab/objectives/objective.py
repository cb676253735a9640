"""What an objective is, and the one place that reduces.

Losses are sums over pixels and latent dimensions, means over the batch, in nats.

Letters in shapes: B batch, G groups into which the KL of a level splits.
"""

import functools
import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from jaxtyping import Float
from torch import Tensor

from vaelab.errors import InputError
from vaelab.models.capabilities import Capabilities
from vaelab.models.contract import Terms, TermsRequest

Scalar = Float[Tensor, ""]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands.

    Attributes:
        epoch: epochs done, in fractions.
        epochs: epochs in all.
        image_count: images in an epoch.
    """

    epoch: float
    epochs: float
    image_count: int = 1


def end_of_training(image_count: int) -> Progress:
    """After the last step."""
    return Progress(math.inf, math.inf, image_count)


class Loss(NamedTuple):
    """The loss of a batch, and the scalars to log.

    Attributes:
        loss: to minimize.
        scalars: by name, such as reconstruction and kl; they are stored, drawn and reported.
    """

    loss: Scalar
    scalars: dict[str, Scalar]


class Objective(ABC):
    """A loss over the terms of any model that has what it needs.

    Attributes:
        needs: capabilities of the model that must hold, as names of `Capabilities`' fields.
        uses_auxiliary_terms: whether the loss contains the model's auxiliary terms.
        needs_parent: whether it trains the prior of a derived run, and nothing else.
        request: what it needs beyond the terms of the ELBO.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    uses_auxiliary_terms: bool = False
    needs_parent: ClassVar[bool] = False
    request: TermsRequest = TermsRequest()

    @abstractmethod
    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """The loss of a batch at this moment of training."""

    def schedule(self, progress: Progress) -> dict[str, float]:
        """Quantities of the objective that change during training, to log."""
        return {}

    def selection(self, means: Mapping[str, float]) -> float:
        """The validation loss that the best epoch is chosen by.

        Args:
            means: over the validation images, at the end of all schedules: the scalars that the
                objective names, and `loss`.
        """
        return means["loss"]

    def require(self, capabilities: Capabilities) -> None:
        """Refuse a model that lacks what the objective needs.

        Raises:
            InputError: naming what is missing.
        """
        for need in self.needs:
            if not getattr(capabilities, need):
                raise InputError(
                    f"the objective {type(self).__name__} needs {_NEEDS[need]}: "
                    f"{capabilities.name} has none; set another objective or another model"
                )
        if capabilities.has_auxiliary_terms and not self.uses_auxiliary_terms:
            raise InputError(
                f"the objective {type(self).__name__} leaves out the auxiliary terms of the "
                f"{capabilities.name}, which would not be trained by them; set objective=elbo and "
                "an objective.auxiliary_weight above 0, or for a codebook objective=vq"
            )


# What an objective may need, for messages.
_NEEDS = {
    "has_prior": "a prior",
    "kl_levels": "a KL term",
    "has_density": "a bound on log p(x)",
    "has_gaussian_posterior": "a Gaussian posterior",
}


class LossTerms(NamedTuple):
    """Reconstruction and KL of a batch.

    Attributes:
        reconstruction: minus the expected log-likelihood, the distortion.
        kl: over all levels, the rate.
        scalars: both by name, and the KL of each level where there are several.
    """

    reconstruction: Scalar
    kl: Scalar
    scalars: dict[str, Scalar]


def kl_per_image(terms: Terms) -> Float[Tensor, " B"]:
    """The KL of each image: a sum over dimensions and levels."""
    return functools.reduce(operator.add, (kl.sum(1) for kl in terms.kl.values()))


def reduce(terms: Terms) -> LossTerms:
    """Means over the batch."""
    reconstruction, kl = terms.reconstruction.mean(), kl_per_image(terms).mean()
    scalars = {"reconstruction": reconstruction, "kl": kl}
    if len(terms.kl) > 1:
        scalars |= {f"kl_{name}": each.sum(1).mean() for name, each in terms.kl.items()}
    return LossTerms(reconstruction, kl, scalars)
