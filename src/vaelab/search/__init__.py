"""Hyperparameter search with Optuna; every trial is an ordinary run."""

from vaelab.errors import InputError

try:
    import optuna  # noqa: F401
except ImportError:
    raise InputError("a search needs Optuna: pip install 'vaelab[optuna]'") from None

from vaelab.search.plan import Search
from vaelab.search.runner import SearchResult, run_search
from vaelab.search.space import Choices, Range, SearchDimension, read_space

__all__ = [
    "Choices",
    "Range",
    "Search",
    "SearchDimension",
    "SearchResult",
    "read_space",
    "run_search",
]
