"""Encoder and decoder networks; `NETWORKS` is the table."""

from vaelab.models.networks.config import ConvConfig, MlpConfig, ResidualConfig, ResidualConvConfig
from vaelab.parts import Part

# Each builder takes the settings, the shape of the images and the layers that read the label,
# and gives a `Network`.
NETWORKS: dict[str, Part] = {
    "mlp": Part(MlpConfig, "vaelab.models.networks.mlp:build"),
    "conv": Part(ConvConfig, "vaelab.models.networks.conv:build"),
    "residual-conv": Part(ResidualConvConfig, "vaelab.models.networks.residual_conv:build"),
    "residual": Part(ResidualConfig, "vaelab.models.networks.residual:build"),
}
