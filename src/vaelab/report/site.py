"""Builds the site of a study: writes all pages, figures and scripts, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import vaelab
from vaelab.comparison import FORMATS
from vaelab.errors import InputError, failure_reason, note
from vaelab.explorer import images_note
from vaelab.explorer.content import FOLDER as EXPLORER
from vaelab.files import UnwritableError, write_text
from vaelab.folders import atomic_folder
from vaelab.formatting import counted
from vaelab.report.data_sets import data_notice
from vaelab.report.formatting import without_paths
from vaelab.report.gallery import Gallery
from vaelab.report.pages.comparisons import architectures_page, autoencoder_page
from vaelab.report.pages.conditional import conditional_page
from vaelab.report.pages.data import data_page
from vaelab.report.pages.index import index_page
from vaelab.report.pages.likelihood import likelihood_page
from vaelab.report.pages.metrics import metrics_page
from vaelab.report.pages.page import Page, without_none
from vaelab.report.pages.priors import priors_page
from vaelab.report.pages.run import run_page
from vaelab.report.pages.sweep import sweep_page
from vaelab.report.payloads import write_payloads
from vaelab.report.stored_results import StoredResults, StoredRun
from vaelab.report.stored_study import StoredStudy, read_folder
from vaelab.report.sweeps import find_repetitions, find_sweeps
from vaelab.report.tables import comparison_tables
from vaelab.site_assets import SITE_SCRIPTS, rendered, require_built, write_assets

FOLDER = "site"


def build_site(folder: Path | str) -> Path:
    """Write the static site of a study, or of any folder of runs, from stored results.

    An existing site is replaced once the new one is complete.

    Args:
        folder: of the study, or of the runs.

    Returns:
        The first page, `folder`/site/index.html.

    Raises:
        InputError: if there are no results, the scripts are not built, or the site cannot be
            written.
    """
    folder = Path(folder)
    study = read_folder(folder)
    require_built(SITE_SCRIPTS)
    with atomic_folder(folder / FOLDER) as site:
        gallery = Gallery(site, folder)
        gallery.problems += study.problems
        study = study.without(_broken_runs(study))
        if not study.runs:
            reasons = "; ".join(f"{each.name}: {each.reason}" for each in study.failed)
            raise InputError(f"no run of {folder} can be shown: {reasons}")
        left_out = write_payloads(
            study.name,
            {run.slug: run.run for run in study.runs},
            site,
            {run.slug: run.page for run in study.runs},
        )
        explored = [run for run in study.runs if run.slug not in left_out]
        if not explored:  # else the page of the explorer says it
            gallery.problems += _lost_explorers(study, left_out)
        pages = _pages(study, gallery, explored, left_out)
        shared = _shared(study, pages, {run.slug for run in explored})
        for page in pages:
            write_text(site / page.file, _rendered(page, shared))
        _write_downloads(site, study.results)
        write_assets(site, has_explorer=bool(explored))
    for problem in gallery.problems:
        note(problem)
    return folder / FOLDER / "index.html"


def _broken_runs(study: StoredStudy) -> dict[str, str]:
    """The runs whose stored results cannot be shown, by slug with the reasons.

    What is stored may be anything, and no run takes the others with it.
    """
    broken, gallery = {}, Gallery(None, study.folder)
    for run in study.runs:
        alone = replace(study, runs=[run], samples=[])
        try:
            pages = [index_page(alone, [], gallery), run_page(run, alone, gallery)]
            shared = _shared(alone, pages, set())
            for page in pages:
                _rendered(page, shared)
        except Exception as error:
            broken[run.slug] = failure_reason(error)
    return broken


def _lost_explorers(study: StoredStudy, left_out: Mapping[str, str]) -> list[str]:
    return [
        f"{run.name} has no explorer here: {left_out[run.slug]}"
        for run in study.runs
        if (run.run.path / EXPLORER).exists()
    ]


def _pages(
    study: StoredStudy,
    gallery: Gallery,
    explored: Sequence[StoredRun],
    left_out: Mapping[str, str],
) -> list[Page]:
    """All pages that have something to show, in the order of the navigation."""
    sweeps = find_sweeps(study.evaluated, study.comparisons.values())
    made: list[Callable[[], Page | None]] = [
        lambda: data_page(study, gallery),
        lambda: autoencoder_page(study, gallery),
        lambda: architectures_page(study, gallery),
        *(partial(sweep_page, sweep, study, gallery) for sweep in sweeps),
        lambda: conditional_page(study, gallery),
        lambda: likelihood_page(study),
        lambda: priors_page(study),
        lambda: metrics_page(study),
        lambda: _explorer_page(explored, study, left_out) if explored else None,
        lambda: _method_page(study),
    ]
    trial = _shared(study, [], set())
    chapters = without_none(_if_possible(make, trial, gallery.problems) for make in made)
    runs = [run_page(run, study, gallery) for run in study.runs]
    return [index_page(study, chapters, gallery), *chapters, *runs]


def _if_possible(
    make: Callable[[], Page | None], shared: Mapping[str, Any], problems: list[str]
) -> Page | None:
    """A page; None if there is nothing to show, or with a problem if it cannot be shown."""
    try:
        page = make()
        if page is not None:
            _rendered(page, shared)
    except UnwritableError:
        raise
    # No page takes the others with it.
    except Exception as error:
        problems.append(f"a page is left out: {failure_reason(error)}")
        return None
    return page


def _explorer_page(
    explored: Sequence[StoredRun], study: StoredStudy, left_out: Mapping[str, str]
) -> Page:
    names = {run.slug: run.name for run in study.runs}
    return Page(
        file="explorer.html",
        template="explorer.html",
        title="Explorer",
        menu="Explorer",
        content={
            "count": counted(len(explored), "model"),
            "images_note": images_note(explored[0].run),
            "left_out": [(names[slug], without_paths(reason)) for slug, reason in left_out.items()],
        },
    )


def _method_page(study: StoredStudy) -> Page:
    extractors = {
        str(result["features"])
        for run in study.runs
        for result in run.metrics.values()
        if result["features"]
    }
    return Page(
        file="method.html",
        template="method.html",
        title="Method",
        menu="Method",
        content={"feature_extractors": sorted(extractors), "version": vaelab.__version__},
    )


def _shared(study: StoredStudy, pages: Sequence[Page], explored: set[str]) -> dict[str, Any]:
    """The variables of all templates."""
    return {
        "study": study,
        "notice": data_notice(card.name for card in study.cards),
        "menu": [page for page in pages if page.menu],
        "explored": explored,
        "has_seeds": bool(find_repetitions(study.evaluated)),
    }


def _rendered(page: Page, shared: Mapping[str, Any]) -> str:
    root = "../" * page.file.count("/")
    return rendered(page.template, {**shared, **page.content, "page": page, "root": root})


def _write_downloads(site: Path, results: Sequence[StoredResults]) -> None:
    """Every metric of every run and group of seeds, in the formats of `vaelab compare`."""
    if not results:
        return
    columns = sorted({name for each in results for name in each.metrics})
    single = comparison_tables(results, columns)
    grouped = [table.grouped_over_seeds() for table in single]
    has_seeds = any(row.members for table in grouped for row in table.rows)
    for form in ("csv", "json"):
        write_text(site / f"comparison.{form}", FORMATS[form](single))
        if has_seeds:
            write_text(site / f"comparison-seeds.{form}", FORMATS[form](grouped))
