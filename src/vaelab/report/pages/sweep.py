"""The page of a sweep: runs that differ in one setting."""

from collections.abc import Sequence
from statistics import mean, stdev

from vaelab.evaluation.near_chance import SHORT_CAVEAT
from vaelab.formatting import counted, unit_label
from vaelab.report.charts import Chart, Series, drawable, graded_color
from vaelab.report.data_sets import data_title
from vaelab.report.findings import latent_space, sweeps
from vaelab.report.findings.measurement import Measurement
from vaelab.report.formatting import mid_sentence
from vaelab.report.gallery import Gallery, Picture
from vaelab.report.model_names import describe_model
from vaelab.report.pages.page import Page, without_none
from vaelab.report.pages.pictures import comparison_pictures, run_pictures
from vaelab.report.pages.run import kl_per_dimension, poor_reconstruction
from vaelab.report.stored_study import StoredStudy
from vaelab.report.sweeps import Point, Sweep
from vaelab.report.tables import Cell, Column, table_views

METRICS = (
    "reconstruction",
    "kl",
    "negative_elbo",
    "negative_log_likelihood",
    "fid_proxy",
    "active_units",
    "mutual_information",
    "aggregate_posterior_kl",
)

# The metrics whose best value is stated.
RANKED = ("negative_elbo", "fid_proxy")

# A best value is stated from this many values on.
FEWEST_RANKED = 3


def sweep_page(sweep: Sweep, study: StoredStudy, gallery: Gallery) -> Page:
    """The runs of a sweep."""
    setting = sweep.setting
    return Page(
        file=f"{sweep.slug}.html",
        template="sweep.html",
        title=setting.heading,
        menu=setting.menu,
        topic=_topic(sweep),
        has_charts=True,
        content={
            "sweep": sweep,
            "setting": setting,
            "charts": _charts(sweep),
            "kl_chart": _kl_chart(sweep),
            "pictures": comparison_pictures(study, sweep.runs, gallery),
            "run_pictures": _run_pictures(sweep, gallery),
            "tables": table_views(
                sweep.runs,
                METRICS,
                f"Runs by {setting.symbol}",
                setting=(
                    Column(label=setting.symbol, is_text=not sweep.is_numeric),
                    {run.name: _value_cell(point) for point in sweep.points for run in point.runs},
                ),
            ),
            "common": _common(sweep),
        },
        findings=[
            *_trends(sweep),
            *without_none([_activity(sweep)]),
            *_rankings(sweep),
            *without_none([_still_decreasing(sweep)]),
            *without_none(poor_reconstruction(run) for run in sweep.runs),
            *_failures(sweep, study),
        ],
    )


def _topic(sweep: Sweep) -> str:
    symbol = sweep.setting.symbol
    subject = symbol if len(symbol) == 1 else f"the {symbol}"
    first, last = sweep.points[0].text, sweep.points[-1].text
    return f"the effect of {subject}" + (f" from {first} to {last}" if sweep.is_numeric else "")


def _value_cell(point: Point) -> Cell:
    return Cell(text=point.text, sort=point.value if point.number is None else point.number)


def _common(sweep: Sweep) -> str:
    """The model, the epochs and the data of the first run."""
    run = sweep.runs[0]
    epochs = counted(run.config.training.epochs, "epoch")
    return f"{describe_model(run)}, {epochs}, {data_title(run.run.data.name)}"


def _label(sweep: Sweep, metric: str) -> str:
    """The label of a metric that some run has."""
    return next(str(run.metrics[metric]["label"]) for run in sweep.runs if metric in run.metrics)


def _trends(sweep: Sweep) -> list[str]:
    """How the metrics with an expected trend change."""
    found = [
        sweeps.trend(mid_sentence(_label(sweep, metric)), measured, expected)
        for metric, expected in sweep.setting.expected.items()
        if (measured := sweep.measurements(metric)) and sweep.is_comparable(metric)
    ]
    return without_none(found)


def _rankings(sweep: Sweep) -> list[str]:
    """Where the ranked metrics are best."""
    found: list[str | None] = []
    for metric in RANKED:
        measured = sweep.measurements(metric)
        if len(measured) < FEWEST_RANKED or not sweep.is_comparable(metric):
            continue
        label = mid_sentence(_label(sweep, metric))
        found.append(sweeps.best(label, measured, "lower"))
        if sweep.is_numeric:
            found.append(sweeps.best_at_the_edge(label, measured, "lower"))
    return without_none(found)


def _activity(sweep: Sweep) -> str | None:
    """Active units by latent size, if the latent size differs between all values."""
    active = [
        (point.runs[0].capabilities.latent_size, measured.value)
        for point in sweep.points
        if (measured := point.measurement("", "active_units")) is not None
    ]
    has_sizes = len({size for size, _ in active}) == len(active)
    return latent_space.activity(sorted(active)) if has_sizes else None


def _still_decreasing(sweep: Sweep) -> str | None:
    records = {sweep.name_of(point): point.runs[0].records for point in sweep.points}
    return sweeps.still_decreasing(records, sweep.runs[0].unit)


def _failures(sweep: Sweep, study: StoredStudy) -> list[str]:
    """The values whose runs failed without a result."""
    found = []
    for failed in study.failed:
        point = None if failed.config is None else sweep.point_for(failed.config)
        if point is not None and failed.status == "failed" and not failed.page:
            found.append(sweeps.failed_value(sweep.name_of(point), failed.step, failed.reason))
    return found


def _charts(sweep: Sweep) -> list[Chart]:
    """Rate against distortion, then every metric against the setting."""
    if not sweep.is_numeric:
        return []
    return without_none(
        [_rate_distortion(sweep), *(_metric_chart(sweep, metric) for metric in METRICS)]
    )


def _metric_chart(sweep: Sweep, metric: str) -> Chart | None:
    """A metric against the setting; None if it is not comparable or is missing for a value."""
    measured = sweep.measurements(metric)
    if len(measured) < len(sweep.points) or not sweep.is_comparable(metric):
        return None
    numbers = [point.number for point in sweep.points if point.number is not None]
    values = [each.value for each in measured]
    label = _label(sweep, metric)
    caveats = [SHORT_CAVEAT] if any(each.caveat for each in measured) else []
    return Chart(
        slug=f"by-{metric.replace('_', '-')}",
        title=label,
        x_label=sweep.setting.symbol,
        y_label=", ".join([unit_label(measured[0].unit), *caveats]),
        unit=measured[0].unit,
        series=[
            Series(
                label=label,
                points=list(zip(numbers, values, strict=True)),
                deviations=_deviations(measured),
            )
        ],
        x_names=dict(zip(numbers, map(sweep.name_of, sweep.points), strict=True)),
        has_log_x=sweep.is_logarithmic,
    )


def _deviations(measured: Sequence[Measurement]) -> list[float]:
    """The standard deviations over seeds; empty where each value has one seed."""
    found = [each.deviation or 0.0 for each in measured]
    return found if any(each.deviation is not None for each in measured) else []


def _rate_distortion(sweep: Sweep) -> Chart | None:
    """The KL against the reconstruction, in the order of the setting; None without both."""
    if not (sweep.is_comparable("kl") and sweep.is_comparable("reconstruction")):
        return None
    points, deviations, names = [], [], {}
    for point in sweep.points:
        name = sweep.name_of(point)
        rate = point.measurement(name, "kl")
        distortion = point.measurement(name, "reconstruction")
        if rate is not None and distortion is not None:
            points.append((rate.value, distortion.value))
            deviations.append(distortion)
            names[rate.value] = name
            example = point.runs[0].metrics["reconstruction"]
    if len(points) < 2:
        return None
    return Chart(
        slug="rate-distortion",
        title="Rate and distortion",
        x_label="KL, nats per image",
        y_label=f"reconstruction against KL, {example['unit']} per image",
        unit=example["unit"],
        series=[Series(label="distortion", points=points, deviations=_deviations(deviations))],
        x_names=names,
        floor=example["floor"],
        has_named_points=True,
    )


def _kl_chart(sweep: Sweep) -> Chart | None:
    """The KL of each latent dimension, one line for each value."""
    last = max(1, len(sweep.points) - 1)
    series = [
        _ranked(sweep.name_of(point), kl, graded_color(place / last))
        for place, point in enumerate(sweep.points)
        if (kl := _kl_of_seeds(point))
    ]
    if len(series) < 2:
        return None
    return drawable(
        Chart(
            slug="kl-by-dimension",
            title="KL of the latent dimensions",
            x_label="rank",
            y_label="nats per image",
            unit="nats",
            series=series,
        )
    )


def _kl_of_seeds(point: Point) -> list[list[float]]:
    """The KL of each latent dimension in falling order, for each seed that has it."""
    found = [kl for run in point.runs if (kl := kl_per_dimension(run)) is not None]
    return [sorted(kl, reverse=True) for kl in found if len(kl) == len(found[0])]


def _ranked(label: str, kl: Sequence[Sequence[float]], color: str) -> Series:
    """A line of the KL by rank, the mean over seeds."""
    by_rank = list(zip(*kl, strict=True))
    return Series(
        label=label,
        points=[(float(rank), mean(values)) for rank, values in enumerate(by_rank, 1)],
        color=color,
        deviations=[stdev(values) for values in by_rank] if len(kl) > 1 else (),
    )


def _run_pictures(sweep: Sweep, gallery: Gallery) -> list[tuple[str, list[Picture]]]:
    """The reconstructions and samples of each value."""
    return [
        (sweep.name_of(point), pictures)
        for point in sweep.points
        if (pictures := run_pictures(point.runs[0], ("reconstructions", "samples"), gallery))
    ]
