"""Layers of conditional networks that read the label.

Letters in shapes: B batch, D latent dimensions, F features, O outputs, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vaelab.config import ConditioningConfig
from vaelab.errors import InputError


@dataclass(frozen=True, slots=True)
class ConditionLayers:
    """The layers next to the code.

    Attributes:
        size: K, length of the condition; 0 without conditioning.
        encoder_output: (F, O) to a layer that takes features (B, F) and the condition (B, K).
        decoder_input: (D, O) to a layer that takes code and condition side by side (B, D + K).
    """

    size: int
    encoder_output: Callable[[int, int], nn.Module]
    decoder_input: Callable[[int, int], nn.Module]


def with_condition(
    features: Float[Tensor, "B F *M"], condition: Float[Tensor, "B K *M"]
) -> Float[Tensor, "B FK *M"]:
    """Features and condition side by side; the features themselves, uncopied, where K is 0."""
    return torch.cat([features, condition], 1) if condition.shape[1] else features


def with_condition_planes(
    x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B K"]
) -> Float[Tensor, "B CK H W"]:
    """Images with a constant plane for each class."""
    return with_condition(x, condition[:, :, None, None].expand(-1, -1, *x.shape[2:]))


class FeatureLinear(nn.Linear):
    """A linear layer of the features alone."""

    def forward(  # type: ignore[override]
        self, features: Float[Tensor, "B F"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B O"]:
        """The outputs; the condition is not used."""
        return super().forward(features)


class ClassLinear(nn.Linear):
    """W h + b + W_y h + b_y, with weights W_y and b_y for each class y.

    A concatenated label shifts the output of a layer, it does not rotate it. Class-specific weights
    let the encoder map every class to the same prior, so that the code does not encode the class.

    Args:
        inputs: size of h, whose last K numbers are the condition: weights of the classes.
        outputs: O.
        class_count: K.
    """

    def __init__(self, inputs: int, outputs: int, class_count: int) -> None:
        super().__init__(inputs, outputs)
        self.class_count = class_count
        self.own = nn.Linear(inputs, outputs * class_count)

    def forward(self, h: Float[Tensor, "B I"]) -> Float[Tensor, "B O"]:
        """The outputs."""
        shared: Tensor = super().forward(h)
        own = self.own(h).unflatten(1, (self.class_count, -1))
        return shared + torch.einsum("bko,bk->bo", own, h[:, -self.class_count :])


class ClassOutput(ClassLinear):
    """A `ClassLinear` of features and condition."""

    def forward(  # type: ignore[override]
        self, features: Float[Tensor, "B F"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B O"]:
        """The outputs."""
        return super().forward(with_condition(features, condition))


def unconditional(_config: ConditioningConfig, _class_count: int) -> ConditionLayers:
    """No label."""
    return ConditionLayers(0, FeatureLinear, nn.Linear)


def concat(_config: ConditioningConfig, class_count: int) -> ConditionLayers:
    """One-hot labels appended to the encoder's input and to the code (Sohn et al. 2015)."""
    _require_classes(class_count)
    return ConditionLayers(
        class_count,
        FeatureLinear,
        lambda size, outputs: nn.Linear(size + class_count, outputs),
    )


def class_weights(_config: ConditioningConfig, class_count: int) -> ConditionLayers:
    """As `concat`, with class-specific weights next to the code."""
    _require_classes(class_count)
    return ConditionLayers(
        class_count,
        lambda features, outputs: ClassOutput(features + class_count, outputs, class_count),
        lambda size, outputs: ClassLinear(size + class_count, outputs, class_count),
    )


def _require_classes(class_count: int) -> None:
    if not class_count:
        raise InputError(
            "a conditional model needs labeled images; set model.conditioning=none or use images "
            "with labels"
        )
