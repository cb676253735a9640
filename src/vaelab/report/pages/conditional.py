"""The page about conditional models."""

from typing import Any, TypeGuard

from vaelab.formatting import with_unit
from vaelab.report.findings import conditional
from vaelab.report.gallery import Gallery
from vaelab.report.model_names import describe_model
from vaelab.report.pages.page import Page, measurement, without_none
from vaelab.report.pages.pictures import run_pictures
from vaelab.report.stored_results import StoredRun
from vaelab.report.stored_study import StoredStudy
from vaelab.report.tables import table_views

CLASSIFIERS = {
    "conditional_accuracy": "The reference classifier",
    "conditional_accuracy_second_classifier": "The second classifier",
}

PROBES = {
    "label_leakage_linear": "logistic regression",
    "label_leakage_knn": "a 10-nearest-neighbor classifier",
}

METRICS = (
    "conditional_accuracy",
    "conditional_accuracy_second_classifier",
    "class_diversity",
    "classification_accuracy_score",
    "label_leakage_linear",
    "label_leakage_knn",
    "fid_proxy",
)

FIGURES = ("class-samples", "class-manifolds", "class-interpolations", "latent")


def conditional_page(study: StoredStudy, gallery: Gallery) -> Page | None:
    """The page about conditional models; None if there is none."""
    runs = [
        run for run in study.runs if run.capabilities.is_conditional and run.capabilities.has_prior
    ]
    if not runs:
        return None
    sections = [
        {
            "run": run,
            "description": describe_model(run),
            "findings": [*accuracy_findings(run), *leakage_findings(run)],
            "pictures": run_pictures(run, FIGURES, gallery),
            "confusions": confusion_matrices(run),
        }
        for run in runs
    ]
    return Page(
        file="conditional.html",
        template="conditional.html",
        title="Conditional generation",
        menu="Conditional",
        topic="conditional generation",
        content={
            "sections": sections,
            "tables": table_views(runs, METRICS, "Conditional models"),
        },
        findings=[
            text
            for run in runs
            for text in (*accuracy_findings(run)[:1], *leakage_findings(run)[-1:])
        ],
    )


def confusion_matrices(run: StoredRun) -> list[dict[str, Any]]:
    """Requested against predicted class, in percent of each row, for each classifier."""
    names = run.run.data.class_names
    found = []
    for metric, classifier in CLASSIFIERS.items():
        counts = run.details.get(f"{metric}_confusion")
        if not _is_confusion_matrix(counts, len(names)):
            continue
        result = run.metrics.get(metric)
        found.append(
            {
                "classifier": classifier,
                "accuracy": "" if result is None else measurement(run, metric).text,
                "real": "" if result is None else with_unit(result["floor"], "share"),
                "names": names,
                "rows": [
                    [round(100 * count / max(1, sum(row))) for count in row] for row in counts
                ],
            }
        )
    return found


def _is_confusion_matrix(counts: Any, size: int) -> TypeGuard[list[list[int]]]:
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


def accuracy_findings(run: StoredRun) -> list[str]:
    """Sentences about the conditional accuracy of a run."""
    found = [
        conditional.conditional_accuracy(
            measurement(run, metric), result["floor"], result["count"], classifier
        )
        for metric, classifier in CLASSIFIERS.items()
        if (result := run.metrics.get(metric)) is not None
    ]
    by_class = run.details.get("conditional_accuracy_per_class")
    if isinstance(by_class, list) and all(isinstance(each, int | float) for each in by_class):
        found += without_none([conditional.hardest_classes(by_class, run.run.data.class_names)])
    return found


def leakage_findings(run: StoredRun) -> list[str]:
    """Sentences about class information in the codes of a run."""
    return without_none(
        conditional.label_leakage(measurement(run, metric), run.metrics[metric]["floor"], probe)
        for metric, probe in PROBES.items()
        if metric in run.metrics
    )
