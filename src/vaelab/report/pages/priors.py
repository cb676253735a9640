"""The page of fitted priors: samples of runs before and after a prior was fitted to their codes."""

from vaelab.report.pages.page import Page
from vaelab.report.stored_results import StoredRun
from vaelab.report.stored_study import StoredStudy
from vaelab.report.tables import Cell, Column, TableView
from vaelab.settings import describe_fields

METRIC = "fid_proxy"


def priors_page(study: StoredStudy) -> Page | None:
    """The distance of samples by fitted prior; None if the samples of no such run were measured."""
    runs = {run.name: run for run in study.runs}
    fitted = [
        (runs.get(run.parent), run) for run in study.runs if run.parent and METRIC in run.metrics
    ]
    if not fitted:
        return None
    return Page(
        file="priors.html",
        template="priors.html",
        title="Fitted priors",
        menu="Fitted priors",
        topic="samples before and after a prior was fitted to the codes",
        findings=[],
        content={"table": _table(fitted)},
    )


def _table(fitted: list[tuple[StoredRun | None, StoredRun]]) -> TableView:
    """A row for each run with a fitted prior, those of one parent together."""
    return TableView(
        caption="FID proxy before and after",
        columns=[
            Column(label="Parent", is_text=True),
            Column(label="Run", is_text=True),
            Column(label="Prior", is_text=True),
            Column(label="Before", meaning="Of samples of the parent; empty without a prior."),
            Column(label="After", arrow="↓", arrow_words="lower is better"),
            Column(label="After / before"),
            Column(label="Fit", unit="s", meaning="Seconds of the fit on this machine."),
        ],
        rows=[_row(parent, run) for parent, run in sorted(fitted, key=lambda each: each[1].parent)],
    )


def _row(parent: StoredRun | None, run: StoredRun) -> list[Cell]:
    before = None if parent is None else parent.value(METRIC)
    after, prior = run.value(METRIC), dict(describe_fields(run.config))["model.prior.kind"]
    share = None if before is None or after is None else after / before
    return [
        Cell(text=run.parent, sort=run.parent, results=parent),
        Cell(text=run.name, sort=run.name, results=run),
        Cell(text=prior, sort=prior),
        _cell(before, "{:.2f}"),
        _cell(after, "{:.2f}"),
        _cell(share, "{:.2f}"),
        _cell(sum(float(record.get("seconds") or 0) for record in run.records), "{:,.0f}"),
    ]


def _cell(value: float | None, form: str) -> Cell:
    return Cell(text="") if value is None else Cell(text=form.format(value), sort=value)
