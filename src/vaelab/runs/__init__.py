"""Run folders: the only place that knows their files."""

from vaelab.documents import read_json
from vaelab.runs.data_card import DataCard, data_card_from
from vaelab.runs.evaluation_values import (
    PER_IMAGE,
    REPLICATES,
    read_values,
    values_fingerprint,
    write_evaluation,
)
from vaelab.runs.requirements import require_free, require_same_images
from vaelab.runs.run import Run, open_run
from vaelab.runs.stored_values import read_evaluation
from vaelab.runs.tensors import load_weights, read_tensors, write_tensors
from vaelab.runs.weights import TrainedModel

__all__ = [
    "PER_IMAGE",
    "REPLICATES",
    "DataCard",
    "Run",
    "TrainedModel",
    "data_card_from",
    "load_weights",
    "open_run",
    "read_evaluation",
    "read_json",
    "read_tensors",
    "read_values",
    "require_free",
    "require_same_images",
    "values_fingerprint",
    "write_evaluation",
    "write_tensors",
]
