"""What is measured of a trained model, or of anybody's samples; `METRICS` is the table."""

from vaelab.evaluation.evaluators import (
    PROTOCOLS,
    Results,
    as_text,
    evaluate,
    evaluate_file,
    evaluate_samples,
    possible_metrics,
)
from vaelab.evaluation.metrics import METRICS
from vaelab.evaluation.result import Result
from vaelab.sampling import Samples

__all__ = [
    "METRICS",
    "PROTOCOLS",
    "Result",
    "Results",
    "Samples",
    "as_text",
    "evaluate",
    "evaluate_file",
    "evaluate_samples",
    "possible_metrics",
]
