"""How a model is given the label; `CONDITIONINGS` is the table.

Every conditional network concatenates one-hot labels to the input of the encoder and to the code.
The alternatives differ in the layers that read them.
"""

from dataclasses import dataclass
from typing import Literal

from vaelab.config import ConditioningConfig
from vaelab.parts import Part


@dataclass(frozen=True, kw_only=True, slots=True)
class NoConditioningConfig(ConditioningConfig):
    """No label: the model is unconditional."""

    kind: Literal["none"] = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConcatConfig(ConditioningConfig):
    """One-hot labels concatenated to the encoder's input and to the code."""

    kind: Literal["concat"] = "concat"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassWeightsConfig(ConditioningConfig):
    """As concat, with weights for each class in the layers next to the code."""

    kind: Literal["class-weights"] = "class-weights"


CONDITIONINGS: dict[str, Part] = {
    "none": Part(NoConditioningConfig, "vaelab.models.condition_layers:unconditional"),
    "concat": Part(ConcatConfig, "vaelab.models.condition_layers:concat"),
    "class-weights": Part(ClassWeightsConfig, "vaelab.models.condition_layers:class_weights"),
}
