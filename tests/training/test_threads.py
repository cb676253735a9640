"""The number of threads: the fastest at present, among those that give the same bits."""

import contextlib
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.conftest import tiny
from tests.training.test_fit import train
from vaelab.data import Dataset
from vaelab.randomness import generator
from vaelab.training.threads import Threads, choices, equivalent_counts


def steps(counts: list[int], seconds_of: Callable[[float, int], float], until: float) -> Any:
    """The counts that are chosen over time, as pairs of seconds and count."""
    chosen, now = choices(counts), 0.0
    count, taken = next(chosen), []
    while now < until:
        seconds = seconds_of(now, count)
        taken.append((seconds, count))
        now += seconds
        count = chosen.send(seconds)
    return taken


def share(taken: list[tuple[float, int]], count: int) -> float:
    return sum(s for s, each in taken if each == count) / sum(s for s, _ in taken)


def test_the_fastest_count_is_kept_and_trials_cost_little() -> None:
    taken = steps([8, 4, 2, 1], lambda _, count: {8: 0.001, 4: 0.002, 2: 0.01, 1: 0.1}[count], 60)
    assert share(taken, 8) > 0.95
    useful = 60 / 0.001
    assert len(taken) > 0.96 * useful


def test_a_neighbor_makes_it_use_fewer_threads_and_its_end_more() -> None:
    """Between 20 and 40 seconds a neighbor makes two threads four times slower."""

    def seconds_of(now: float, count: int) -> float:
        return 0.008 if count == 2 and 20 < now < 40 else {2: 0.002, 1: 0.0027}[count]

    before, during, after = (
        [each for (now, each) in _timed(steps([2, 1], seconds_of, 60)) if start < now < start + 15]
        for start in (2, 23, 43)
    )
    assert share(before, 2) > 0.95
    assert share(during, 1) > 0.95
    assert share(after, 2) > 0.95


def _timed(taken: list[tuple[float, int]]) -> list[tuple[float, tuple[float, int]]]:
    now, found = 0.0, []
    for each in taken:
        now += each[0]
        found.append((now, each))
    return found


class DependsOnThreads(nn.Linear):
    """A sum that is divided among threads."""

    def forward(self, x: Tensor) -> Tensor:
        parts = x.split(-(-x.shape[1] // torch.get_num_threads()), 1)
        weights = self.weight.split(parts[0].shape[1], 1)
        return sum(a @ b.T for a, b in zip(parts, weights, strict=True)) + self.bias


@contextmanager
def threads(count: int) -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("layer", "expected"), [(nn.Linear, [2, 1]), (DependsOnThreads, [2])])
def test_only_counts_that_give_the_same_bits_are_used(
    layer: type[nn.Linear], expected: list[int]
) -> None:
    model = nn.Sequential(layer(300, 20), nn.ReLU(), layer(20, 20))
    nn.init.zeros_(model[2].weight)  # gradients of zero would hide the difference
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.rand(64, 300, generator=generator(0, "x"))
    with threads(2):
        assert equivalent_counts(model, lambda each: each(x).square().sum()) == expected
        assert torch.get_num_threads() == 2
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(each.grad is None for each in model.parameters())


@pytest.mark.parametrize("name", ["mlp-vae", "flagship", "conv-vae", "cvae-controlled"])
def test_the_count_does_not_change_the_weights(
    name: str, tmp_path: Path, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of steps that take all counts in turns."""
    config = tiny(name, training__batch_size="100")
    with threads(2):
        plain = train(config, tmp_path / "plain", wardrobe).load_model().state_dict()

        def in_turns(counts: list[int]) -> Any:
            while True:
                for index in range(len(counts)):
                    yield counts[index]

        monkeypatch.setattr("vaelab.training.threads.choices", in_turns)
        seen = Seen()
        run = train(config, tmp_path / "mixed", wardrobe, observers=[seen])
        mixed = run.load_model().state_dict()
        assert torch.get_num_threads() == 2
    if name == "mlp-vae":  # the others may have sums that depend on the count
        assert seen.counts == {1, 2}
    assert all(torch.equal(value, plain[name]) for name, value in mixed.items())


class Seen:
    """The thread counts of the steps."""

    def __init__(self) -> None:
        self.counts: set[int] = set()

    def on_step(self) -> None:
        self.counts.add(torch.get_num_threads())

    def on_epoch(self, record: dict[str, Any], model: nn.Module) -> None:
        pass


def test_after_a_failure_the_largest_count_is_restored() -> None:
    with threads(2):
        chosen = Threads([2, 1])
        with contextlib.suppress(RuntimeError), chosen.in_use():
            torch.set_num_threads(1)
            raise RuntimeError
        assert torch.get_num_threads() == 2
