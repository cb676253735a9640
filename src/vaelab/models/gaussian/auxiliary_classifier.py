"""An auxiliary classifier, which makes samples of a conditional model match the requested class.

Letters in shapes: B batch, C channels, H height, W width, K classes.
"""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from vaelab.arithmetic import in_float32
from vaelab.models.image_shape import ImageShape

WIDTHS, FEATURES = (24, 48), 128


class AuxiliaryClassifier(nn.Module):
    """A small classifier q(y|x), trained with the model and used in training only.

    Likelihood tolerates blurred samples between two classes. The classifier learns the classes of
    real images, and the decoder learns to generate images that it assigns to the requested class
    (Odena et al. 2017, arXiv:1610.09585).
    """

    def __init__(self, shape: ImageShape, class_count: int) -> None:
        super().__init__()
        first, second = WIDTHS
        self.layers = nn.Sequential(
            nn.Conv2d(shape.channels, first, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(first, second, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(second * (shape.height // 4) * (shape.width // 4), FEATURES),
            nn.SiLU(),
            nn.Linear(FEATURES, class_count),
        )

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K"]:
        """Logits of the classes."""
        logits: Tensor = self.layers(x)
        return logits

    def cross_entropy(
        self,
        x: Float[Tensor, "B C H W"],
        labels: Int[Tensor, " B"],
        generated: Float[Tensor, "B C H W"],
        requested: Int[Tensor, " B"],
    ) -> Float[Tensor, " B"]:
        """-log q(y|x) of real images, which trains the classifier, plus that of generated ones.

        Gradients of the second term reach the decoder but not the classifier.
        """
        frozen = {name: weights.detach() for name, weights in self.named_parameters()}
        logits: Tensor = functional_call(self, frozen, (generated,))
        of_real = _cross_entropy(self(x), labels)
        return of_real + _cross_entropy(logits, requested)


@in_float32
def _cross_entropy(logits: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, " B"]:
    return functional.cross_entropy(logits, labels, reduction="none")
