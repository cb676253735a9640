"""The static site of a study, from stored results; computes nothing."""

from vaelab.report.site import build_site
from vaelab.report.stored_study import STUDY_FILE

__all__ = ["STUDY_FILE", "build_site"]
