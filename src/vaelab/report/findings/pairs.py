"""Sentences about two runs."""

from vaelab.report.findings.measurement import Direction, Measurement, order


def difference(metric: str, first: Measurement, second: Measurement, better: Direction) -> str:
    """Which of two runs has the better value of a metric.

    Args:
        metric: its label, such as `Negative ELBO`.
        first: the value of one run.
        second: the value of the other.
        better: whether lower or higher values are better.
    """
    match order(first, second):
        case "equal":
            return f"{metric}: {_both(first, second)} differ by less than two standard errors."
        case "unknown":
            return (
                f"{metric}: {_both(first, second)}; without standard errors, it is undetermined "
                "whether they differ."
            )
        case found:
            ahead, behind = (first, second) if found == better else (second, first)
            return (
                f"{metric} is better for {ahead.name} than for {behind.name}: {ahead.text} "
                f"against {behind.text}."
            )


def _both(first: Measurement, second: Measurement) -> str:
    return f"{first.name} ({first.text}) and {second.name} ({second.text})"
