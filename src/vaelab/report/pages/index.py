"""The overview of a study."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from vaelab.comparison import Row, Table
from vaelab.formatting import counted, listed, number, with_unit
from vaelab.report.data_sets import data_license, data_title
from vaelab.report.findings import training
from vaelab.report.findings.measurement import Measurement
from vaelab.report.formatting import mid_sentence, without_location, without_paths
from vaelab.report.gallery import Gallery, Picture
from vaelab.report.pages.page import Page, measurement, names_of, without_none
from vaelab.report.pages.pictures import run_picture
from vaelab.report.settings_view import settings_view
from vaelab.report.stored_results import StoredResults, StoredRun
from vaelab.report.stored_study import StoredStudy
from vaelab.report.sweeps import find_repetitions
from vaelab.report.tables import comparison_tables, headlines, table_views
from vaelab.runs import DataCard

# The metrics whose best run is shown first.
RANKED = ("negative_elbo", "reconstruction", "fid_proxy", "conditional_accuracy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """The best value of one metric in a table.

    Attributes:
        label: of the metric.
        order: `lower` or `higher` if the best row is clearly so, `equal` if it is not, `unknown`
            without standard errors; empty if only one row has the metric.
        name: of the row with the best value.
        results: of that row; the first run of several seeds.
        value: of that row, with its unit.
        error: its standard error, or its standard deviation over seeds.
        other: the name and the value of the next row, or of the first that is not clearly worse.
        difference: to that row, with its standard error.
        basis: what that standard error rests on.
        floor: that of the metric; empty without one.
        baseline: that of the metric; empty without one.
    """

    label: str
    order: str
    name: str
    results: StoredResults
    value: str
    error: str
    other: str = ""
    difference: str = ""
    basis: str = ""
    floor: str
    baseline: str


def index_page(study: StoredStudy, pages: Sequence[Page], gallery: Gallery) -> Page:
    """The overview of a study.

    Args:
        study: the stored results.
        pages: the other pages of the navigation.
        gallery: for the figures; it knows the problems with those of the other pages.
    """
    results = study.results
    # Rankings are those of the largest table.
    tables = comparison_tables(results, RANKED, group_seeds=True)
    largest = max(tables, key=lambda table: len(table.rows), default=None)
    topics = [page.topic for page in pages if page.topic]
    return Page(
        file="index.html",
        template="index.html",
        title=f"Variational autoencoders on {_data_titles(study)}",
        menu="Overview",
        content={
            "sentence": study_sentence(study),
            "remark": study.remark,
            "topics": listed(topics) if topics else "",
            "data": [_data_facts(card) for card in study.cards],
            "rankings": [] if largest is None else rankings(largest, results),
            "best_samples": _best_samples(study, gallery),
            "tables": table_views(results, headlines(results), "All runs"),
            "problems": [without_paths(problem) for problem in gallery.problems],
            "not_evaluated": [run for run in study.runs if not run.metrics],
            "settings": [(run, settings_view(run)) for run in study.runs],
            "chapters": [page for page in pages if page.findings],
            "repetitions": without_none(
                _seeds(group) for group in find_repetitions(study.evaluated)
            ),
        },
    )


def _data_titles(study: StoredStudy) -> str:
    return listed(sorted({data_title(card.name) for card in study.cards}))


def study_sentence(study: StoredStudy) -> str:
    """How many runs of which kinds of model the study has, and on which data."""
    kinds = Counter(run.capabilities.name for run in study.runs)
    count = counted(len(study.runs), "run")
    parts = listed(counted(number_of, kind) for kind, number_of in kinds.items())
    samples = counted(len(study.samples), "set") + " of samples from another source"
    return f"{count} on {_data_titles(study)}: {parts}" + (f"; {samples}" if study.samples else "")


def _data_facts(card: DataCard) -> dict[str, Any]:
    channels, height, width = card.shape
    colors = {1: "grayscale", 3: "color"}.get(channels, f"{channels} channels")
    return {
        "title": data_title(card.name),
        "source": without_location(card.source),
        "license": data_license(card.name),
        "images": f"{height} × {width} pixels, {colors}",  # noqa: RUF001
        "classes": len(card.class_names),
        "train": card.train_fingerprint[:16],
        "test": card.test_fingerprint[:16],
    }


def rankings(table: Table, results: Sequence[StoredResults]) -> list[Ranking]:
    """The best value in a table of each of the ranked metrics that its rows have."""
    by_name = {each.name: each for each in results}
    found = []
    for metric in RANKED:
        ranked = table.ranked(metric)
        if ranked:
            first = next(iter(ranked[0].members), ranked[0])
            found.append(_ranking(table, metric, ranked[0], by_name[first.name]))
    return found


def _ranking(table: Table, metric: str, first: Row, results: StoredResults) -> Ranking:
    result, lead = first.metrics[metric], table.lead(metric)
    unit = result["unit"]
    ranking = Ranking(
        label=result["label"],
        order="",
        name=first.name,
        results=results,
        value=with_unit(result["value"], unit),
        error=number(result.get("standard_deviation", result["standard_error"]), unit),
        floor=number(result["floor"], unit),
        baseline=number(result["baseline"], unit),
    )
    if lead is None:
        return ranking
    row, difference = lead.others[0 if lead.is_clear else -1]
    return replace(
        ranking,
        order=difference.order,
        other=f"{row.name} ({with_unit(row.metrics[metric]['value'], unit)})",
        difference=difference.text,
        basis=difference.short_basis,
    )


def _best_samples(
    study: StoredStudy, gallery: Gallery
) -> tuple[StoredRun, Picture, Measurement, int] | None:
    """The samples of the run with the lowest FID proxy, among those that were drawn.

    The last value is the number of samples that the FID proxy was computed on.
    """
    ranked = sorted(
        (
            (measurement(run, "fid_proxy"), run)
            for run in study.runs
            if "fid_proxy" in run.metrics and (run.run.figures / "samples.png").exists()
        ),
        key=lambda each: each[0].value,
    )
    if not ranked:
        return None
    measured, run = ranked[0]
    picture = run_picture(run, "samples", gallery)
    if picture is None:
        return None
    return run, picture, measured, run.metrics["fid_proxy"]["count"]


def _seeds(group: Sequence[StoredRun]) -> str | None:
    """Mean and standard deviation of the negative ELBO over seeds."""
    results = [run.metrics["negative_elbo"] for run in group if "negative_elbo" in run.metrics]
    if not results:
        return None
    values = [result["value"] for result in results]
    label = mid_sentence(results[0]["label"])
    return training.seeds(listed(names_of(group)), label, results[0]["unit"], values)
