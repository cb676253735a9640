"""The overview of a study."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vaelab.comparison import Table
from vaelab.formatting import counted, listed, number, unit_label
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
    """The results in a table, ordered by one metric.

    Attributes:
        label: of the metric.
        unit: of the metric.
        ranked: the results with their measurements, the best first.
        leader: the one that leads by more than two standard errors; None if none does.
        error: the standard error of the leader.
        has_errors: whether the standard errors of the first two are known.
        floor: that of the metric; empty without one.
        baseline: that of the metric; empty without one.
    """

    label: str
    unit: str
    ranked: list[tuple[StoredResults, Measurement]]
    leader: StoredResults | None
    error: str
    has_errors: bool
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
    largest = max(
        comparison_tables(results, RANKED), key=lambda table: len(table.rows), default=None
    )
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
    """The results in a table, ordered by each of the ranked metrics that they have.

    Metrics with a caveat rank nothing.
    """
    by_name = {each.name: each for each in results}
    found = []
    for metric in RANKED:
        example = table.example(metric)
        if example is None or example["direction"] is None:
            continue
        if any(row.caveat(metric) for row in table.rows):
            continue
        ranked = sorted(
            (
                (by_name[row.name], measurement(by_name[row.name], metric))
                for row in table.ranked_rows(metric)
            ),
            key=lambda each: each[1].value,
            reverse=example["direction"] == "higher",
        )
        leader = table.best(metric)
        unit = example["unit"]
        found.append(
            Ranking(
                label=example["label"],
                unit=unit_label(unit),
                ranked=ranked,
                leader=None if leader is None else by_name[leader.name],
                error=number(ranked[0][1].standard_error, unit),
                has_errors=all(each.standard_error is not None for _, each in ranked[:2]),
                floor=number(example["floor"], unit),
                baseline=number(example["baseline"], unit),
            )
        )
    return found


def _best_samples(
    study: StoredStudy, gallery: Gallery
) -> tuple[StoredRun, Picture, Measurement] | None:
    """The samples of the run with the lowest FID proxy, among those that were drawn."""
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
    return None if picture is None else (run, picture, measured)


def _seeds(group: Sequence[StoredRun]) -> str | None:
    """Mean and standard deviation of the negative ELBO over seeds."""
    results = [run.metrics["negative_elbo"] for run in group if "negative_elbo" in run.metrics]
    if not results:
        return None
    values = [result["value"] for result in results]
    label = mid_sentence(results[0]["label"])
    return training.seeds(listed(names_of(group)), label, results[0]["unit"], values)
