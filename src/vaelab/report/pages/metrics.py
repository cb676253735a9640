"""Every number of every run."""

from vaelab.report.glossary import MEASURES
from vaelab.report.pages.page import Page
from vaelab.report.stored_runs import Stored
from vaelab.report.tables import views


def measures_page(stored: Stored) -> Page | None:
    """Every number of every run, by group; None where nothing was measured."""
    runs = stored.evaluated
    if not runs:
        return None
    groups = []
    for group, terms in MEASURES.items():
        having = [run for run in runs if any(name in run.metrics for name in terms)]
        if having:
            slug = group.lower().replace(" ", "-")
            tables = views(having, list(terms), f"{group}: all runs")
            shown = [
                (entry.label, entry.meaning)
                for name, entry in terms.items()
                if any(name in run.metrics for run in having)
            ]
            groups.append({"name": group, "slug": slug, "tables": tables, "terms": shown})
    return Page(
        file="measures.html",
        template="measures.html",
        title="All measures",
        menu="Measures",
        content={"groups": groups},
    )
