"""The site as a whole: which pages there are, and everything written, or nothing."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import vaelab
from vaelab.comparison import FORMS
from vaelab.errors import InputError
from vaelab.files import folder_written_whole, write_text
from vaelab.report.formatting import counted, listed
from vaelab.report.gallery import Gallery
from vaelab.report.pages.classes import conditional_page
from vaelab.report.pages.comparison import autoencoder_page, improved_page
from vaelab.report.pages.data import data_page
from vaelab.report.pages.index import index_page
from vaelab.report.pages.metrics import measures_page
from vaelab.report.pages.page import Page
from vaelab.report.pages.run import run_page
from vaelab.report.pages.sweep import sweep_page
from vaelab.report.payloads import write_payloads
from vaelab.report.stored_runs import Stored, StoredRun, read_folder
from vaelab.report.sweeps import find_sweeps
from vaelab.report.tables import comparison_tables

FOLDER = "site"
PACKAGE = Path(__file__).parent
ASSETS = PACKAGE / "assets"

# Made from web/ by `make`; not kept under version control.
BUILT = PACKAGE / "built"
SITE_SCRIPTS: tuple[str, ...] = ("site.js",)
EXPLORER_SCRIPTS = ("explorer.js", "explorer.css", "runtime.js")


def build_site(folder: Path) -> Path:
    """Write the static site of a study, or of any folder that holds run folders.

    It is made from stored results; nothing is trained, measured or drawn. The site before it is
    replaced once the new one is whole.

    Args:
        folder: a study's, or one of run folders.

    Returns:
        The first page, `folder`/site/index.html.

    Raises:
        InputError: if there is nothing to show, the scripts are not built, or the site cannot be
            written.
    """
    stored = read_folder(folder)
    _require_built(SITE_SCRIPTS)
    with folder_written_whole(folder / FOLDER) as site:
        left_out = write_payloads(
            stored.name,
            {run.slug: run.run for run in stored.runs},
            site,
            {run.slug: run.page for run in stored.runs},
        )
        explored = [run for run in stored.runs if run.slug not in left_out]
        pages = _pages(stored, Gallery(site), explored, left_out)
        _write_pages(site, stored, pages, {run.slug for run in explored})
        _write_downloads(site, stored.evaluated)
        _write_assets(site, has_explorer=bool(explored))
    return folder / FOLDER / "index.html"


def _pages(
    stored: Stored, gallery: Gallery, explored: Sequence[StoredRun], left_out: Mapping[str, str]
) -> list[Page]:
    """All pages, in the order of the navigation; only those that have something to show."""
    chapters = [
        data_page(stored, gallery),
        autoencoder_page(stored, gallery),
        improved_page(stored, gallery),
        *(sweep_page(sweep, stored, gallery) for sweep in find_sweeps(stored.evaluated)),
        conditional_page(stored, gallery),
        measures_page(stored),
    ]
    there = [page for page in chapters if page is not None]
    if explored:
        there.append(_explorer_page(explored, stored, left_out))
    there.append(_method_page(stored))
    runs = [run_page(run, stored, gallery) for run in stored.runs]
    return [index_page(stored, there, gallery), *there, *runs]


def _explorer_page(
    explored: Sequence[StoredRun], stored: Stored, left_out: Mapping[str, str]
) -> Page:
    names = {run.slug: run.name for run in stored.runs}
    return Page(
        file="explorer.html",
        template="explorer.html",
        title="Explorer",
        menu="Explorer",
        content={
            "count": counted(len(explored), "model"),
            "missing": [names[slug] for slug in left_out],
        },
    )


def _method_page(stored: Stored) -> Page:
    classifiers = {
        str(result["classifier"])
        for run in stored.runs
        for result in run.metrics.values()
        if result["classifier"]
    }
    return Page(
        file="method.html",
        template="method.html",
        title="Method",
        menu="Method",
        content={"classifiers": sorted(classifiers), "version": vaelab.__version__},
    )


def _write_pages(site: Path, stored: Stored, pages: Sequence[Page], explored: set[str]) -> None:
    environment = Environment(
        loader=PackageLoader("vaelab.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        study=stored,
        menu=[page for page in pages if page.menu],
        explored=explored,
        listed=listed,
        counted=counted,
        vaelab_version=vaelab.__version__,
    )
    for page in pages:
        depth = page.file.count("/")
        text = environment.get_template(page.template).render(
            {**page.content, "page": page, "root": "../" * depth}
        )
        write_text(site / page.file, text)


def _write_downloads(site: Path, runs: Sequence[StoredRun]) -> None:
    """Every number of every run, as `vaelab compare` writes it."""
    if not runs:
        return
    columns = sorted({name for run in runs for name in run.metrics})
    tables = comparison_tables(runs, columns)
    for form in ("csv", "json"):
        write_text(site / f"comparison.{form}", FORMS[form](tables))


def _write_assets(site: Path, *, has_explorer: bool) -> None:
    scripts = SITE_SCRIPTS
    if has_explorer:
        _require_built(EXPLORER_SCRIPTS)
        scripts += EXPLORER_SCRIPTS
    target = site / "assets"
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(ASSETS.iterdir()):
        shutil.copyfile(path, target / path.name)
    for name in scripts:
        shutil.copyfile(BUILT / name, target / name)
    licences = [
        path.read_text(encoding="utf-8")
        for name in scripts
        for path in [BUILT / f"{Path(name).stem}.licenses.md"]
        if name.endswith(".js") and path.exists()
    ]
    write_text(target / "licenses.txt", "\n\n".join(licences) or "No foreign code.\n")


def _require_built(names: Sequence[str]) -> None:
    for name in names:
        if not (BUILT / name).exists():
            raise InputError(
                f"the site's scripts are not built: {BUILT / name} is missing; run `make` in the "
                "source folder, or install a released vaelab"
            )
