"""Run folders: the only place that knows their files."""

from vaelab.runs.data_card import DataCard, data_card_from
from vaelab.runs.json_files import read_json
from vaelab.runs.requirements import require_free, require_same_images
from vaelab.runs.run import Run, open_run
from vaelab.runs.tensors import load_weights, read_tensors, write_tensors
from vaelab.runs.weights import TrainedModel

__all__ = [
    "DataCard",
    "Run",
    "TrainedModel",
    "data_card_from",
    "load_weights",
    "open_run",
    "read_json",
    "read_tensors",
    "require_free",
    "require_same_images",
    "write_tensors",
]
