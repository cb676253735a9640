"""The number of threads of a training on a CPU, chosen by what is fastest while it runs.

Threads that share one operation wait for each other, so that a busy neighbor on one core slows all
of them: with all cores a step then takes several times as long as with one. Neighbors must not
change the results. So only those thread counts are considered that give the same gradients bit for
bit; this is measured when training begins.
"""

import copy
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from vaelab.config import TrainingConfig
from vaelab.data.batches import Batches
from vaelab.models.contract import LatentVariableModel
from vaelab.objectives.objective import Objective, Progress
from vaelab.randomness import generator
from vaelab.training.precision import autocast

TRIAL_STEPS = 3

# The fastest count is used for this multiple of the trials' time, so trials cost 2 %.
HOLD_RATIO = 50.0
SHORTEST_HOLD_SECONDS = 1.0

# Another count replaces the present one only if it is faster by this fraction.
LEAST_GAIN = 0.05


class Threads:
    """The thread count of each step.

    Args:
        counts: to choose from, from the largest; all give the same bits.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = counts
        self._choices = choices(counts)
        self._count = next(self._choices)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The context of many steps; after it the largest count is used again."""
        torch.set_num_threads(self._count)
        try:
            yield
        finally:
            torch.set_num_threads(self.counts[0])

    @contextmanager
    def of_step(self, *, is_whole: bool) -> Iterator[None]:
        """The context of a step, whose seconds decide on the count of the next.

        Args:
            is_whole: whether the batch has the size that the counts were compared on; of any other
                batch the largest count is used.
        """
        if len(self.counts) == 1:
            yield
            return
        if not is_whole:
            torch.set_num_threads(self.counts[0])
        start = time.perf_counter()
        yield
        if is_whole:
            self._count = self._choices.send(time.perf_counter() - start)
        torch.set_num_threads(self._count)


def choices(counts: Sequence[int]) -> Generator[int, float, None]:
    """Yield the thread count of each step; is sent the seconds that the step took.

    The present count and its neighbors in `counts` are tried in turns; then the fastest is used for
    a while.
    """
    chosen = 0
    while True:
        seconds: dict[int, float] = {}
        trials = 0.0
        for index in (chosen, chosen - 1, chosen + 1):
            if not 0 <= index < len(counts):
                continue
            trials += yield counts[index]  # it may include the start of threads
            seconds[index] = 0.0
            for _ in range(TRIAL_STEPS):
                seconds[index] += yield counts[index]
        trials += sum(seconds.values())
        fastest = min(seconds, key=lambda index: seconds[index])
        if seconds[fastest] < (1 - LEAST_GAIN) * seconds[chosen]:
            chosen = fastest
        hold = max(SHORTEST_HOLD_SECONDS, HOLD_RATIO * trials)
        while hold > 0:
            hold -= yield counts[chosen]


def thread_counts(
    model: LatentVariableModel,
    objective: Objective,
    precision: str,
    train: Batches,
    training: TrainingConfig,
) -> list[int]:
    """The thread counts to choose from, compared on one training batch."""
    objective = copy.deepcopy(objective)

    def loss(probe: nn.Module) -> Tensor:
        count = min(training.batch_size, len(train))
        batch = train.at(torch.arange(count), generator(0, "threads"))
        with autocast(precision, batch.x.device):
            terms = probe(batch.x, batch.labels, batch.source, objective.request)
        return objective(terms, Progress(0.5 * training.epochs, training.epochs, len(train))).loss

    return equivalent_counts(model, loss)


def equivalent_counts(model: nn.Module, loss: Callable[[nn.Module], Tensor]) -> list[int]:
    """The thread counts that give the same gradients bit for bit, from the largest.

    Considered are the present count, its half, and so on down to 1. Sums are divided among threads
    by the shapes of tensors, so one batch shows the difference.

    Args:
        model: left unchanged; a copy with random weights is used, since gradients of zero would
            hide differences.
        loss: of a model on one batch, with the same random draws in each call.
    """
    largest = torch.get_num_threads()
    if largest == 1:
        return [1]
    probe = copy.deepcopy(model).train()
    noise = generator(0, "threads")
    for values in probe.parameters():
        nn.init.normal_(values.data, std=0.05, generator=noise)
    buffers = [each.clone() for each in probe.buffers()]

    def gradients(count: int) -> list[Tensor]:
        torch.set_num_threads(count)
        for buffer, before in zip(probe.buffers(), buffers, strict=True):
            buffer.copy_(before)
        probe.zero_grad()
        value = loss(probe)
        value.backward()
        norm = nn.utils.clip_grad_norm_(probe.parameters(), math.inf)
        found = [each.grad for each in probe.parameters() if each.grad is not None]
        return [value.detach(), norm, *(each.clone() for each in found)]

    try:
        expected = gradients(largest)
        return [
            count
            for count in _halvings(largest)
            if count == largest or all(map(_equal, gradients(count), expected))
        ]
    finally:
        torch.set_num_threads(largest)


def _equal(one: Tensor, other: Tensor) -> bool:
    """Bit for bit, where a NaN equals a NaN."""
    return torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)


def _halvings(count: int) -> list[int]:
    counts = [count]
    while counts[-1] > 1:
        counts.append(counts[-1] // 2)
    return counts
