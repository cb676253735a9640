"""The page about the data."""

from collections.abc import Mapping
from typing import Any

from vaelab.documents import well_formed
from vaelab.figures import DATA_FIGURES
from vaelab.report.charts import Chart, Series, drawable
from vaelab.report.data_sets import data_license, data_title
from vaelab.report.gallery import Gallery
from vaelab.report.pages.page import Page, without_none
from vaelab.report.stored_study import StoredStudy

SPLITS = {
    "train": "training images",
    "validation": "validation images",
    "test": "test images",
}


def data_page(study: StoredStudy, gallery: Gallery) -> Page | None:
    """Statistics and figures of the data; None if they were not computed.

    Raises:
        InputError: if the statistics have unexpected content.
    """
    if not study.summary:
        return None
    file = study.folder / "data" / "summary.json"
    with well_formed(file, "delete it and run the study again"):
        statistics = _statistics(study.summary)
    name = str(study.summary.get("name", ""))
    pictures = without_none(
        gallery.add(
            study.folder / "data" / f"{figure}.png",
            f"figures/data/{figure}.png",
            alt=spec.alt.format(data=data_title(name)),
            caption=spec.caption,
        )
        for figure, spec in DATA_FIGURES.items()
        if spec.is_on_page
    )
    content = {
        **statistics,
        "name": data_title(name),
        "license": data_license(name),
        "pictures": pictures,
    }
    return Page(
        file="data.html",
        template="data.html",
        title="Data",
        menu="Data",
        content=content,
        has_charts=True,
    )


def _statistics(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of the summary.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: if the summary has unexpected content.
    """
    splits = _splits(summary)
    return {
        "summary": {
            "source": str(summary.get("source", "")),
            "fingerprints": {
                name: str(text) for name, text in (summary.get("fingerprints") or {}).items()
            },
            "factors": [str(name) for name in summary.get("factors") or []],
        },
        "histogram": _histogram(summary),
        "sizes": [f"{row['images']} {SPLITS.get(row['name'], row['name'])}" for row in splits],
        "splits": splits,
        "classes": _classes(summary),
    }


def _splits(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pixel statistics of each split, formatted."""
    rows = []
    for name, split in summary.get("splits", {}).items():
        pixels = split["pixels"]
        rows.append(
            {
                "name": name,
                "images": f"{split['images']:,}",
                "mean": f"{pixels['mean']:.3f}",
                "std": f"{pixels['std']:.3f}",
                "zero": f"{100 * pixels['zero_fraction']:.1f}",
                "min": f"{pixels['min']:.2f}",
                "max": f"{pixels['max']:.2f}",
                "in_range": pixels["in_unit_range"],
                "entropy": f"{split['entropy_nats_per_image']:.2f}",
            }
        )
    return rows


def _histogram(summary: Mapping[str, Any]) -> Chart | None:
    """The histogram of the training pixels."""
    split = summary.get("splits", {}).get("train")
    if split is None:
        return None
    counts = split["pixels"]["histogram"]
    width = 1 / len(counts)
    points = [
        ((place + 0.5) * width, count / sum(counts)) for place, count in enumerate(counts) if count
    ]
    return drawable(
        Chart(
            slug="pixel-values",
            title="Pixel values of the training images",
            x_label="pixel value",
            y_label="% of pixels, logarithmic scale",
            unit="share",
            series=[Series(label="pixels", points=points)],
            x_names={x: f"{x - width / 2:.2f} to {x + width / 2:.2f}" for x, _ in points},
            has_bars=True,
            has_log_y=True,
        )
    )


def _classes(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The number of images of each class in each split; none without labels."""
    counts = [split["class_counts"] for split in summary.get("splits", {}).values()]
    if not counts or any(each is None for each in counts):
        return []
    total, most = sum(counts[0]), max(counts[0])
    return [
        {
            "name": str(name),
            "counts": [f"{each[label]:,}" for each in counts],
            "share": f"{100 * counts[0][label] / total:.1f}",
            "bar": round(100 * counts[0][label] / most, 1),
        }
        for label, name in enumerate(summary["class_names"])
    ]
