"""Means, standard errors and the bootstrap on samples of known spread."""

import math

import pytest
import torch

from vaelab.randomness import generator
from vaelab.statistics import (
    bootstrap,
    mean_and_standard_error,
    proportion_standard_error,
)


def test_mean_and_standard_error() -> None:
    values = torch.tensor([1.0, 2.0, 6.0], dtype=torch.float64)
    assert mean_and_standard_error(values) == pytest.approx((3, math.sqrt(7 / 3)))
    assert mean_and_standard_error(values[:1]) == (1, None)


def test_standard_error_of_a_proportion() -> None:
    assert proportion_standard_error(0.9, 10_000) == pytest.approx(0.003)
    assert proportion_standard_error(1.0, 100) == 0
    drawn = torch.rand(20_000, 50, generator=generator(0)) < 0.8
    spread = drawn.double().mean(1).std().item()
    assert proportion_standard_error(0.8, 50) == pytest.approx(spread, rel=0.03)


def test_bootstrap_gives_the_standard_error_of_a_mean() -> None:
    x = torch.randn(2000, generator=generator(0), dtype=torch.float64)
    replicates = bootstrap(lambda rows: rows.mean().item(), x, generator=generator(1), repeats=400)
    assert replicates.std().item() == pytest.approx(x.std().item() / math.sqrt(2000), rel=0.15)


def test_bootstrap_keeps_rows_of_several_samples_together() -> None:
    x = torch.arange(50.0)
    replicates = bootstrap(
        lambda a, b: (a - b).abs().max().item(), x, x.clone(), generator=generator(0)
    )
    assert replicates.abs().max() == 0
