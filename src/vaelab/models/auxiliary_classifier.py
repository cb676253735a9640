"""What makes a conditional model answer for the class: a reader that learns the classes beside it.

Letters in shapes: B batch, C channels, H height, W width, K classes.
"""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from vaelab.models.networks import ImageShape

WIDTHS, FEATURES = (24, 48), 128


class AuxiliaryClassifier(nn.Module):
    """A small classifier, q(y|x), that is trained with the model and used in training alone.

    Likelihood is content with blurred samples between two classes. The reader is not: it learns
    the classes of real images, and the decoder learns to make draws from the prior whose class it
    reads as asked, as the auxiliary classifier of Odena et al. 2017 (arXiv:1610.09585).
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

    def misread(
        self,
        x: Float[Tensor, "B C H W"],
        labels: Int[Tensor, " B"],
        made: Float[Tensor, "B C H W"],
        asked: Int[Tensor, " B"],
    ) -> Float[Tensor, " B"]:
        """-log q(y|x) of real images, which teaches the reader, and of made ones, which does not.

        By made images the reader's weights stay as they are: it is not to be talked round.
        """
        held = {name: weights.detach() for name, weights in self.named_parameters()}
        of_made: Tensor = functional_call(self, held, (made,))
        real_nats = functional.cross_entropy(self(x), labels, reduction="none")
        return real_nats + functional.cross_entropy(of_made, asked, reduction="none")
