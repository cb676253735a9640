"""Optimizers, learning-rate schedules and the average of the weights."""

import copy
import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vaelab.config import TrainingConfig
from vaelab.errors import entry

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}

ONE_CYCLE_RISE = 0.1


def _one_cycle(share: float) -> float:
    if share < ONE_CYCLE_RISE:
        return share / ONE_CYCLE_RISE
    return _cosine((share - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE))


def _cosine(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * share))


# From the share of training that is done to a share of the highest rate.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _share: 1.0,
    "cosine": _cosine,
    "one-cycle": _one_cycle,
}


def build_optimizer(config: TrainingConfig, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """The configured optimizer at the schedule's first rate, its update one fused pass.

    Raises:
        InputError: on an unknown optimizer or schedule.
    """
    return entry("training.optimizer", config.optimizer, OPTIMIZERS)(
        parameters, lr=learning_rate(config, 0.0), weight_decay=config.weight_decay, fused=True
    )


def learning_rate(config: TrainingConfig, share: float) -> float:
    """The rate when `share` of training is done.

    Raises:
        InputError: on an unknown schedule.
    """
    schedule = entry("training.schedule", config.schedule, SCHEDULES)
    return config.learning_rate * schedule(share)


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Use `rate` from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate


STEPS_OF_EVERY_AVERAGE, STEPS_BETWEEN_AVERAGES = 100, 4


class AveragedWeights:
    """An exponential moving average of a model's weights, as a separate model.

    Early averages are shorter, so that the random start is soon forgotten. After the first steps
    the average takes in every fourth step with the decay of four: a pass over all weights at every
    step took 7 % of the time of a large network.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)
        self.decay = decay
        self._averaged = [weights.data for weights in self.model.parameters()]
        self._followed = [weights.data for weights in model.parameters()]
        self._buffers = list(zip(self.model.buffers(), model.buffers(), strict=True))

    def follow(self, step: int) -> None:
        """Take in the model's weights after its `step`-th step, counted from 1."""
        interval = 1 if step <= STEPS_OF_EVERY_AVERAGE else STEPS_BETWEEN_AVERAGES
        if step % interval:
            return
        decay = min(self.decay, step / (9 + step)) ** interval
        torch._foreach_lerp_(self._averaged, self._followed, 1 - decay)
        for mine, followed in self._buffers:
            mine.copy_(followed)


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimizer's state as named tensors, for a safetensors file."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, values in state.items()
        for name, value in values.items()
    }


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """The inverse of `optimizer_tensors`; settings stay those of `optimizer`."""
    weights = [each for group in optimizer.param_groups for each in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = _laid_out_like(weights[int(index)], value)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _laid_out_like(weights: Tensor, value: Tensor) -> Tensor:
    """In memory as the weights are: fused updates run through both side by side."""
    return torch.empty_like(weights).copy_(value) if value.shape == weights.shape else value


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under a common prefix, to share a file with others."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def unprefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under that prefix, without it."""
    start = f"{prefix}."
    return {
        name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)
    }
