"""Finding good settings: many trials, each an ordinary run, proposed by Optuna."""

from vaelab.errors import InputError

try:
    import optuna  # noqa: F401
except ImportError:
    raise InputError("a search needs Optuna: pip install 'vaelab[optuna]'") from None

from vaelab.search.plan import VALUES, Search
from vaelab.search.searching import Found, run_search
from vaelab.search.space import Choices, Range, read_space

__all__ = ["VALUES", "Choices", "Found", "Range", "Search", "read_space", "run_search"]
