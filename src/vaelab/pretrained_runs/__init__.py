"""Trained runs that ship with vaelab: `pretrained:NAME` in place of a run folder.

Nothing here imports torch, so that `vaelab demo` starts at once.
"""

from vaelab.pretrained_runs.description import PretrainedRun, describe, table_of
from vaelab.pretrained_runs.folders import PREFIX, is_pretrained, located, pretrained_names
from vaelab.pretrained_runs.pictures import Pictures, complete_explorers, find_pictures

__all__ = [
    "PREFIX",
    "Pictures",
    "PretrainedRun",
    "complete_explorers",
    "describe",
    "find_pictures",
    "is_pretrained",
    "located",
    "pretrained_names",
    "table_of",
]
