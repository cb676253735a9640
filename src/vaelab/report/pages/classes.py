"""Models that are given the class: whether they make what they are asked for."""

from typing import Any, TypeGuard

from vaelab.report import findings
from vaelab.report.gallery import Gallery
from vaelab.report.pages.captions import pictures_of
from vaelab.report.pages.page import Page, kind_in_words, reading, sentences, tables_of
from vaelab.report.reading import Stored, StoredRun
from vaelab.report.wording import with_unit

JUDGES = {
    "controllability": "The reference judge",
    "controllability_second_judge": "The second judge",
}

OF_CLASSES = (
    "controllability",
    "controllability_second_judge",
    "class_diversity",
    "accuracy_score",
    "label_left_linear",
    "label_left_neighbours",
    "fid_proxy",
)


def confusions(run: StoredRun) -> list[dict[str, Any]]:
    """Class asked for against class seen, in percent of each row, by judge."""
    names = run.run.data.class_names
    found = []
    for metric, judge in JUDGES.items():
        counts = run.details.get(f"{metric}_confusion")
        if not _is_square(counts, len(names)):
            continue
        result = run.metrics.get(metric)
        found.append(
            {
                "slug": metric.replace("_", "-"),
                "judge": judge,
                "value": "" if result is None else with_unit(result["value"], "share"),
                "real": "" if result is None else with_unit(result["perfect"], "share"),
                "names": names,
                "rows": [
                    [round(100 * count / max(1, sum(row))) for count in row] for row in counts
                ],
            }
        )
    return found


def _is_square(counts: Any, size: int) -> TypeGuard[list[list[int]]]:
    return (
        isinstance(counts, list)
        and len(counts) == size > 0
        and all(
            isinstance(row, list)
            and len(row) == size
            and all(isinstance(count, int) and count >= 0 for count in row)
            for row in counts
        )
    )


def conditional_page(stored: Stored, gallery: Gallery) -> Page | None:
    """The models that are given the class; None without one."""
    runs = [run for run in stored.runs if run.is_vae and run.config.model.conditional]
    if not runs:
        return None
    sections = []
    for run in runs:
        names = ("class-samples", "class-manifolds", "class-interpolations", "latent")
        sections.append(
            {
                "run": run,
                "kind": kind_in_words(run),
                "findings": sentences(*_controllability(run), *label_left(run)),
                "pictures": pictures_of(run, names, gallery),
                "confusions": confusions(run),
            }
        )
    said = [text for run in runs for text in (*_controllability(run)[:1], *label_left(run)[-1:])]
    return Page(
        file="conditional.html",
        template="conditional.html",
        title="Conditional generation",
        menu="Conditional",
        question="whether a model that is given the class makes what it is asked for",
        content={
            "sections": sections,
            "tables": tables_of(runs, OF_CLASSES, "Conditional models"),
        },
        findings=sentences(*said),
    )


def _controllability(run: StoredRun) -> list[str | None]:
    said: list[str | None] = []
    for metric, judge in JUDGES.items():
        result = run.metrics.get(metric)
        if result is None:
            continue
        said.append(
            findings.controllability(
                reading(run, metric), result["perfect"], result["count"], judge
            )
        )
    shares = run.details.get("controllability_per_class")
    if isinstance(shares, list) and all(isinstance(share, int | float) for share in shares):
        said.append(findings.hardest_classes(shares, run.run.data.class_names))
    return said


def label_left(run: StoredRun) -> list[str | None]:
    """How much of the class its codes still hold."""
    ways = {
        "label_left_linear": "a logistic regression",
        "label_left_neighbours": "a vote of 10 neighbours",
    }
    return [
        findings.label_left(reading(run, metric), run.metrics[metric]["perfect"], how)
        for metric, how in ways.items()
        if metric in run.metrics
    ]
