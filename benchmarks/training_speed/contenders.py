"""The table of contenders; without torch, so that the process that compares stays small."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One way to train.

    Attributes:
        network: mlp or conv.
        title: as in the results.
        module: of this package, imported only in the process that trains.
    """

    network: str
    title: str
    module: str


PER_SAMPLE, PYTHAE, IN_MEMORY, OWN = "per_sample", "pythae_trainer", "in_memory", "own"

CONTENDERS = {
    "r4": Contender(network="mlp", title="R4's loop", module=PER_SAMPLE),
    "pythae-mlp": Contender(network="mlp", title="pythae", module=PYTHAE),
    "in-memory-mlp": Contender(network="mlp", title="plain loop in memory", module=IN_MEMORY),
    "vaelab-mlp": Contender(network="mlp", title="vaelab", module=OWN),
    "r3": Contender(network="conv", title="R3's loop", module=PER_SAMPLE),
    "pythae-conv": Contender(network="conv", title="pythae", module=PYTHAE),
    "in-memory-conv": Contender(network="conv", title="plain loop in memory", module=IN_MEMORY),
    "vaelab-conv": Contender(network="conv", title="vaelab", module=OWN),
}

# What each contender is measured by, in the order of the table's columns.
PEERS = {
    "mlp": ("r4", "pythae-mlp", "in-memory-mlp"),
    "conv": ("r3", "pythae-conv", "in-memory-conv"),
}

# Takes part in every round beside the contenders: matrix products, nothing else.
ARITHMETIC = "arithmetic"
