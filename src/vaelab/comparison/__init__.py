"""Comparison of evaluated runs and samples in tables of what can be compared."""

from vaelab.comparison.compared_runs import ComparedRuns, compare, render
from vaelab.comparison.differences import (
    LEAD_STANDARD_ERRORS,
    Difference,
    Order,
    StoredNumber,
    difference,
)
from vaelab.comparison.formats import FORMATS
from vaelab.comparison.groups import CONDITIONS, Evaluated, Group, comparable, open_evaluated
from vaelab.comparison.rows import Row, read_row
from vaelab.comparison.seeds import (
    common_name,
    grouped_over_seeds,
    mean_result,
    repetition_key,
    settings_without_seed,
)
from vaelab.comparison.tables import BEST, Lead, Table, value_text

__all__ = [
    "BEST",
    "CONDITIONS",
    "FORMATS",
    "LEAD_STANDARD_ERRORS",
    "ComparedRuns",
    "Difference",
    "Evaluated",
    "Group",
    "Lead",
    "Order",
    "Row",
    "StoredNumber",
    "Table",
    "common_name",
    "comparable",
    "compare",
    "difference",
    "grouped_over_seeds",
    "mean_result",
    "open_evaluated",
    "read_row",
    "render",
    "repetition_key",
    "settings_without_seed",
    "value_text",
]
