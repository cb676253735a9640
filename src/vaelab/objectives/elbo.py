"""The negative ELBO with a weight on its KL."""

from collections.abc import Callable, Mapping

from torch import Tensor

from vaelab import parts
from vaelab.errors import InputError, entry
from vaelab.models.capabilities import Capabilities
from vaelab.models.contract import Terms
from vaelab.objectives.config import ElboConfig
from vaelab.objectives.kl_schedules import KLWeighting
from vaelab.objectives.objective import Loss, Objective, Progress, end_of_training, reduce

# Loss terms that users register: terms of a batch to a value per image (B,).
LOSS_TERMS: dict[str, Callable[[Terms], Tensor]] = {}


class Elbo(Objective):
    """Minus the ELBO, its KL weighted by beta (Higgins et al. 2017) and by a schedule.

    The loss may contain the cross-entropy of an auxiliary classifier and registered terms. The best
    epoch is chosen by reconstruction and KL alone.
    """

    needs = ("kl_levels",)

    def __init__(self, config: ElboConfig) -> None:
        self.config = config
        self.uses_auxiliary_terms = config.auxiliary_weight > 0
        self.extra_terms = [_extra_term(text) for text in config.extra_terms]

    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """Reconstruction plus weighted KL, plus the weighted auxiliary and extra terms."""
        reconstruction, kl, scalars = reduce(terms)
        weighting = self._kl_weighting(progress)
        if self.config.free_bits_nats > 0:
            # Each dimension's mean over the batch counts as at least its free nats
            # (Kingma et al. 2016, arXiv:1606.04934, equation 15).
            (by_dimension,) = terms.kl.values()
            kl = by_dimension.mean(0).clamp(min=self.config.free_bits_nats).sum()
        if weighting.target_nats is not None:
            kl = (kl - weighting.target_nats).abs()
        loss = reconstruction + self.config.beta * weighting.share * kl
        for name, value in terms.auxiliary.items():
            scalars[name] = value.mean()
            loss = loss + self.config.auxiliary_weight * scalars[name]
        for name, term, weight in self.extra_terms:
            scalars[name] = term(terms).mean()
            loss = loss + weight * scalars[name]
        return Loss(loss, scalars)

    def schedule(self, progress: Progress) -> dict[str, float]:
        """Beta times the schedule's share."""
        return {"kl_weight": self.config.beta * self._kl_weighting(progress).share}

    def selection(self, means: Mapping[str, float]) -> float:
        """Reconstruction and KL at the end of the schedule, without free bits.

        The weight of the moment would favor the epochs of a warm-up with a small weight.
        """
        target = self._kl_weighting(end_of_training(1)).target_nats
        kl = means["kl"]
        penalty = kl if target is None else abs(kl - target)
        return means["reconstruction"] + self.config.beta * penalty

    def require(self, capabilities: Capabilities) -> None:
        """See `Objective.require`.

        Raises:
            InputError: also on free bits where the KL is no sum over dimensions.
        """
        super().require(capabilities)
        if self.config.free_bits_nats > 0 and not capabilities.splits_kl:
            raise InputError(
                "objective.free_bits_nats needs a KL that is a sum over dimensions: set "
                "model.prior=standard-normal, or objective.free_bits_nats=0"
            )
        if self.config.auxiliary_weight > 0 and not capabilities.has_auxiliary_terms:
            raise InputError(
                "objective.auxiliary_weight needs a model with auxiliary terms, such as "
                "model.auxiliary_classifier=true; set it, or objective.auxiliary_weight=0"
            )

    def _kl_weighting(self, progress: Progress) -> KLWeighting:
        weighting: KLWeighting = parts.build(self.config.kl_schedule, progress)
        return weighting


def _extra_term(text: str) -> tuple[str, Callable[[Terms], Tensor], float]:
    """Name, function and weight of NAME or NAME*WEIGHT.

    Raises:
        InputError: on an unknown name or a weight that is not a number.
    """
    name, star, weight = text.partition("*")
    try:
        return name, entry("loss term", name, LOSS_TERMS), float(weight) if star else 1.0
    except InputError:
        raise
    except ValueError:
        raise InputError(
            f"objective.extra_terms takes NAME or NAME*WEIGHT, found {text!r}"
        ) from None
