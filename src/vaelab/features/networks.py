"""The networks of classifiers; `CLASSIFIER_NETWORKS` is the table.

Letters in shapes: B batch, C channels, H height, W width, F features, K classes.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional

from vaelab.config import PlainConfig, ResNetConfig
from vaelab.models import ImageShape
from vaelab.models.build import initialize


class ClassifierOutput(NamedTuple):
    """The output of a classifier.

    Attributes:
        features: of the last layer before the logits, averaged over the image.
        logits: of the classes.
    """

    features: Float[Tensor, "B F"]
    logits: Float[Tensor, "B K"]


class Classifier(nn.Module):
    """Convolutions, global average pooling and a linear layer.

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
    """Two 3x3 convolutions and a shortcut: He et al. 2016 (arXiv:1512.03385), figure 2."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, 3, stride)
        self.second = _convolution(outputs, outputs, 3, 1)
        self.stride = stride
        is_same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if is_same else _convolution(inputs, outputs, 1, 1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D I J"]:
        """The rectified sum of convolutions and shortcut."""
        inner = self.second(functional.relu(self.first(x), inplace=True))
        # A 1x1 convolution of stride 2 uses every second pixel. They are selected here, because
        # oneDNN has a wrong gradient for that stride and few channels (uxlfoundation/oneDNN#6035).
        strided = x[:, :, :: self.stride, :: self.stride]
        return functional.relu(inner + self.shortcut(strided), inplace=True)


def _convolution(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


def _resnet(config: ResNetConfig, shape: ImageShape) -> nn.Module:
    """A ResNet-18 without its first pooling, which is for images eight times as large."""
    stem = [_convolution(shape.channels, config.widths[0], 3, 1), nn.ReLU(inplace=True)]
    blocks = [
        ResidualBlock(config.widths[0], config.widths[0], 1),
        ResidualBlock(config.widths[0], config.widths[0], 1),
    ]
    for inputs, outputs in pairwise(config.widths):
        blocks += [ResidualBlock(inputs, outputs, 2), ResidualBlock(outputs, outputs, 1)]
    return nn.Sequential(*stem, *blocks)


def _plain(config: PlainConfig, shape: ImageShape) -> nn.Module:
    """Stages of a 4x4 convolution of stride 2 and a 3x3 convolution.

    One pixel cannot be halved: along such a side the first convolution is 3 wide, of stride 1.
    """
    layers: list[nn.Module] = []
    sides = [shape.height, shape.width]
    for inputs, outputs in pairwise((shape.channels, *config.widths)):
        kernel, stride = (tuple(each) for each in zip(*map(_halving, sides), strict=True))
        sides = [max(1, side // 2) for side in sides]
        layers += [
            nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(),
        ]
    return nn.Sequential(*layers)


def _halving(side: int) -> tuple[int, int]:
    """Kernel and stride that halve a side of an image."""
    return (4, 2) if side > 1 else (3, 1)


# Each takes its configuration and the shape of an image; the last width is the feature count.
CLASSIFIER_NETWORKS: dict[str, Callable[[Any, ImageShape], nn.Module]] = {
    "resnet": _resnet,
    "plain": _plain,
}


def build_classifier(
    config: ResNetConfig | PlainConfig, shape: ImageShape, class_count: int, generator: Generator
) -> Classifier:
    """The classifier that `config` describes, its weights drawn from `generator`."""
    body = CLASSIFIER_NETWORKS[config.kind](config, shape)
    classifier = Classifier(body, config.widths[-1], class_count)
    initialize(classifier, generator)
    return classifier
