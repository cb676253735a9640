"""Models, composed of networks, posteriors, priors and likelihoods; `MODELS` is the table."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, nn

from vaelab.config import ModelConfig
from vaelab.errors import InputError, entry
from vaelab.models import autoencoder, vae
from vaelab.models.latent_variable_model import LatentVariableModel, Terms
from vaelab.models.likelihoods import LIKELIHOODS
from vaelab.models.networks import NETWORKS, ImageShape
from vaelab.models.networks.contract import SelfInitializing

# Each takes its configuration, a network, a likelihood, the images' shape and the class count.
MODELS: dict[str, Callable[[Any, Any, Any, ImageShape, int], LatentVariableModel]] = {
    "vae": vae.build,
    "autoencoder": autoencoder.build,
}


def build_model(
    config: ModelConfig, shape: ImageShape, class_count: int, generator: Generator
) -> LatentVariableModel:
    """The model that `config` describes, its weights drawn from `generator`.

    Args:
        config: what to build.
        shape: of the images.
        class_count: of the data; used where the model is conditional.
        generator: on the CPU, so that the weights are the same on every device.

    Raises:
        InputError: on an unknown part, images that the network cannot take, or more weights than
            memory.
    """
    likelihood = entry("likelihood", config.likelihood, LIKELIHOODS)()
    known_classes = class_count if config.conditional else 0
    try:
        model = MODELS[config.kind](
            config, NETWORKS[config.network.kind], likelihood, shape, known_classes
        )
    except InputError:
        raise
    except (RuntimeError, MemoryError, OverflowError) as error:
        # PyTorch tells of sizes that no memory holds in several ways.
        reason = str(error).splitlines()[0]
        raise InputError(f"a model of these sizes cannot be built here: {reason}") from None
    initialize(model, generator)
    return model


@torch.no_grad()
def initialize(model: nn.Module, generator: Generator) -> None:
    """Draw every weight from `generator`.

    Linear and convolutional layers get PyTorch's own default, U(-1, 1) / sqrt(fan-in), which the
    sources of the presets used; a module that wants another says so in its `initialize`, and has
    the last word on what is inside it.
    """
    for module in model.children():
        initialize(module, generator)
    if isinstance(model, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        bound = 1 / math.sqrt(model.weight[0].numel())
        for weights in model.parameters():
            nn.init.uniform_(weights, -bound, bound, generator=generator)
    elif isinstance(model, SelfInitializing):
        model.initialize(generator)


__all__ = ["MODELS", "ImageShape", "LatentVariableModel", "Terms", "build_model"]
