"""The definition of a search: its space and the value that it minimizes."""

from dataclasses import dataclass
from typing import Any

from vaelab import settings
from vaelab.config import Config
from vaelab.errors import InputError, unknown_name
from vaelab.search.space import SearchDimension

# Values of an epoch that a search can minimize; a dot separates a part of the record and a name.
PARTS = ("train", "validation")
SELECTION_LOSS = "selection_loss"


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What defines a search.

    Attributes:
        config: of all trials, except for the fields in the search space.
        space: the fields to search over, with their values.
        minimize: a value of metrics.jsonl, at the epoch whose weights the run keeps:
            `selection_loss`, or the name of a loss after `validation.` or `train.`. If beta is
            searched over, `selection_loss` is not comparable between trials, since it weights the
            KL by each trial's own beta; `validation.negative_elbo` does not.
        seed: of the proposed values.
        prune: whether to stop a trial whose value is above the median of the earlier trials.
    """

    config: Config
    space: tuple[SearchDimension, ...]
    minimize: str = "validation.negative_elbo"
    seed: int = 0
    prune: bool = True

    def __post_init__(self) -> None:
        part, dot, name = self.minimize.partition(".")
        if self.minimize != SELECTION_LOSS and not (part in PARTS and dot and name):
            raise InputError(
                f"--minimize takes {SELECTION_LOSS}, validation.NAME or train.NAME, such as "
                f"validation.negative_elbo; found {self.minimize!r}"
            )
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed must be from 0 to 2^32 - 1, found {self.seed}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "config": settings.to_dict(self.config),
            "space": [str(dimension) for dimension in self.space],
            "minimize": self.minimize,
            "seed": self.seed,
            "prune": self.prune,
        }

    def value_of(self, record: dict[str, Any]) -> float:
        """The value to minimize, from the record of an epoch.

        Raises:
            InputError: if the record has no such value; the message names the closest match.
        """
        if self.minimize == SELECTION_LOSS:
            return float(record[SELECTION_LOSS])
        part, _, name = self.minimize.partition(".")
        known = [each for each, value in record[part].items() if isinstance(value, int | float)]
        if name not in known:
            raise unknown_name(f"{part} loss", name, known)
        return float(record[part][name])
