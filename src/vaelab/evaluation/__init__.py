"""What is measured of a trained model, on images that it never saw."""

from vaelab.evaluation.losses import measure_losses
from vaelab.evaluation.protocol import METRICS, Metric, evaluate

__all__ = ["METRICS", "Metric", "evaluate", "measure_losses"]
