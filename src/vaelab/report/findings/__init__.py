"""Sentences about measured values.

Each function returns None where nothing can be said. Two values differ when their distance is more
than two standard errors of the difference, as in `vaelab.comparison`.
"""
