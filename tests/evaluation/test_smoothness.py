import math

import pytest
import torch
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation.smoothness import smoothness

T = torch.linspace(0, 1, 201, dtype=torch.float64)


def curve(*coordinates: Tensor) -> Tensor:
    return torch.stack(coordinates, dim=1)[None]


STRAIGHT = curve(3 * T, 4 * T)
SEMICIRCLE = curve(torch.cos(math.pi * T), torch.sin(math.pi * T))
JUMP = curve((T > 0.4).double(), 0 * T)
CIRCLE = curve(torch.cos(2 * math.pi * T), torch.sin(2 * math.pi * T))


def test_a_straight_line_at_an_even_pace_has_the_best_values() -> None:
    found = smoothness(STRAIGHT)
    assert found.detour == pytest.approx(1)
    assert found.largest_step == pytest.approx(1)
    assert found.mean_squared_speed == pytest.approx(5**2)


def test_a_semicircle_is_pi_over_two_of_its_diameter() -> None:
    found = smoothness(SEMICIRCLE)
    assert found.detour == pytest.approx(math.pi / 2, rel=1e-4)
    assert found.largest_step == pytest.approx(1)
    assert found.mean_squared_speed == pytest.approx(math.pi**2, rel=1e-4)


def test_a_jump_is_straight_but_all_in_one_step() -> None:
    found = smoothness(JUMP)
    assert found.detour == pytest.approx(1)
    assert found.largest_step == pytest.approx(200)
    assert found.mean_squared_speed == pytest.approx(200)


def test_a_straight_line_that_speeds_up() -> None:
    """t^2 has its largest step last: 1 - (1 - 1/200)^2 of the length, and mean speed^2 4/3."""
    found = smoothness(curve(T**2))
    assert found.detour == pytest.approx(1)
    assert found.largest_step == pytest.approx(200 * (1 - (1 - 1 / 200) ** 2))
    assert found.mean_squared_speed == pytest.approx(4 / 3, rel=1e-3)


def test_paths_count_by_their_length() -> None:
    found = smoothness(torch.cat([STRAIGHT, SEMICIRCLE]))
    assert found.detour == pytest.approx((5 + math.pi) / (5 + 2), rel=1e-4)
    assert found.mean_squared_speed == pytest.approx((25 + math.pi**2) / 2, rel=1e-4)
    with_jump = smoothness(torch.cat([STRAIGHT, JUMP]))
    assert with_jump.largest_step == pytest.approx((5 * 1 + 1 * 200) / 6)


def test_scale_and_rotation_of_features_do_not_matter_for_the_ratios() -> None:
    bent = torch.cat([SEMICIRCLE, curve(T**2, T), JUMP])
    turned = 7 * bent @ torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64) + 3
    found, expected = smoothness(turned), smoothness(bent)
    assert found.detour == pytest.approx(expected.detour)
    assert found.largest_step == pytest.approx(expected.largest_step)
    assert found.mean_squared_speed == pytest.approx(49 * expected.mean_squared_speed)


def test_a_path_that_returns_to_its_start_counts_as_detour() -> None:
    ends = CIRCLE.clone()
    ends[:, -1] = ends[:, 0]
    found = smoothness(torch.cat([STRAIGHT, ends]))
    assert found.detour == pytest.approx((5 + 2 * math.pi) / 5, rel=1e-3)


def test_a_path_that_does_not_move_changes_no_ratio() -> None:
    still = torch.ones(1, 201, 2, dtype=torch.float64)
    found, expected = smoothness(torch.cat([SEMICIRCLE, still])), smoothness(SEMICIRCLE)
    assert (found.detour, found.largest_step) == (expected.detour, expected.largest_step)


def test_paths_that_end_where_they_begin_are_refused() -> None:
    with pytest.raises(InputError, match="all 2 paths end in the features"):
        smoothness(torch.ones(2, 5, 3))


@pytest.mark.parametrize("shape", [(0, 5, 3), (4, 2, 3)])
def test_too_few_points_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="at least 1 path of at least 3 points"):
        smoothness(torch.ones(shape))
