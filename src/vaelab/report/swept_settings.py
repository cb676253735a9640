"""Names and explanations of settings that sweeps often vary; any other setting has its own name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vaelab.report.findings.sweeps import Trend
from vaelab.report.formatting import label_from_name, mid_sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class SweptSetting:
    """A setting in which the runs of a sweep differ.

    Attributes:
        symbol: in tables and sentences.
        heading: of its page.
        file: of its page, without the extension.
        menu: its entry in the navigation.
        meaning: what the setting does, valid for any result.
        expected: the trend of a metric that theory predicts for rising values, by metric.
        usual: its value in most models; a model's description states any other value.
    """

    symbol: str
    heading: str
    file: str
    menu: str
    meaning: str = ""
    expected: Mapping[str, Trend] = field(default_factory=dict)
    usual: float | None = None

    def named(self, value: str) -> str:
        """A value for a sentence: `β = 4`, or `latent size 10`."""
        separator = "\u00a0=\u00a0" if len(self.symbol) == 1 else "\u00a0"
        return f"{self.symbol}{separator}{value}"


SWEPT_SETTINGS: dict[str, SweptSetting] = {
    "objective.beta": SweptSetting(
        symbol="β",
        heading="Weight of the KL term, β",
        file="beta",
        menu="β",
        meaning=(
            "β weights the KL term of the training loss (β-VAE, Higgins et al. 2017). A larger β "
            "leads to codes that carry less information about the image and to an aggregate "
            "posterior that is closer to the prior. The negative ELBO below is computed with "
            "β = 1 for every run."
        ),
        expected={"reconstruction": "rises", "kl": "falls"},
        usual=1.0,
    ),
    "model.latent_size": SweptSetting(
        symbol="latent size",
        heading="Number of latent dimensions",
        file="latent-size",
        menu="Latent size",
        meaning=(
            "The number of latent dimensions limits the information that a code can carry. A "
            "dimension that reduces the reconstruction loss by less than it adds to the KL "
            "collapses to the prior and is inactive."
        ),
    ),
    "training.learning_rate": SweptSetting(
        symbol="learning rate",
        heading="Learning rate",
        file="learning-rate",
        menu="Learning rate",
        meaning=(
            "With a learning rate that is too small, training does not converge within the given "
            "number of epochs; with one that is too large, it oscillates or diverges."
        ),
    ),
    "training.epochs": SweptSetting(
        symbol="number of epochs",
        heading="Number of epochs",
        file="epochs",
        menu="Epochs",
        meaning=(
            "One epoch is one pass over the training images. The weights of the epoch with the "
            "lowest validation loss are kept."
        ),
    ),
}


def swept_setting(name: str) -> SweptSetting:
    """The setting of that dotted name."""
    path = name.removesuffix(".kind")
    label = label_from_name(path.rpartition(".")[2])
    unknown = SweptSetting(
        symbol=mid_sentence(label), heading=f"Effect of {path}", file=f"sweep-{path}", menu=label
    )
    return SWEPT_SETTINGS.get(name, unknown)
