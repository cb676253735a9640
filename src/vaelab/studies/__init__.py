"""Many runs from one command: data, training, evaluation, figures, explorer, page; once each."""

from vaelab.studies.executors import EXECUTORS, Executor, executor_named
from vaelab.studies.plans import STUDIES, Study, study_named
from vaelab.studies.runner import Outcome, run_study
from vaelab.studies.toml_file import read_study

__all__ = [
    "EXECUTORS",
    "STUDIES",
    "Executor",
    "Outcome",
    "Study",
    "executor_named",
    "read_study",
    "run_study",
    "study_named",
]
