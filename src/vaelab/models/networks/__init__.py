"""Encoder and decoder networks; `NETWORKS` is the table of them."""

from vaelab.models.networks.contract import ImageShape, Network
from vaelab.models.networks.conv import CONV
from vaelab.models.networks.mlp import MLP
from vaelab.models.networks.residual import RESIDUAL

NETWORKS: dict[str, Network] = {
    "mlp": MLP,
    "conv": CONV,
    "residual": RESIDUAL,
}

__all__ = ["NETWORKS", "ImageShape", "Network"]
