"""The classifiers whose features and classes images are measured by; `NETWORKS` is the table.

Letters in shapes: B batch, C channels, H height, W width, F features, K classes.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional

from vaelab.config import PlainConfig, ResNetConfig
from vaelab.models import ImageShape, initialize


class ClassifierOutput(NamedTuple):
    """What a classifier makes of images.

    Attributes:
        features: the last layer before the classes, averaged over the image.
        logits: of the classes.
    """

    features: Float[Tensor, "B F"]
    logits: Float[Tensor, "B K"]


class Classifier(nn.Module):
    """Stages of convolutions, their average over the image, a linear layer.

    Args:
        body: takes normalized images (B, C, H, W) to maps (B, F, H', W').
        feature_count: F.
        class_count: K.
    """

    def __init__(self, body: nn.Module, feature_count: int, class_count: int) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(feature_count, class_count)

    def forward(self, x: Float[Tensor, "B C H W"]) -> ClassifierOutput:
        """Features and logits of normalized images."""
        features = self.body(x).mean((2, 3))
        return ClassifierOutput(features, self.head(features))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: He et al. 2016 (arXiv:1512.03385), figure 2."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, 3, stride)
        self.second = _convolution(outputs, outputs, 3, 1)
        self.stride = stride
        is_same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if is_same else _convolution(inputs, outputs, 1, 1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D I J"]:
        """The sum of both ways, rectified."""
        inner = self.second(functional.relu(self.first(x), inplace=True))
        # A 1x1 convolution of stride 2 sees every second pixel. Taken so and not by its stride,
        # whose gradient oneDNN gets wrong for few channels (uxlfoundation/oneDNN issue 6035).
        seen = x[:, :, :: self.stride, :: self.stride]
        return functional.relu(inner + self.shortcut(seen), inplace=True)


def _convolution(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


def _resnet(config: ResNetConfig, channels: int) -> nn.Module:
    """Without the first pooling of ResNet-18, which is for images eight times as large."""
    stem = [_convolution(channels, config.widths[0], 3, 1), nn.ReLU(inplace=True)]
    blocks = [
        ResidualBlock(config.widths[0], config.widths[0], 1),
        ResidualBlock(config.widths[0], config.widths[0], 1),
    ]
    for inputs, outputs in pairwise(config.widths):
        blocks += [ResidualBlock(inputs, outputs, 2), ResidualBlock(outputs, outputs, 1)]
    return nn.Sequential(*stem, *blocks)


def _plain(config: PlainConfig, channels: int) -> nn.Module:
    """Each stage halves the image at once, by a 4x4 convolution, and then looks around in 3x3."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((channels, *config.widths)):
        layers += [
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(),
        ]
    return nn.Sequential(*layers)


# Each takes its configuration and the images' channels; its last width is the feature count.
NETWORKS: dict[str, Callable[[Any, int], nn.Module]] = {
    "resnet": _resnet,
    "plain": _plain,
}


def build_classifier(
    config: ResNetConfig | PlainConfig, shape: ImageShape, class_count: int, generator: Generator
) -> Classifier:
    """The classifier that `config` describes, its weights drawn from `generator`."""
    body = NETWORKS[config.kind](config, shape.channels)
    classifier = Classifier(body, config.widths[-1], class_count)
    initialize(classifier, generator)
    return classifier
