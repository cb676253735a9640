"""Models that are given the class: whether they make what they are asked for."""

from typing import Any, TypeGuard

from vaelab.report import findings
from vaelab.report.formatting import with_unit
from vaelab.report.gallery import Gallery
from vaelab.report.pages.captions import pictures_of
from vaelab.report.pages.page import Page, kind_in_words, reading, sentences, tables_of
from vaelab.report.stored_runs import Stored, StoredRun

CLASSIFIERS = {
    "conditional_accuracy": "The reference classifier",
    "conditional_accuracy_second_classifier": "The second classifier",
}

OF_CLASSES = (
    "conditional_accuracy",
    "conditional_accuracy_second_classifier",
    "class_diversity",
    "classification_accuracy_score",
    "label_leakage_linear",
    "label_leakage_neighbours",
    "fid_proxy",
)


def confusions(run: StoredRun) -> list[dict[str, Any]]:
    """Class asked for against class seen, in percent of each row, by classifier."""
    names = run.run.data.class_names
    found = []
    for metric, classifier in CLASSIFIERS.items():
        counts = run.details.get(f"{metric}_confusion")
        if not _is_square(counts, len(names)):
            continue
        result = run.metrics.get(metric)
        found.append(
            {
                "slug": metric.replace("_", "-"),
                "classifier": classifier,
                "value": "" if result is None else with_unit(result["value"], "share"),
                "real": "" if result is None else with_unit(result["floor"], "share"),
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
                "findings": sentences(*_conditional_accuracy(run), *label_leakage(run)),
                "pictures": pictures_of(run, names, gallery),
                "confusions": confusions(run),
            }
        )
    said = [
        text for run in runs for text in (*_conditional_accuracy(run)[:1], *label_leakage(run)[-1:])
    ]
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


def _conditional_accuracy(run: StoredRun) -> list[str | None]:
    said: list[str | None] = []
    for metric, classifier in CLASSIFIERS.items():
        result = run.metrics.get(metric)
        if result is None:
            continue
        said.append(
            findings.conditional_accuracy(
                reading(run, metric), result["floor"], result["count"], classifier
            )
        )
    shares = run.details.get("conditional_accuracy_per_class")
    if isinstance(shares, list) and all(isinstance(share, int | float) for share in shares):
        said.append(findings.hardest_classes(shares, run.run.data.class_names))
    return said


def label_leakage(run: StoredRun) -> list[str | None]:
    """How much of the class its codes still hold."""
    ways = {
        "label_leakage_linear": "a logistic regression",
        "label_leakage_neighbours": "a vote of 10 neighbours",
    }
    return [
        findings.label_leakage(reading(run, metric), run.metrics[metric]["floor"], how)
        for metric, how in ways.items()
        if metric in run.metrics
    ]
