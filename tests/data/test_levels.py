import numpy as np
import pytest

from tests.data.data_files import refused
from vaelab.data.levels import float_mapping, integer_mapping


@pytest.mark.parametrize(
    ("low", "high", "levels", "note"),
    [
        (0, 1, {0: 0, 1: 255}, "0 and 1 mapped to 0 and 255"),
        (0, 0, {0: 0}, "used as 8-bit values"),
        (3, 255, {3: 3, 255: 255}, "used as 8-bit values"),
        (0, 256, {0: 0, 256: 16, 4095: 255}, "taken as 12-bit values and scaled by 255/4095"),
        (0, 4095, {2048: 128, 4095: 255}, "taken as 12-bit"),
        (0, 4096, {4096: 16, 65535: 255}, "taken as 16-bit values and scaled by 255/65535"),
    ],
)
def test_whole_numbers(low, high, levels, note):
    mapping = integer_mapping("16-bit files", low, high)
    assert mapping.note.startswith(f"16-bit files: pixel values from {low} to {high}, ")
    assert note in mapping.note
    assert mapping.apply(np.array([*levels], np.uint16)).tolist() == [*levels.values()]


def test_floats():
    unit = float_mapping("images", 0.25, 1.0)
    assert "from 0.25 to 1, multiplied by 255 and rounded" in unit.note
    assert unit.apply(np.array([0, 0.5, 1])).tolist() == [0, 128, 255]
    levels = float_mapping("images", 0.0, 254.5)
    assert "rounded to 8-bit values" in levels.note
    assert levels.apply(np.array([0, 0.4, 200.6, 255])).tolist() == [0, 0, 201, 255]


def test_what_rounding_added_to_floats_is_clipped():
    mapping = float_mapping("images", -1e-7, 1.0000001)
    assert mapping.apply(np.array([-1e-7, 0.2, 1.0000001])).tolist() == [0, 51, 255]


def test_values_that_cannot_be_mapped():
    for low, high in ((-1, 200), (0, 65536)):
        with refused("images: pixel values", low, high, "whole numbers from 0 to 65535"):
            integer_mapping("images", low, high)
    for low, high in ((-0.1, 1.0), (0.0, 256.0), (float("nan"), float("nan"))):
        with refused("images: pixel values", "expected floats in [0, 1] or in [0, 255]"):
            float_mapping("images", low, high)
