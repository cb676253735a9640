"""Measured numbers in as many digits as are read."""


def rounded(value: float | None, unit: str) -> str:
    """A number without its unit, by which its digits are chosen; nothing where there is none."""
    if value is None:
        return ""
    if unit.startswith("nats"):
        return f"{value:.2f}"
    return f"{value:.3f}" if unit == "share" else f"{value:.4g}"
