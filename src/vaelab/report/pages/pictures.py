"""The stored figures of a study, with their texts."""

import re
from collections.abc import Iterable

from vaelab.figures import COMPARISON_FIGURES, FIGURES
from vaelab.formatting import listed
from vaelab.report.data_sets import data_title
from vaelab.report.gallery import Gallery, Picture
from vaelab.report.pages.page import without_none
from vaelab.report.stored_results import StoredRun
from vaelab.report.stored_study import StoredStudy


def run_picture(run: StoredRun, name: str, gallery: Gallery) -> Picture | None:
    """A figure of a run; None if it was not drawn."""
    spec = FIGURES[name]
    return gallery.add(
        run.run.figures / f"{name}.png",
        f"figures/{run.slug}/{name}.png",
        alt=_filled(
            spec.alt,
            run=run.name,
            preset=run.config.preset,
            data=data_title(run.run.data.name),
        ),
        caption=spec.caption,
        weights=run.weights,
    )


def run_pictures(run: StoredRun, names: Iterable[str], gallery: Gallery) -> list[Picture]:
    """The named figures of a run that were drawn."""
    return without_none(run_picture(run, name, gallery) for name in names)


def comparison_pictures(
    study: StoredStudy, runs: Iterable[StoredRun], gallery: Gallery
) -> list[Picture]:
    """The figures of several runs that show no other run than these."""
    compared = {run.name: run for run in runs}
    return without_none(
        gallery.add(
            study.folder / "figures" / f"{figure}.png",
            f"figures/{figure}.png",
            alt=_filled(spec.alt, run=listed(drawn), data=data_title(study.cards[0].name)),
            caption=spec.caption,
            weights=[each for name in drawn for each in compared[name].weights],
        )
        for figure, spec in COMPARISON_FIGURES.items()
        if spec.is_on_page
        and (drawn := study.comparisons.get(figure))
        and compared.keys() >= set(drawn)
    )


def _filled(text: str, **values: str) -> str:
    """The text with its placeholders replaced; the values may hold braces themselves."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)
