"""Studies: data, training, evaluation, figures, explorer and report of many runs by one command."""

from vaelab.studies.builtin import STUDIES, study_named
from vaelab.studies.executors import EXECUTORS, Executor, executor_named
from vaelab.studies.runner import StudyResult, run_study
from vaelab.studies.study import DerivedRun, Study
from vaelab.studies.toml_file import read_study

__all__ = [
    "EXECUTORS",
    "STUDIES",
    "DerivedRun",
    "Executor",
    "Study",
    "StudyResult",
    "executor_named",
    "read_study",
    "run_study",
    "study_named",
]
