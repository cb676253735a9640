"""Settings of the processor during training."""

import torch

from vaelab.training.hardware import flushed_denormals

DENORMAL = 1e-40


def _share_of_zeros() -> float:
    """Of many denormals, each times 1; several threads work on them."""
    many = torch.full((1_000_000,), DENORMAL)
    return (many * 1.0 == 0).float().mean().item()


def test_denormals_are_zero_inside_on_every_thread_and_numbers_outside() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert _share_of_zeros() == 0  # and the threads are there before
        with flushed_denormals():
            assert _share_of_zeros() == 1
            with flushed_denormals():
                assert _share_of_zeros() == 1
            assert _share_of_zeros() == 1
        assert _share_of_zeros() == 0
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
