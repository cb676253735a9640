"""The type checker that tests put on every function of vaelab."""

from beartype import BeartypeConf, beartype

# As for mypy, a whole number may stand where a float is asked for.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))
