"""What a metric is: the numbers that it declares, what it needs, and how it computes them.

Letters in shapes: N images, R bootstrap draws.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from jaxtyping import Bool, Float64
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.statistics import mean_and_standard_error, proportion_standard_error

Direction = Literal["lower", "higher"]

LIKELIHOOD = "Likelihood"

# The groups in which numbers are shown, in this order; a user's metric may name another.
GROUPS = (
    LIKELIHOOD,
    "Latent space",
    "Reconstructions",
    "Samples",
    "Conditional generation",
    "Disentanglement",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricSpec:
    """The declaration of one number.

    Attributes:
        name: in evaluation.json.
        label: at the head of its column.
        unit: of the number.
        meaning: in one line.
        group: in which it is shown, such as one of `GROUPS`.
        direction: whether lower or higher is better; None where neither is.
        features: the feature extractor that it rests on: `chosen`, the user's choice, or a key of
            `FEATURES`; None where it rests on none.
        needs: keys of `NEEDS`, beyond those of its metric; they explain why the number is missing.
        is_headline: whether comparisons show it by default.
    """

    name: str
    label: str
    unit: str
    meaning: str
    group: str = "Other"
    direction: Direction | None = None
    features: str | None = None
    needs: tuple[str, ...] = ()
    is_headline: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricValue:
    """One number with what is needed to read it.

    A metric gives the first fields; `described` adds those that its declaration and the
    evaluation know.

    Attributes:
        value: the number.
        count: images that it was computed on.
        standard_error: of the value, over images or by bootstrap; None where it is unknown.
        floor: the value of real data or of an ideal model; None where it is unknown.
        baseline: the value of a model that learned nothing; None where it is unknown.
        unit: of the number; a metric gives it where it differs from the declared one.
        details: results that belong to the number but are larger, such as a confusion matrix, as
            plain JSON values.
        per_image: the value of each image or sample (N,), whose mean is the number, in the same
            order for every run; None where the number is no mean.
        replicates: the number on each of R bootstrap draws (R,), which are the same for every run;
            their standard deviation is the standard error. None without a bootstrap.
        spec: the declaration of a number that its metric cannot declare in advance, such as one
            for each level of a model.
        direction: whether lower or higher is better; None where neither is.
        seed: of every random draw.
        split: of the data that the images are from, or are compared with.
        features: fingerprint of the feature extractor; None where there is none.
        features_name: name of the feature extractor; None where there is none.
        label: at the head of its column.
        meaning: in one line.
        group: in which it is shown.
        is_headline: whether comparisons show it by default.
        given_label: whether it measures log p(x|y), the likelihood of an image given its label,
            and not log p(x).
        caveat: why the number says little, where its feature extractor is a reference classifier
            near chance; empty elsewhere.
    """

    value: float
    count: int
    standard_error: float | None = None
    floor: float | None = None
    baseline: float | None = None
    unit: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    # Not compared: tensors of several values have no truth value.
    per_image: Tensor | None = field(default=None, compare=False, repr=False)
    replicates: Tensor | None = field(default=None, compare=False, repr=False)
    spec: MetricSpec | None = None
    direction: Direction | None = None
    seed: int = 0
    split: str = "test"
    features: str | None = None
    features_name: str | None = None
    label: str = ""
    meaning: str = ""
    group: str = ""
    is_headline: bool = False
    given_label: bool = False
    caveat: str = ""

    def described(self, spec: MetricSpec, context: EvaluationContext) -> "MetricValue":
        """The number with what its declaration and the evaluation say about it."""
        extractor = None if spec.features is None else context.extractors[spec.features]
        return replace(
            self,
            unit=self.unit or spec.unit,
            direction=spec.direction,
            seed=context.seed,
            features=None if extractor is None else extractor.fingerprint,
            features_name=None if extractor is None else extractor.name,
            label=spec.label,
            meaning=spec.meaning,
            group=spec.group,
            is_headline=spec.is_headline,
            given_label=spec.group == LIKELIHOOD and context.is_conditional,
            caveat="" if spec.features is None else context.caveat(spec.features),
        )

    def require_values_behind(self, name: str) -> None:
        """Refuse values of images or draws that are not numbers in one row.

        Raises:
            InputError: naming the number.
        """
        for values in (self.per_image, self.replicates):
            if values is not None and values.ndim != 1:
                shape = tuple(values.shape)
                raise InputError(f"{name}: values of images should be (N,), found {shape}")

    def to_json(self) -> dict[str, Any]:
        """The fields as they are stored; details and the values of images are stored apart."""
        names = [each.name for each in fields(self) if each.name not in _STORED_APART]
        return {name: getattr(self, name) for name in names}


_STORED_APART = ("details", "per_image", "replicates", "spec")


def mean_over_images(
    values: Float64[Tensor, " N"],
    *,
    unit: str = "",
    floor: float | None = None,
    baseline: float | None = None,
) -> MetricValue:
    """The number that is the mean of one value of each image; see `MetricValue`."""
    value, error = mean_and_standard_error(values)
    return MetricValue(
        value=value,
        count=len(values),
        standard_error=error,
        floor=floor,
        baseline=baseline,
        unit=unit,
        per_image=values,
    )


def with_replicates(value: float, replicates: Float64[Tensor, " R"], *, count: int) -> MetricValue:
    """The number whose standard error is the spread of its replicates; see `MetricValue`."""
    return MetricValue(
        value=value,
        count=count,
        standard_error=replicates.std().item(),
        replicates=replicates,
    )


def proportion_of_images(
    flags: Bool[Tensor, " N"], *, floor: float | None = None, baseline: float | None = None
) -> MetricValue:
    """The number that is the proportion of images with a property; see `MetricValue`."""
    values = flags.double()
    value = values.mean().item()
    return MetricValue(
        value=value,
        count=len(flags),
        standard_error=proportion_standard_error(value, len(flags)),
        floor=floor,
        baseline=baseline,
        per_image=values,
    )


@dataclass(frozen=True, slots=True)
class Metric:
    """Numbers that are computed together.

    Attributes:
        specs: their declarations; a value may also bring its own.
        compute: the numbers by name; those that are not defined for the model are left out. An
            `InputError` is the reason why none of them can be computed.
        needs: keys of `NEEDS`; where one is not met, the metric is left out.
        is_default: whether it is computed when no metric is named.
        aliases: other names that find it.
    """

    specs: tuple[MetricSpec, ...]
    compute: Callable[[EvaluationContext], dict[str, MetricValue]]
    needs: tuple[str, ...] = ("a trained model",)
    is_default: bool = True
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its numbers."""
        return tuple(spec.name for spec in self.specs)


def single_metric(
    spec: MetricSpec,
    compute: Callable[[EvaluationContext], float | MetricValue],
    needs: tuple[str, ...],
    *,
    is_default: bool = True,
) -> Metric:
    """A metric of one number, from a function that gives it or a `MetricValue`."""

    def values(context: EvaluationContext) -> dict[str, MetricValue]:
        found = compute(context)
        if not isinstance(found, MetricValue):
            found = MetricValue(value=float(found), count=len(context.dataset.test))
        return {spec.name: found}

    return Metric((spec,), values, needs, is_default)
