"""Sentences about two runs."""

from vaelab.report.findings.measurement import Direction, Measurement, compared


def difference(metric: str, first: Measurement, second: Measurement, better: Direction) -> str:
    """By how much two runs differ in a metric, and which of them is better.

    Args:
        metric: its label, such as `Negative ELBO`.
        first: the value of one run.
        second: the value of the other.
        better: whether lower or higher values are better.
    """
    found = compared(first, second)
    subject = f"{metric} ({better} is better)"
    match found.order:
        case "equal":
            return (
                f"{subject}: {_both(first, second)} differ by {found.text} ({found.short_basis}), "
                "less than two standard errors."
            )
        case "unknown":
            return (
                f"{subject}: {_both(first, second)}; without standard errors, it is undetermined "
                "whether they differ."
            )
        case order:
            is_ahead = order == better
            ahead, behind = (first, second) if is_ahead else (second, first)
            return (
                f"{subject}: {ahead.name} is {found.text} {better} than {behind.name} "
                f"({found.short_basis}), {ahead.text} against {behind.text}."
            )


def _both(first: Measurement, second: Measurement) -> str:
    return f"{first.name} ({first.text}) and {second.name} ({second.text})"
