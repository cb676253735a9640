"""What an explorer folder holds.

Letters in shapes: N images shown, D dimensions of the flat code, M noise dimensions.
"""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from vaelab.pictures import channel_note

SCHEMA_VERSION = 2
FOLDER = "explorer"
RECORD, TENSORS = "explorer.json", "codes.safetensors"
ENCODER, DECODER, PRIOR = "encoder.onnx", "decoder.onnx", "prior.onnx"
IMAGES, SAMPLES = "images.png", "samples.png"
MAP_KINDS = ("codes", "pca", "tsne")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sprite:
    """The picture of all images shown, row after row.

    Images of 1 or 3 channels are stored as they are; of others, the channels of an image stand
    below each other in gray.

    Attributes:
        count: N.
        channels: of an image.
        height: of an image, in pixels.
        width: of an image, in pixels.
        columns: images in a row.
    """

    count: int
    channels: int
    height: int
    width: int
    columns: int

    @property
    def shown_height(self) -> int:
        """Of an image with its channels below each other, where they are."""
        return self.height * (self.channels if channel_note(self.channels) else 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dimension:
    """A latent dimension that has a slider.

    Attributes:
        index: in the flat code, from 0.
        name: such as z1.
        kl: mean KL over the images shown, in nats; None where it is not known by dimension.
        center: mean of the prior; of the codes where the prior's moments are not known.
        scale: standard deviation of the same.
    """

    index: int
    name: str
    kl: float | None
    center: float
    scale: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Plane:
    """The plane of a map in the latent space: z = origin + x axes[0] + y axes[1].

    Attributes:
        origin: D numbers.
        axes: 2 times D numbers.
    """

    origin: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LatentMap:
    """A map of all codes.

    Attributes:
        kind: one of `MAP_KINDS`; the tensor of its (N, 2) coordinates has that name.
        title: for the page.
        axis_labels: of x and y; empty where they have no meaning.
        plane: None where a point on the map cannot be decoded.
    """

    kind: str
    title: str
    axis_labels: tuple[str, str]
    plane: Plane | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explorer:
    """The content of a run's explorer folder, files by path.

    Attributes:
        encoder: ONNX.
        decoder: ONNX.
        prior: ONNX; None where the prior is not a function of noise.
        images: PNG.
        samples: PNG of stored samples; None where the prior is exported, or where there is none.
        sampling_note: why there is no `prior`; empty where there is one.
        sprite: the layout of `images`.
        latent_size: D.
        class_count: of a conditional model; 0 for others.
        noise_size: M; 0 without `prior`.
        center: the code to start with: the prior's mean, or that of the codes.
        dimensions: those with sliders, falling by KL or by the variance of the codes.
        maps: the first is shown first.
        tensors: `codes` (N, D), absent for large D; `labels` (N) uint8 where there are any; and
            coordinates by map.
    """

    encoder: Path
    decoder: Path
    prior: Path | None
    images: Path
    samples: Path | None
    sampling_note: str
    sprite: Sprite
    latent_size: int
    class_count: int
    noise_size: int
    center: list[float]
    dimensions: list[Dimension]
    maps: list[LatentMap]
    tensors: dict[str, Tensor]
