"""Published figures of the models that presets make again."""

from dataclasses import dataclass

EXEMPLAR_VAE = "github.com/sajadn/Exemplar-VAE"


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure of a model on the test images of Fashion-MNIST.

    Attributes:
        metric: the metric of vaelab that measures the same by the same protocol.
        value: in the metric's unit.
        model: as its source calls it.
        source: where it was published.
    """

    metric: str
    value: float
    model: str
    source: str


def _nats(value: float, model: str) -> Published:
    return Published("exemplar_negative_log_likelihood", value, model, EXEMPLAR_VAE)


# By preset.
PUBLISHED: dict[str, Published] = {
    "binary-vae": _nats(228.70, "VAE with a Gaussian prior"),
    "binary-vamp-vae": _nats(227.35, "VAE with a VampPrior"),
    "binary-two-level-vae": _nats(227.37, "HVAE with a Gaussian prior"),
    "binary-two-level-conv-vae": _nats(225.38, "ConvHVAE with a Gaussian prior"),
    "binary-autoregressive-vae": _nats(223.45, "PixelSNAIL VAE with a VampPrior"),
}
