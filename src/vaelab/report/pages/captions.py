"""Figures that were drawn before, with the words that go with them."""

import re
from collections.abc import Iterable, Mapping

from vaelab.report.formatting import listed
from vaelab.report.gallery import Gallery, Picture
from vaelab.report.glossary import COMPARISON_FIGURES, RUN_FIGURES, Shows, data_title
from vaelab.report.pages.page import there
from vaelab.report.stored_runs import Stored, StoredRun


def run_picture(run: StoredRun, name: str, gallery: Gallery) -> Picture | None:
    """One of the run's figures, where it was drawn."""
    shows = RUN_FIGURES[name]
    words = {
        "run": run.name,
        "preset": run.config.preset,
        "data": data_title(run.run.data.name),
    }
    return gallery.take(
        run.run.figures / f"{name}.png",
        f"figures/{run.slug}/{name}.png",
        alt=_filled(shows, words),
        note=shows.note,
    )


def comparison_picture(name: str, stored: Stored, gallery: Gallery) -> Picture | None:
    """A figure of several runs, where it was drawn."""
    if name not in stored.comparisons:
        return None
    shows = COMPARISON_FIGURES[name]
    runs = stored.comparisons[name]
    words = {
        "run": listed(runs) if runs else "several runs",
        "data": data_title(stored.cards[0].name),
    }
    return gallery.take(
        stored.folder / "figures" / f"{name}.png",
        f"figures/{name}.png",
        alt=_filled(shows, words),
        note=shows.note,
    )


def _filled(shows: Shows, words: Mapping[str, str]) -> str:
    """The alternative text; names may hold braces themselves."""
    return re.sub(r"\{(\w+)\}", lambda match: words[match[1]], shows.alt)


def pictures_of(run: StoredRun, names: Iterable[str], gallery: Gallery) -> list[Picture]:
    """Those of the run's figures that were drawn."""
    return there(run_picture(run, name, gallery) for name in names)
