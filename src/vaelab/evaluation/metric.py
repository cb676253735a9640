"""What a metric is: declared numbers, what they need, and how they are taken."""

from collections.abc import Callable
from dataclasses import dataclass

from vaelab.evaluation.baselines import Score, with_baselines
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Findings, Measure


@dataclass(frozen=True, slots=True)
class Metric:
    """Numbers that one pass yields process_group.

    Attributes:
        measures: the numbers, by name.
        take: the pass.
        needs: keys of `NEEDS`; without them the metric is not defined.
        is_default: whether it is taken when none is named.
    """

    measures: dict[str, Measure]
    take: Callable[[EvaluationContext], Findings]
    needs: tuple[str, ...] = ("a run",)
    is_default: bool = True


def of_samples(name: str, measures: dict[str, Measure], score: Score, *more_needs: str) -> Metric:
    """A metric of samples, with what perfect and useless samples score beside it."""
    needs = ("samples", "a classifier", "10 images", *more_needs)
    return Metric(measures, with_baselines(name, score), needs)
