"""Feature extractors: networks that map images to the features that metrics compare.

Letters in shapes: N images, B images of a batch, C channels, H height, W width, F features,
K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vaelab.data.image_data import images_at_once
from vaelab.data.unit_images import ImageParts
from vaelab.errors import InputError

CPU = torch.device("cpu")

# Images of a batch; fewer where images are so large that their pixels exceed the bound.
BATCH_SIZE, BATCH_PIXELS = 500, 2**22


class Extracted(NamedTuple):
    """What an extractor computes of images.

    Attributes:
        features: of each image.
        logits: of the classes, where the extractor is a classifier.
    """

    features: Float[Tensor, "N F"]
    logits: Float[Tensor, "N K"] | None = None


@dataclass(frozen=True, eq=False)
class FeatureExtractor:
    """A network or function from images in [0, 1] to features.

    Attributes:
        name: shown with every result.
        fingerprint: SHA-256 that identifies it; results with different ones are not comparable.
        network: from a batch (B, C, H, W) to features (B, F), or to features and logits.
        shape: of the images that it takes; None where it takes any.
        is_reference_classifier: whether its logits are those of the classes of the data.
    """

    name: str
    fingerprint: str
    network: Callable[[Tensor], Tensor | tuple[Tensor, Tensor]]
    shape: tuple[int, int, int] | None = None
    is_reference_classifier: bool = False

    @torch.no_grad()
    def __call__(self, images: ImageParts, device: torch.device = CPU) -> Extracted:
        """Features, and logits of a classifier, on the CPU.

        Args:
            images: (N, C, H, W), a tensor or made part by part.
            device: that the network runs on.

        Raises:
            InputError: if the images have another shape or lie outside of [0, 1], or if the
                network gives no features of them.
        """
        shape = tuple(images.shape[1:])
        if self.shape is not None and shape != self.shape:
            raise InputError(
                f"feature extractor {self.name}: expected images of shape {self.shape} "
                f"(channels, height, width), found {shape}"
            )
        network = self.network.to(device) if isinstance(self.network, nn.Module) else self.network
        return in_batches(lambda batch: self._checked(network, batch), images, device)

    def _checked(
        self, network: Callable[[Tensor], Tensor | tuple[Tensor, Tensor]], batch: Tensor
    ) -> Extracted:
        require_unit_range(batch)
        shape = tuple(batch.shape)
        try:
            found = network(batch)
        # A user's network may fail in any way.
        except Exception as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise InputError(
                f"feature extractor {self.name} fails on images of shape {shape}: {reason}"
            ) from error
        features, logits = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
        if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != len(batch):
            what = (
                f"a tensor of shape {tuple(features.shape)}"
                if isinstance(features, Tensor)
                else type(features).__name__
            )
            raise InputError(
                f"feature extractor {self.name}: expected features of shape ({len(batch)}, F) "
                f"for images of shape {shape}, found {what}"
            )
        if not features.isfinite().all():
            raise InputError(f"feature extractor {self.name}: its features are NaN or infinite")
        return Extracted(features.float(), logits)


@torch.no_grad()
def in_batches(
    network: Callable[[Tensor], tuple[Tensor, Tensor | None]],
    images: ImageParts,
    device: torch.device = CPU,
) -> Extracted:
    """The network's output for images, computed in batches of one size.

    The last batch is padded, so that the same image gives the same numbers in any batch.
    """
    size = min(BATCH_SIZE, images_at_once(BATCH_PIXELS, images.shape))
    outputs = []
    for batch in images.split(size):
        padded = functional.pad(batch, (0, 0) * 3 + (0, size - len(batch)))
        features, logits = network(padded.to(device))
        outputs.append(
            Extracted(
                features[: len(batch)].cpu(),
                None if logits is None else logits[: len(batch)].cpu(),
            )
        )
    all_logits = [output.logits for output in outputs if output.logits is not None]
    return Extracted(
        torch.cat([output.features for output in outputs]),
        torch.cat(all_logits) if all_logits else None,
    )


def require_unit_range(images: Tensor) -> None:
    """Refuse images that are not in [0, 1].

    Raises:
        InputError: with the range that was found.
    """
    least, most = (value.item() for value in images.aminmax())
    if not (least >= 0 and most <= 1):
        raise InputError(
            f"images must be raw, in [0, 1], found values from {least:g} to {most:g}; "
            "rescale them first"
        )
