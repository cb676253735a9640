"""Models built from their settings, with every weight drawn from a generator."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from vaelab import parts
from vaelab.config import ModelConfig
from vaelab.errors import InputError
from vaelab.memory import require_memory
from vaelab.models.contract import LatentVariableModel
from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.network import SelfInitializing


def build_model(
    config: ModelConfig, shape: ImageShape, class_count: int, generator: Generator
) -> LatentVariableModel:
    """The model that `config` describes, its weights drawn from `generator`.

    Args:
        config: settings of the model.
        shape: of the images.
        class_count: of the data; used where the model is conditional.
        generator: on the CPU, so that the weights are the same on every device.

    Raises:
        InputError: on an unknown part, images that the network cannot process, or a model that
            does not fit into memory.
    """
    try:
        # Weights that `initialize` does not draw, such as a user's embeddings, depend on the seed
        # too; the process's random state stays as it is.
        with torch.random.fork_rng(devices=[]), _bounded_weights():
            torch.manual_seed(generator.initial_seed())
            model: LatentVariableModel = parts.build(config, shape, class_count)
    except InputError:
        raise
    except (RuntimeError, MemoryError, OverflowError) as error:
        # PyTorch reports sizes beyond memory by several exceptions.
        reason = str(error).splitlines()[0]
        raise InputError(f"a model of these sizes cannot be built here: {reason}") from None
    initialize(model, generator)
    return model


@contextmanager
def _bounded_weights() -> Iterator[None]:
    """Refuse weights that together would not fit into memory, each before it is filled."""
    total = 0

    def count(_module: nn.Module, _name: str, weights: nn.Parameter) -> None:
        nonlocal total
        total += 0 if weights is None else weights.nbytes
        require_memory(total, "the weights of this model", "choose smaller sizes")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


@torch.no_grad()
def initialize(model: nn.Module, generator: Generator) -> None:
    """Draw every weight from `generator`.

    Linear and convolutional layers get PyTorch's default, U(-1, 1) / sqrt(fan-in). A module with
    another initialization has a method `initialize`, which is called after its children's.
    """
    for module in model.children():
        initialize(module, generator)
    if isinstance(model, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        bound = 1 / math.sqrt(model.weight[0].numel())
        for weights in model.parameters():
            nn.init.uniform_(weights, -bound, bound, generator=generator)
    elif isinstance(model, SelfInitializing):
        model.initialize(generator)
