"""The page of one run."""

import sys
from collections.abc import Sequence
from typing import Any

from vaelab.figures import FIGURES
from vaelab.formatting import number, unit_label
from vaelab.needs import Facts, obstacle
from vaelab.report.charts import Chart, Series
from vaelab.report.curves import curves
from vaelab.report.data_sets import data_title
from vaelab.report.findings import latent_space, quality
from vaelab.report.findings.training import best_epoch, divergence
from vaelab.report.formatting import finite, mid_sentence
from vaelab.report.gallery import Gallery, Picture
from vaelab.report.model_names import describe_model
from vaelab.report.pages.conditional import confusion_matrices, leakage_findings
from vaelab.report.pages.metrics import metric_groups
from vaelab.report.pages.page import Page, measurement, without_none
from vaelab.report.pages.pictures import run_pictures
from vaelab.report.settings_view import settings_view
from vaelab.report.stored_results import StoredRun
from vaelab.report.stored_study import StoredStudy
from vaelab.runs.summary import has_collapsed

PREVIEWS = ("reconstructions", "samples")
PREVIEW_SCALE = 0.5

# The numbers of images are not stored with a run; this one meets every need.
MANY = sys.maxsize


def run_page(run: StoredRun, study: StoredStudy, gallery: Gallery) -> Page:
    """Everything that is stored of one run."""
    kl = kl_per_dimension(run)
    return Page(
        file=run.page,
        template="run.html",
        title=run.name,
        has_charts=True,
        content={
            "run": run,
            "description": describe_model(run),
            "data": data_title(run.run.data.name),
            "parent": next((each for each in study.runs if each.name == run.parent), None),
            "failure": next((each for each in study.failed if each.name == run.name), None),
            "settings": settings_view(run),
            "curves": curves(run),
            "figure_groups": _figure_groups(run, gallery),
            "left_out": _left_out(run),
            "previews": _previews(run, gallery),
            "metric_groups": _metric_groups(run),
            "kl_chart": None if kl is None else _kl_chart(run, kl),
            "confusions": confusion_matrices(run),
        },
        findings=without_none(
            [
                best_epoch(run.name, run.records, run.unit),
                divergence(run.name, run.records),
                latent_space.collapse(
                    run.name,
                    run.capabilities.latent_size,
                    run.value("active_units"),
                    kl,
                    has_collapsed=has_collapsed(run.records),
                ),
                poor_reconstruction(run),
                _samples(run),
                *leakage_findings(run),
            ]
        ),
    )


def _figure_groups(run: StoredRun, gallery: Gallery) -> list[tuple[str, list[Picture]]]:
    """The figures of a run by group, in the order in which they are declared."""
    names: dict[str, list[str]] = {}
    for name, spec in FIGURES.items():
        if spec.group is not None:
            names.setdefault(spec.group, []).append(name)
    found = [(group, run_pictures(run, members, gallery)) for group, members in names.items()]
    return [(group, pictures) for group, pictures in found if pictures]


def _left_out(run: StoredRun) -> list[tuple[str, str]]:
    """The metrics and figures that are not available for the model, each with the reason."""
    facts = _facts(run)
    figures = [
        (f"figure {name}", reason)
        for name, spec in FIGURES.items()
        if (reason := obstacle(spec.needs, facts)) is not None
    ]
    return [*((f"metric {name}", reason) for name, reason in run.left_out.items()), *figures]


def _facts(run: StoredRun) -> Facts:
    """What is stored about the model and its data."""
    card = run.run.data
    channels, height, width = card.shape
    return Facts(
        capabilities=run.capabilities,
        channels=channels,
        height=height,
        width=width,
        class_count=len(card.class_names),
        has_labels=bool(card.class_names),
        train_count=MANY,
        test_count=MANY,
        binarize=run.config.data.binarize,
    )


def _previews(run: StoredRun, gallery: Gallery) -> list[tuple[str, list[Picture]]]:
    """The pictures that were drawn during training, by kind and by epoch."""
    found: dict[str, list[Picture]] = {}
    for path in sorted(run.run.previews.glob("epoch-*-*.png")):
        _, epoch, kind = path.stem.split("-", 2)
        if not (epoch.isascii() and epoch.isdigit()) or kind not in PREVIEWS:
            continue
        picture = gallery.add(
            path,
            f"figures/{run.slug}/epoch-{int(epoch)}-{kind}.png",
            alt=f"{kind.capitalize()} of {run.name} after epoch {int(epoch)} of training.",
            caption=f"Epoch {int(epoch)}",
            scale=PREVIEW_SCALE,
        )
        if picture is not None:
            found.setdefault(kind.capitalize(), []).append(picture)
    return sorted(found.items())


def _metric_groups(run: StoredRun) -> list[tuple[str, list[dict[str, str]]]]:
    """All metrics of a run by group, formatted."""
    return [
        (group, [_metric_row(run.metrics[name]) for name in labels])
        for group, labels in metric_groups([run]).items()
    ]


def _metric_row(result: dict[str, Any]) -> dict[str, str]:
    unit = result["unit"]
    return {
        "label": result["label"],
        "meaning": result["meaning"],
        "value": number(result["value"], unit),
        "error": number(result["standard_error"], unit),
        "floor": number(result["floor"], unit),
        "baseline": number(result["baseline"], unit),
        "unit": unit_label(unit),
        "direction": result["direction"] or "",
        "caveat": result["caveat"],
        "count": "" if result["count"] is None else f"{result['count']:,}",
    }


def kl_per_dimension(run: StoredRun) -> list[float] | None:
    """The mean KL of each latent dimension; None if it is not known of every one."""
    stored = run.details.get("kl_per_dimension_nats")
    if not isinstance(stored, list) or len(stored) != run.capabilities.latent_size:
        return None
    known = [value for each in stored if (value := finite(each)) is not None]
    return known if len(known) == len(stored) else None


def _kl_chart(run: StoredRun, kl: Sequence[float]) -> Chart:
    ranking = sorted(range(len(kl)), key=lambda index: -kl[index])
    return Chart(
        slug="kl-per-dimension",
        title="KL of each latent dimension",
        x_label="rank by KL",
        y_label="nats per image",
        unit="nats",
        series=[
            Series(
                label=run.name,
                points=[(float(rank), kl[index]) for rank, index in enumerate(ranking, 1)],
            )
        ],
        x_names={float(rank): f"z{index + 1}" for rank, index in enumerate(ranking, 1)},
        has_bars=True,
    )


def _samples(run: StoredRun) -> str | None:
    """The FID proxy of a run's samples."""
    result = run.metrics.get("fid_proxy")
    if result is None:
        return None
    return quality.samples(
        mid_sentence(result["label"]),
        measurement(run, "fid_proxy"),
        result["floor"],
        result["baseline"],
    )


def poor_reconstruction(run: StoredRun) -> str | None:
    """A warning if a run reconstructs hardly better than the mean image."""
    result = run.metrics.get("reconstruction")
    if result is None:
        return None
    return quality.poor_reconstruction(
        measurement(run, "reconstruction"), result["floor"], result["baseline"]
    )
