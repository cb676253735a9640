"""The page with every metric of every run."""

from collections.abc import Sequence

from vaelab.report.pages.page import Page
from vaelab.report.stored_results import StoredResults
from vaelab.report.stored_study import StoredStudy
from vaelab.report.tables import table_views


def metrics_page(study: StoredStudy) -> Page | None:
    """Every metric of every run, by group; None if no run was evaluated."""
    groups = []
    for group, labels in metric_groups(study.results).items():
        results = [each for each in study.results if each.metrics.keys() & labels.keys()]
        groups.append(
            {
                "name": group,
                "tables": table_views(
                    results, list(labels), f"{group}: all runs", group_seeds=False
                ),
                "definitions": list(labels.values()),
            }
        )
    if not groups:
        return None
    return Page(
        file="metrics.html",
        template="metrics.html",
        title="All metrics",
        menu="Metrics",
        content={"groups": groups},
    )


def metric_groups(results: Sequence[StoredResults]) -> dict[str, dict[str, tuple[str, str]]]:
    """Label and meaning of every metric, by group and by name.

    The order is that of the results with the most metrics.
    """
    groups: dict[str, dict[str, tuple[str, str]]] = {}
    for each in sorted(results, key=lambda each: -len(each.metrics)):
        for name, result in each.metrics.items():
            texts = (result["label"], result["meaning"])
            groups.setdefault(result["group"], {}).setdefault(name, texts)
    return groups
