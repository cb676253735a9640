"""Sentences about the quality of reconstructions and of samples."""

from vaelab.formatting import number
from vaelab.report.findings.measurement import Measurement

# Below this share of the distance from the baseline to the floor, a reconstruction is poor.
POOR = 0.1


def poor_reconstruction(
    measured: Measurement, floor: float | None, baseline: float | None
) -> str | None:
    """A warning where a reconstruction is hardly better than the mean image; None elsewhere."""
    if floor is None or baseline is None or baseline <= floor:
        return None
    share = (baseline - measured.value) / (baseline - floor)
    mean_image = Measurement("", baseline, unit=measured.unit)
    values = f"{measured.text} against {mean_image.text}"
    if share <= 0:
        return f"{measured.name} reconstructs no better than the mean training image: {values}."
    if share < POOR:
        return (
            f"{measured.name} reconstructs hardly better than the mean training image: {values}, "
            f"{100 * share:.1f}\u00a0% of the distance to the floor."
        )
    return None


def samples(
    metric: str, measured: Measurement, floor: float | None, baseline: float | None
) -> str | None:
    """The distance of samples to real images, between its floor and its baseline.

    Args:
        metric: its label inside a sentence; lower values are better.
        measured: the distance.
        floor: that of real images.
        baseline: that of a Gaussian fitted to the training pixels.
    """
    if floor is None or baseline is None or baseline <= floor:
        return None
    at_floor = f"that of real images ({number(floor, measured.unit)})"
    at_baseline = (
        f"that of a Gaussian fitted to the training pixels ({number(baseline, measured.unit)})"
    )
    text = f"The {metric} of the samples of {measured.name} is {measured.text}"
    if measured.value >= baseline:
        return f"{text}, no better than {at_baseline}."
    if measured.value <= floor:
        return f"{text}, no worse than {at_floor}."
    return f"{text}, between {at_floor} and {at_baseline}."
