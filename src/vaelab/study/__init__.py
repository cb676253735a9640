"""Many runs from one command: data, training, evaluation, figures, explorer, page; once each."""

from vaelab.study.places import PLACES, Place, place_named
from vaelab.study.plans import STUDIES, Study, study_named
from vaelab.study.running import Outcome, run_study
from vaelab.study.toml_file import read_study

__all__ = [
    "PLACES",
    "STUDIES",
    "Outcome",
    "Place",
    "Study",
    "place_named",
    "read_study",
    "run_study",
    "study_named",
]
