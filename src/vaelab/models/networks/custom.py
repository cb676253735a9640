"""Networks from a user's own encoder and decoder modules.

Letters in shapes: B batch, C channels, H height, W width, K classes, O outputs.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from vaelab.errors import InputError
from vaelab.models.condition_layers import ConditionLayers, with_condition_planes
from vaelab.models.image_shape import ImageShape
from vaelab.models.networks.network import Network


class CustomEncoder(nn.Module):
    """Gives the module images, with a constant plane for each class in a conditional model."""

    def __init__(self, module: nn.Module, outputs: int) -> None:
        super().__init__()
        self.module = module
        self.outputs = outputs

    def forward(
        self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B O"]:
        """The module's outputs.

        Raises:
            InputError: if they have another shape than (B, outputs).
        """
        encoded: Tensor = self.module(with_condition_planes(x, condition))
        expected = (x.shape[0], self.outputs)
        if encoded.shape != expected:
            raise InputError(
                f"the encoder {type(self.module).__name__} should return {expected} "
                f"for {x.shape[0]} images, found {tuple(encoded.shape)}"
            )
        return encoded


class CustomDecoder(nn.Module):
    """Gives the module code and condition side by side."""

    def __init__(self, module: nn.Module, shape: ImageShape) -> None:
        super().__init__()
        self.module = module
        self.shape = shape

    def forward(self, code: Float[Tensor, "B I"]) -> Float[Tensor, "B P H W"]:
        """Unbounded pixels.

        Raises:
            InputError: if the module's outputs are not images of the expected shape.
        """
        decoded: Tensor = self.module(code)
        shape = self.shape
        expected = (code.shape[0], shape.channels, shape.height, shape.width)
        if decoded.shape != expected:
            raise InputError(
                f"the decoder {type(self.module).__name__} should return {expected} for "
                f"{code.shape[0]} codes, found {tuple(decoded.shape)}"
            )
        return decoded


def custom_network(
    encoder: Callable[[ImageShape, int], nn.Module], decoder: Callable[[ImageShape, int], nn.Module]
) -> Callable[..., Network]:
    """The builder of a network from classes or functions that return modules."""

    def build(_config: Any, shape: ImageShape, layers: ConditionLayers) -> Network:
        with_planes = ImageShape(shape.channels + layers.size, shape.height, shape.width)

        def decoder_of(code_size: int, channels: int) -> nn.Module:
            decoded = replace(shape, channels=channels)
            return CustomDecoder(decoder(decoded, code_size + layers.size), decoded)

        return Network(
            lambda outputs: CustomEncoder(encoder(with_planes, outputs), outputs), decoder_of
        )

    return build
