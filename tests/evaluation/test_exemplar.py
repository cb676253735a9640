import numpy as np
import pytest

from vaelab.evaluation import exemplar
from vaelab.evaluation.exemplar import binarized_once

GRAY = np.arange(2 * 3 * 256, dtype=np.int64).reshape(2, 3, 16, 16).astype(np.uint8)
VALIDATION = GRAY[::-1].copy()


def as_published(*splits: np.ndarray) -> list[np.ndarray]:
    """Seed the process's stream, then draw one split after the other."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(777)  # noqa: NPY002
    drawn = [np.random.binomial(1, split.reshape(len(split), -1) / 255.0) for split in splits]  # noqa: NPY002
    np.random.set_state(state)  # noqa: NPY002
    return [each.reshape(split.shape) for each, split in zip(drawn, splits, strict=True)]


@pytest.mark.parametrize("block", [1, 1000])
def test_the_published_draws(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(exemplar, "BLOCK", block)
    (alone,) = as_published(GRAY)
    _, after = as_published(VALIDATION, GRAY)
    np.testing.assert_array_equal(binarized_once(GRAY), alone)
    np.testing.assert_array_equal(binarized_once(GRAY, drawn_before=VALIDATION), after)
    assert (alone != after).any()


def test_zeros_and_ones_with_the_gray_value_as_probability() -> None:
    gray = np.repeat(np.array([0, 64, 191, 255], np.uint8), 40_000).reshape(4, 1, 200, 200)
    drawn = binarized_once(gray)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert drawn.mean((1, 2, 3)) == pytest.approx([0, 64 / 255, 191 / 255, 1], abs=0.01)


def test_the_global_generator_is_neither_used_nor_seeded() -> None:
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    binarized_once(GRAY)
    assert np.random.random() == expected  # noqa: NPY002


def test_other_seeds_give_other_draws() -> None:
    assert (binarized_once(GRAY) != binarized_once(GRAY, seed=778)).any()
