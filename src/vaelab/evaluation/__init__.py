"""Evaluation of trained models and of samples; `METRICS` is the table of metrics."""

from vaelab.evaluation.evaluators import (
    PROTOCOLS,
    available_metrics,
    evaluate,
    evaluate_file,
    evaluate_samples,
)
from vaelab.evaluation.metric import GROUPS, Metric, MetricSpec, MetricValue, single_metric
from vaelab.evaluation.metrics import METRICS, metric_name
from vaelab.evaluation.results import Results
from vaelab.evaluation.sample_metric import sample_metric
from vaelab.evaluation.stored_samples import StoredSamples, holds_samples, open_samples
from vaelab.sampling import Samples

__all__ = [
    "GROUPS",
    "METRICS",
    "PROTOCOLS",
    "Metric",
    "MetricSpec",
    "MetricValue",
    "Results",
    "Samples",
    "StoredSamples",
    "available_metrics",
    "evaluate",
    "evaluate_file",
    "evaluate_samples",
    "holds_samples",
    "metric_name",
    "open_samples",
    "sample_metric",
    "single_metric",
]
