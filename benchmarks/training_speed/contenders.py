"""The table of contenders; it does not import torch, to keep the main process small."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """A training loop.

    Attributes:
        network: mlp or conv.
        title: in the results.
        module: in this package; imported only in the process that trains.
        precision: of vaelab's training; the others train in float32.
    """

    network: str
    title: str
    module: str
    precision: str = "32-true"


PER_SAMPLE, PYTHAE, IN_MEMORY, OWN = "per_sample", "pythae_trainer", "in_memory", "own"

CONTENDERS = {
    "per-sample-mlp": Contender(network="mlp", title="per-sample loop", module=PER_SAMPLE),
    "pythae-mlp": Contender(network="mlp", title="pythae", module=PYTHAE),
    "in-memory-mlp": Contender(network="mlp", title="plain loop in memory", module=IN_MEMORY),
    "vaelab-float32-mlp": Contender(network="mlp", title="vaelab in float32", module=OWN),
    "vaelab-mlp": Contender(network="mlp", title="vaelab", module=OWN, precision="auto"),
    "per-sample-conv": Contender(network="conv", title="per-sample loop", module=PER_SAMPLE),
    "pythae-conv": Contender(network="conv", title="pythae", module=PYTHAE),
    "in-memory-conv": Contender(network="conv", title="plain loop in memory", module=IN_MEMORY),
    "vaelab-float32-conv": Contender(network="conv", title="vaelab in float32", module=OWN),
    "vaelab-conv": Contender(network="conv", title="vaelab", module=OWN, precision="auto"),
}

# The contenders that others are compared with, in the order of the columns.
PEERS = {
    "mlp": ("per-sample-mlp", "pythae-mlp", "in-memory-mlp"),
    "conv": ("per-sample-conv", "pythae-conv", "in-memory-conv"),
}

# Measured in every round: matrix products only.
ARITHMETIC = "arithmetic"
