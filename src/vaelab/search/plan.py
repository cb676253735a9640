"""A search: what is tried, and what is made small by it."""

from dataclasses import dataclass
from typing import Any

from vaelab import settings
from vaelab.config import Config
from vaelab.errors import InputError, unknown_name
from vaelab.search.space import Dimension

# Fields of an epoch's record that a search can make small.
VALUES = (
    "validation.negative_elbo",
    "validation.reconstruction",
    "validation.kl",
    "selection_loss",
    "train.negative_elbo",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What makes it this search and no other.

    Attributes:
        config: of all trials, but for the fields that are searched over.
        over: those fields and what they may be.
        minimize: one of `VALUES`, in the epoch that the run's weights are of. With beta among the
            fields, `selection_loss` weighs each trial's KL by its own beta.
        seed: of what is tried.
        prune: whether a trial ends early whose value is above the median of those before it.
    """

    config: Config
    over: tuple[Dimension, ...]
    minimize: str = "validation.negative_elbo"
    seed: int = 0
    prune: bool = True

    def __post_init__(self) -> None:
        if self.minimize not in VALUES:
            raise unknown_name("value to minimize", self.minimize, VALUES)
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed must lie in 0 to 2^32 - 1, found {self.seed}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "config": settings.to_dict(self.config),
            "over": [str(dimension) for dimension in self.over],
            "minimize": self.minimize,
            "seed": self.seed,
            "prune": self.prune,
        }

    def value_of(self, record: dict[str, Any]) -> float:
        """What is made small, of an epoch's line of metrics.jsonl."""
        value: Any = record
        for name in self.minimize.split("."):
            value = value[name]
        return float(value)
