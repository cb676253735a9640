"""The page of likelihoods: bounds on log p(x) next to published figures."""

from collections.abc import Sequence
from typing import Any

from vaelab.evaluation.published import PUBLISHED, Published
from vaelab.preset_changes import changes_from_preset
from vaelab.report.pages.page import Page
from vaelab.report.stored_results import StoredRun
from vaelab.report.stored_study import StoredStudy
from vaelab.report.tables import Cell, Column, TableView
from vaelab.runs.weights import parameter_count

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
            if (sentence := _finding(run, _published(run))) is not None
        ],
        content={"tables": tables},
    )


def _table(metric: str, title: str, runs: Sequence[StoredRun]) -> TableView:
    """A row for each run, the lowest bound first.

    No row is marked as the best, since their bounds may have different numbers of draws.
    """
    ranked = sorted(runs, key=lambda run: run.metrics[metric]["value"])
    return TableView(
        caption=title,
        columns=[
            Column(label="Run", is_text=True),
            Column(label="Published", meaning="Of the most similar published model."),
            Column(label="Measured", arrow="↓", arrow_words="lower is better"),
            Column(label="Unit"),
            Column(label="KL", unit="nats", meaning="At one draw of z."),
            Column(label="Parameters"),
            Column(label="Training", unit="s", meaning="Seconds of all epochs on this machine."),
        ],
        rows=[_row(run, metric) for run in ranked],
    )


def _row(run: StoredRun, metric: str) -> list[Cell]:
    measured, published = run.metrics[metric], _published(run)
    is_same = published is not None and published.metric == metric
    error = measured["standard_error"]
    return [
        Cell(text=run.name, sort=run.name, results=run),
        _cell(published.value if published is not None and is_same else None, "{:.2f}"),
        Cell(
            text=f"{measured['value']:.2f}",
            sort=measured["value"],
            error="" if error is None else f"{error:.2f}",
        ),
        Cell(text=measured["unit"], sort=measured["unit"]),
        _cell(run.value("kl"), "{:.1f}"),
        _cell(parameter_count(run.run.weights), "{:,.0f}"),
        _cell(sum(float(record.get("seconds") or 0) for record in run.records), "{:,.0f}"),
    ]


def _published(run: StoredRun) -> Published | None:
    """The figure that the run makes again: of its preset as it is, on the published images."""
    published = PUBLISHED.get(run.preset)
    if published is None or run.run.data.name != "fashion-mnist":
        return None
    changed = changes_from_preset(run.config).keys() - {"seed"}
    return None if changed else published


def _cell(value: float | None, form: str) -> Cell:
    return Cell(text="") if value is None else Cell(text=form.format(value), sort=value)


def _finding(run: StoredRun, published: Published | None) -> str | None:
    """How far a run is from the figure that it makes again."""
    if published is None or published.metric not in run.metrics:
        return None
    measured: dict[str, Any] = run.metrics[published.metric]
    difference = measured["value"] - published.value
    return (
        f"{run.name} has {measured['value']:.2f} {measured['unit']}, "
        f"{abs(difference):.2f} {'below' if difference < 0 else 'above'} the published "
        f"{published.value:.2f} of the {published.model} ({published.source})."
    )
