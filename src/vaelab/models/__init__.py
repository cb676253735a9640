"""Latent-variable models; `MODELS` is the table of their families.

This module and the `config` modules below it import no torch. `vaelab.models.build` builds models.
"""

from vaelab.models.autoencoder.config import AutoencoderConfig
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.hierarchical.config import HierarchicalConfig
from vaelab.models.image_shape import ImageShape
from vaelab.models.ladder.config import LadderConfig
from vaelab.models.vq.config import VqVaeConfig
from vaelab.parts import Part

# Each builder takes the settings, the shape of the images and the number of classes.
MODELS: dict[str, Part] = {
    "vae": Part(VaeConfig, "vaelab.models.gaussian.model:build"),
    "autoencoder": Part(AutoencoderConfig, "vaelab.models.autoencoder.model:build"),
    "ladder-vae": Part(LadderConfig, "vaelab.models.ladder.model:build"),
    "hierarchical-vae": Part(HierarchicalConfig, "vaelab.models.hierarchical.model:build"),
    "vq-vae": Part(VqVaeConfig, "vaelab.models.vq.model:build"),
}

__all__ = ["MODELS", "ImageShape"]
