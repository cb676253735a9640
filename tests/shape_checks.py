"""The type checker that tests put on every function of a module with shapes."""

import importlib.util
from pathlib import Path

from beartype import BeartypeConf, beartype

# As for mypy, a whole number may stand where a float is asked for.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))


def modules_with_shapes() -> list[str]:
    """The modules of vaelab that annotate shapes, found without importing them."""
    spec = importlib.util.find_spec("vaelab")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    return [
        ".".join(path.relative_to(root.parent).with_suffix("").parts)
        for path in sorted(root.rglob("*.py"))
        if "from jaxtyping import" in path.read_text(encoding="utf-8")
    ]
