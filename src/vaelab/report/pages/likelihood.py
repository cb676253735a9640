"""The page of likelihoods: bounds on log p(x) next to published figures."""

from collections.abc import Sequence
from typing import Any

from vaelab.evaluation.published import PUBLISHED, Published
from vaelab.formatting import number
from vaelab.report.pages.page import Page
from vaelab.report.stored_results import StoredRun
from vaelab.report.stored_study import StoredStudy
from vaelab.report.tables import Cell, Column, TableView

METRICS = {
    "exemplar_negative_log_likelihood": "Binarized images",
    "bits_per_dim": "8-bit images",
}


def likelihood_page(study: StoredStudy) -> Page | None:
    """Likelihoods by the published protocols; None if no run was measured by one."""
    tables = [
        _table(metric, title, runs)
        for metric, title in METRICS.items()
        if (runs := [run for run in study.runs if metric in run.metrics])
    ]
    if not tables:
        return None
    return Page(
        file="likelihood.html",
        template="likelihood.html",
        title="Likelihood",
        menu="Likelihood",
        topic="likelihoods next to published ones",
        findings=[
            sentence
            for run in study.runs
            if (sentence := _finding(run, PUBLISHED.get(run.preset))) is not None
        ],
        content={"tables": tables},
    )


def _table(metric: str, title: str, runs: Sequence[StoredRun]) -> TableView:
    """A row for each run, the best first."""
    ranked = sorted(runs, key=lambda run: run.metrics[metric]["value"])
    return TableView(
        caption=title,
        columns=[
            Column(label="Run", is_text=True),
            Column(label="Published", meaning="Of the same kind of model."),
            Column(label="Measured", unit=ranked[0].metrics[metric]["unit"], arrow="↓"),
            Column(label="KL", unit="nats", meaning="At one draw of z."),
            Column(label="Parameters"),
            Column(label="Training", unit="s", meaning="Seconds of all epochs on this machine."),
        ],
        rows=[_row(run, metric, is_best=run is ranked[0]) for run in ranked],
    )


def _row(run: StoredRun, metric: str, *, is_best: bool) -> list[Cell]:
    measured, published = run.metrics[metric], PUBLISHED.get(run.preset)
    is_same = published is not None and published.metric == metric
    error = measured["standard_error"]
    return [
        Cell(text=run.name, sort=run.name, results=run),
        _cell(published.value if published is not None and is_same else None, "{:.2f}"),
        Cell(
            text=f"{measured['value']:.2f}",
            sort=measured["value"],
            error="" if error is None else f"{error:.2f}",
            is_best=is_best,
        ),
        _cell(run.value("kl"), "{:.1f}"),
        _cell(_parameter_count(run), "{:,.0f}"),
        _cell(sum(float(record.get("seconds") or 0) for record in run.records), "{:,.0f}"),
    ]


def _parameter_count(run: StoredRun) -> int:
    return sum(each.numel() for each in run.run.build_model().parameters())


def _cell(value: float | None, form: str) -> Cell:
    return Cell(text="") if value is None else Cell(text=form.format(value), sort=value)


def _finding(run: StoredRun, published: Published | None) -> str | None:
    """How far a run is from the figure that it makes again."""
    if published is None or published.metric not in run.metrics:
        return None
    measured: dict[str, Any] = run.metrics[published.metric]
    difference = measured["value"] - published.value
    return (
        f"{run.name} has {number(measured['value'])} {measured['unit']}, "
        f"{abs(difference):.2f} {'below' if difference < 0 else 'above'} the published "
        f"{published.value:.2f} of the {published.model} ({published.source})."
    )
