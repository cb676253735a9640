"""MSE, PSNR and SSIM against closed forms and scikit-image."""

import math

import pytest
import skimage.metrics
import torch

from vaelab.evaluation.image_quality import (
    signal_to_noise,
    squared_errors,
    structural_similarity,
)


def images(seed: int = 0, channels: int = 1) -> torch.Tensor:
    return torch.rand(6, channels, 28, 28, generator=torch.Generator().manual_seed(seed))


def test_errors_of_a_known_difference() -> None:
    x = images() * 0.5
    assert torch.allclose(squared_errors(x, x + 0.1), torch.tensor(0.01).double(), atol=1e-8)
    assert torch.allclose(signal_to_noise(x, x + 0.1), torch.tensor(20.0).double(), atol=1e-4)
    assert squared_errors(x, x).tolist() == [0] * 6
    assert all(math.isinf(value) for value in signal_to_noise(x, x).tolist())


def test_structural_similarity_of_an_image_with_itself_is_one() -> None:
    x = images()
    assert torch.allclose(structural_similarity(x, x), torch.ones(6).double())
    # Equal structure, other brightness: the closed form of constant images.
    a, b = torch.full((1, 1, 28, 28), 0.2), torch.full((1, 1, 28, 28), 0.6)
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert structural_similarity(a, b).item() == pytest.approx(expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_structural_similarity_agrees_with_scikit_image(channels: int) -> None:
    a, b = images(0, channels), images(1, channels) * 0.3 + images(0, channels) * 0.7
    theirs = [
        skimage.metrics.structural_similarity(
            *pair,
            channel_axis=0,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for pair in zip(a.double().numpy(), b.double().numpy(), strict=True)
    ]
    assert structural_similarity(a, b).tolist() == pytest.approx(theirs, abs=1e-6)


def test_small_images_have_a_smaller_window() -> None:
    x = images()[:, :, :8, :8]
    assert torch.allclose(structural_similarity(x, x), torch.ones(6).double())
