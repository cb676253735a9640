"""All of one run."""

from collections.abc import Sequence
from typing import Any

from vaelab.report import findings
from vaelab.report.charts import Chart, Series, draw
from vaelab.report.curves import curves
from vaelab.report.formatting import finite, number, unit_label
from vaelab.report.gallery import Gallery, Picture
from vaelab.report.glossary import FIGURE_GROUPS, MEASURES, data_title, group_of, term
from vaelab.report.pages.captions import pictures_of
from vaelab.report.pages.classes import confusions, label_leakage
from vaelab.report.pages.page import Page, kind_in_words, reading, sentences
from vaelab.report.settings_view import settings_view
from vaelab.report.stored_runs import Stored, StoredRun


def run_page(run: StoredRun, stored: Stored, gallery: Gallery) -> Page:
    """All of one run."""
    kl = kl_per_dimension(run)
    lost = next((each for each in stored.lost if each.name == run.name), None)
    return Page(
        file=run.page,
        template="run.html",
        title=run.name,
        content={
            "run": run,
            "kind": kind_in_words(run),
            "data": data_title(run.run.data.name),
            "lost": lost,
            "settings": settings_view(run),
            "curves": curves(run),
            "groups": [
                (group, pictures)
                for group, names in FIGURE_GROUPS.items()
                if (pictures := pictures_of(run, names, gallery))
            ],
            "previews": _previews(run, gallery),
            "measures": _measures(run),
            "undefined": [term(name).label for name in run.undefined],
            "kl_chart": None if kl is None else _kl_bars(run, kl),
            "confusions": confusions(run),
        },
        findings=sentences(
            findings.fitting(run.name, run.records, run.unit),
            findings.collapse(run.name, run.config.model.latent_size, run.value("active_units"), kl)
            if run.is_vae
            else None,
            regularization(run),
            samples(run),
            *label_leakage(run),
        ),
    )


def _previews(run: StoredRun, gallery: Gallery) -> list[tuple[str, list[Picture]]]:
    """Pictures made while training, by epoch."""
    found: dict[str, list[Picture]] = {}
    for path in sorted(run.run.previews.glob("epoch-*-*.png")):
        _, epoch, what = path.stem.split("-", 2)
        if not epoch.isdigit() or what not in ("reconstructions", "samples"):
            continue
        picture = gallery.take(
            path,
            f"figures/{run.slug}/epoch-{int(epoch)}-{what}.png",
            alt=f"{what.capitalize()} of {run.name} after epoch {int(epoch)} of training.",
            note=f"Epoch {int(epoch)}",
            scale=0.5,
        )
        if picture is not None:
            found.setdefault(what.capitalize(), []).append(picture)
    return sorted(found.items())


def _measures(run: StoredRun) -> list[tuple[str, list[dict[str, str]]]]:
    """All numbers of a run, by group."""
    groups: dict[str, list[dict[str, str]]] = {group: [] for group in MEASURES}
    for name, result in run.metrics.items():
        unit = result["unit"]
        groups.setdefault(group_of(name), []).append(
            {
                "name": name,
                "label": term(name).label,
                "meaning": term(name).meaning,
                "value": number(result["value"], unit),
                "error": number(result["standard_error"], unit),
                "unit": unit_label(unit),
                "floor": number(result["floor"], unit),
                "baseline": number(result["baseline"], unit),
                "direction": result["direction"] or "",
                "count": "" if result["count"] is None else f"{result['count']:,}",
            }
        )
    return [(group, lines) for group, lines in groups.items() if lines]


def kl_per_dimension(run: StoredRun) -> list[float] | None:
    """Mean KL of each dimension, where it was stored whole."""
    stored = run.details.get("kl_per_dimension_nats")
    if not isinstance(stored, list) or len(stored) != run.config.model.latent_size:
        return None
    known = [value for each in stored if (value := finite(each)) is not None]
    return known if len(known) == len(stored) else None


def _kl_bars(run: StoredRun, kl: Sequence[float]) -> dict[str, Any] | None:
    order = sorted(range(len(kl)), key=lambda index: -kl[index])
    names = {float(place): f"z{index + 1}" for place, index in enumerate(order, 1)}
    return draw(
        Chart(
            slug="kl-per-dimension",
            title="KL of each dimension",
            x_label="latent dimension, in falling order",
            y_label="nats per image",
            unit="nats",
            series=[
                Series(
                    label=run.name,
                    points=[(float(place), kl[index]) for place, index in enumerate(order, 1)],
                )
            ],
            names=names,
            is_bars=True,
            has_whole_steps=True,
        )
    )


def samples(run: StoredRun) -> str | None:
    """How near its samples come to real images."""
    result = run.metrics.get("fid_proxy")
    if result is None:
        return None
    return findings.samples_between(reading(run, "fid_proxy"), result["floor"], result["baseline"])


def regularization(run: StoredRun) -> str | None:
    """Whether it reconstructs hardly better than the mean image."""
    result = run.metrics.get("reconstruction")
    if result is None:
        return None
    return findings.over_regularized(
        reading(run, "reconstruction"), result["floor"], result["baseline"], result["unit"]
    )
