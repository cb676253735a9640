"""Comparison of evaluated runs and samples in tables of what can be compared."""

from vaelab.comparison.compared_runs import ComparedRuns, compare, render
from vaelab.comparison.formats import FORMATS
from vaelab.comparison.groups import CONDITIONS, Evaluated, Group, comparable, open_evaluated
from vaelab.comparison.tables import LEAD_STANDARD_ERRORS, Row, Table, read_row

__all__ = [
    "CONDITIONS",
    "FORMATS",
    "LEAD_STANDARD_ERRORS",
    "ComparedRuns",
    "Evaluated",
    "Group",
    "Row",
    "Table",
    "comparable",
    "compare",
    "open_evaluated",
    "read_row",
    "render",
]
