"""Runs that differ in one setting."""

from collections.abc import Iterator
from typing import Any

from vaelab.report import findings
from vaelab.report.charts import Chart, Series, draw
from vaelab.report.findings import Reading
from vaelab.report.formatting import counted, number, unit_label
from vaelab.report.gallery import Gallery, Picture
from vaelab.report.glossary import data_title, term
from vaelab.report.pages.captions import comparison_picture, pictures_of
from vaelab.report.pages.page import Page, kind_in_words, sentences, there
from vaelab.report.pages.run import kl_per_dimension, regularization
from vaelab.report.stored_runs import Stored
from vaelab.report.sweeps import Point, Sweep
from vaelab.report.tables import Cell, Column, views

OF_SWEEPS = (
    "reconstruction",
    "kl",
    "negative_elbo",
    "negative_log_likelihood",
    "fid_proxy",
    "active_units",
    "mutual_information",
    "aggregate_posterior_kl",
)


def sweep_page(sweep: Sweep, stored: Stored, gallery: Gallery) -> Page:
    """Runs that differ in one setting."""
    knob = sweep.knob
    pictures = []
    if sweep.field == "objective.beta":
        pictures = there([comparison_picture("beta-images", stored, gallery)])
    return Page(
        file=f"{sweep.slug}.html",
        template="sweep.html",
        title=knob.heading,
        menu=knob.menu,
        question=_question(sweep),
        content={
            "sweep": sweep,
            "knob": knob,
            "charts": there(_sweep_charts(sweep)),
            "kl_chart": _kl_lines(sweep),
            "pictures": pictures,
            "rows_of_pictures": _pictures_by_value(sweep, gallery),
            "tables": views(
                sweep.runs,
                OF_SWEEPS,
                f"Runs by {knob.symbol}",
                leading=(
                    Column(label=knob.symbol, is_text=not sweep.is_numeric),
                    {run.name: _value_cell(point) for point in sweep.points for run in point.runs},
                ),
            ),
            "fixed": _fixed(sweep),
        },
        findings=_sweep_findings(sweep, stored),
    )


def _question(sweep: Sweep) -> str:
    name = sweep.knob.symbol
    # A letter is a name; words need an article.
    knob = name if len(name) == 1 else f"the {name}"
    first, last = sweep.points[0].shown, sweep.points[-1].shown
    return f"what {knob} does" + (f" from {first} to {last}" if sweep.is_numeric else "")


def _value_cell(point: Point) -> Cell:
    return Cell(text=point.shown, sort=point.value if point.number is None else point.number)


def _fixed(sweep: Sweep) -> str:
    """What the runs have in common."""
    run = sweep.runs[0]
    epochs = counted(run.config.training.epochs, "epoch")
    return f"{kind_in_words(run)}, {epochs}, {data_title(run.run.data.name)}"


def _named(sweep: Sweep, point: Point) -> str:
    """A value as a sentence names it, such as `β = 4` or `latent size 10`."""
    symbol = sweep.knob.symbol
    # Letters are set equal to a value; words stand before it.
    return f"{symbol} = {point.shown}" if len(symbol) == 1 else f"{symbol} {point.shown}"


def _readings(sweep: Sweep, metric: str) -> tuple[list[Reading], str]:
    """A number at each value, and its unit."""
    estimates = [(point, point.estimate(metric)) for point in sweep.points]
    known = [(point, estimate) for point, estimate in estimates if estimate is not None]
    return (
        [
            Reading(_named(sweep, point), estimate.value, estimate.error)
            for point, estimate in known
        ],
        known[0][1].unit if known else "",
    )


def _sweep_findings(sweep: Sweep, stored: Stored) -> list[str]:
    totals, unit = _readings(sweep, "negative_elbo")
    said: list[str | None] = []
    if sweep.field == "objective.beta":
        reconstructions, unit_of_them = _readings(sweep, "reconstruction")
        rates, _ = _readings(sweep, "kl")
        said += [
            findings.trend("The reconstruction", unit_of_them, reconstructions, "rises"),
            findings.trend("The KL", "nats", rates, "falls"),
        ]
    if sweep.field == "model.latent_size":
        said.append(_activity(sweep))
    if len(totals) > 2:
        said.append(findings.best("The total", unit, totals, "lower"))
        if sweep.is_numeric:
            said.append(findings.at_the_edge("negative_elbo", totals, "lower"))
    distances, unit_of_them = _readings(sweep, "fid_proxy")
    if len(distances) > 2:
        said.append(findings.best("The FID proxy", unit_of_them, distances, "lower"))
    if sweep.field == "training.learning_rate":
        courses = [(_named(sweep, point), point.runs[0].records) for point in sweep.points]
        said.append(findings.unfinished(courses, sweep.runs[0].unit))
    if sweep.field in ("objective.beta", "model.latent_size"):
        said += [regularization(run) for run in sweep.runs]
    for lost in stored.lost:
        missing = None if lost.config is None else sweep.point_of(lost.config)
        if missing is not None and lost.status == "failed" and not lost.page:
            said.append(findings.broken_off(_named(sweep, missing), lost.step, lost.reason))
    return sentences(*said)


def _activity(sweep: Sweep) -> str | None:
    readings = [
        (int(point.number), estimate.value)
        for point in sweep.points
        if point.number is not None and (estimate := point.estimate("active_units")) is not None
    ]
    return findings.activity(readings)


def _sweep_charts(sweep: Sweep) -> Iterator[dict[str, Any] | None]:
    if not sweep.is_numeric:
        return
    if sweep.field == "objective.beta":
        yield _rate_distortion(sweep)
    for metric in OF_SWEEPS:
        estimates = [(point.number, point.estimate(metric)) for point in sweep.points]
        points = [(x, estimate.value) for x, estimate in estimates if x is not None and estimate]
        # A line through a few of the values would tell of none between them.
        if len(points) < len(sweep.points) or not sweep.has_common_terms(metric):
            continue
        unit = next(estimate.unit for _, estimate in estimates if estimate)
        yield draw(
            Chart(
                slug=f"by-{metric.replace('_', '-')}",
                title=term(metric).label,
                x_label=sweep.knob.symbol,
                y_label=unit_label(unit),
                unit=unit,
                series=[Series(label=term(metric).label, points=points)],
                names={
                    point.number: _named(sweep, point)
                    for point in sweep.points
                    if point.number is not None
                },
                is_logarithmic=sweep.is_logarithmic,
                has_whole_steps=True,
            )
        )


def _rate_distortion(sweep: Sweep) -> dict[str, Any] | None:
    """KL against reconstruction, joined in the order of β."""
    points, names = [], {}
    unit, floor = "", None
    for point in sweep.points:
        rate, distortion = point.estimate("kl"), point.estimate("reconstruction")
        if rate is None or distortion is None:
            continue
        points.append((rate.value, distortion.value))
        names[rate.value] = f"β = {point.shown}"
        unit = distortion.unit
        floor = point.runs[0].metrics["reconstruction"]["floor"]
    if len(points) < 2:
        return None
    return draw(
        Chart(
            slug="rate-distortion",
            title="Rate against distortion",
            x_label="rate: KL, nats per image",
            y_label=f"distortion: reconstruction, {unit}",
            unit=unit,
            series=[Series(label="reconstruction", points=points)],
            names=names,
            level=None if floor is None else (floor, f"floor {number(floor, unit)}"),
            named_points=True,
        )
    )


def _kl_lines(sweep: Sweep) -> dict[str, Any] | None:
    """KL of every dimension in falling order, a line for each value."""
    series = []
    for place, point in enumerate(sweep.points):
        kl = kl_per_dimension(point.runs[0])
        if kl is not None:
            series.append(
                Series(
                    label=_named(sweep, point),
                    points=list(enumerate(sorted(kl, reverse=True), 1)),
                    tone="tone-mix",
                    mix=round(100 * place / max(1, len(sweep.points) - 1)),
                )
            )
    if len(series) < 2:
        return None
    return draw(
        Chart(
            slug="kl-by-dimension",
            title="KL of each dimension",
            x_label="dimension",
            y_label="nats per image",
            unit="nats",
            series=series,
            has_whole_steps=True,
        )
    )


def _pictures_by_value(sweep: Sweep, gallery: Gallery) -> list[tuple[str, list[Picture]]]:
    """Reconstructions and samples of the runs that have them, by value."""
    rows = []
    for point in sweep.points:
        run = point.runs[0]
        pictures = pictures_of(run, ("reconstructions", "samples"), gallery)
        if pictures:
            rows.append((_named(sweep, point), pictures))
    return rows
