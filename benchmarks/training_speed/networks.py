"""The two pairs of networks that all contenders train, and the loss.

They have the layers of the presets `mlp-vae` (784-400-10-400-784) and `conv-vae` (two stride-2
convolutions, 12 latent dimensions, two transposed ones).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vaelab.models import ImageShape
from vaelab.models.build import build_model
from vaelab.presets import preset
from vaelab.randomness import generator

# The preset of each network.
PRESETS = {"mlp": "mlp-vae", "conv": "conv-vae"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The two networks of a VAE.

    Attributes:
        encoder: images (B, 1, 28, 28) to mean and log-variance, concatenated (B, 2 Z).
        decoder: codes (B, Z) to logits (B, 1, 28, 28).
        latent_size: Z.
    """

    encoder: nn.Module
    decoder: nn.Module
    latent_size: int

    def parameters(self) -> list[nn.Parameter]:
        """The parameters of both networks."""
        return [*self.encoder.parameters(), *self.decoder.parameters()]

    def to(self, device: str) -> "Parts":
        """Move both networks."""
        self.encoder.to(device)
        self.decoder.to(device)
        return self


def build(network: str) -> Parts:
    """Untrained networks.

    Raises:
        RuntimeError: if they are not as large as those of vaelab's preset.
    """
    parts = {"mlp": _mlp, "conv": _conv}[network]()
    mine, presets = (
        sum(p.numel() for p in each) for each in (parts.parameters(), _preset(network))
    )
    if mine != presets:
        raise RuntimeError(f"{PRESETS[network]} has {presets} parameters, its peers {mine}")
    return parts


def posterior(encoded: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance (B, Z) each."""
    mean, log_variance = encoded.chunk(2, dim=1)
    return mean, log_variance


def draw(mean: Tensor, log_variance: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """A code (B, Z) from each posterior."""
    standard = torch.randn(mean.shape, generator=noise, device=mean.device)
    return mean + torch.exp(0.5 * log_variance) * standard


def summed_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Nats between the posteriors and N(0, I), summed over everything."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()


def _mlp() -> Parts:
    return Parts(
        nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 20)),
        nn.Sequential(
            nn.Linear(10, 400), nn.ReLU(), nn.Linear(400, 784), nn.Unflatten(1, (1, 28, 28))
        ),
        latent_size=10,
    )


def _conv() -> Parts:
    return Parts(
        nn.Sequential(
            nn.Conv2d(1, 32, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * 7 * 7, 24),
        ),
        nn.Sequential(
            nn.Linear(12, 64 * 7 * 7),
            nn.ReLU(),
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, 2, 1),
        ),
        latent_size=12,
    )


def _preset(network: str) -> list[nn.Parameter]:
    config = preset(PRESETS[network]).model
    model = build_model(config, ImageShape(1, 28, 28), 10, generator(0, "weights"))
    return list(model.parameters())
