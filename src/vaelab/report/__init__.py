"""The static site of a study, from stored results; computes nothing."""

from vaelab.report.site import build_site

__all__ = ["build_site"]
