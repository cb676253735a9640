"""The data: numbers and figures of a first look."""

from collections.abc import Mapping
from typing import Any

from vaelab.report.charts import Chart, Series, draw
from vaelab.report.gallery import Gallery
from vaelab.report.glossary import DATA_FIGURES, data_title, licence
from vaelab.report.pages.page import Page, there
from vaelab.report.stored_runs import Stored

_SPLITS = {
    "train": "training images",
    "validation": "validation images",
    "test": "test images",
}


def data_page(stored: Stored, gallery: Gallery) -> Page | None:
    """Numbers and figures of the data; None where they were not taken."""
    if not stored.summary:
        return None
    name = str(stored.summary.get("name", ""))
    pictures = [
        gallery.take(
            stored.folder / "data" / f"{stem}.png",
            f"figures/data/{stem}.png",
            alt=shows.alt.format(data=data_title(name)),
            note=shows.note,
        )
        for stem, shows in DATA_FIGURES.items()
    ]
    splits = _splits(stored.summary)
    content = {
        "summary": {"source": "", "fingerprints": {}, "factors": [], **stored.summary},
        "name": data_title(name),
        "licence": licence(name),
        "pictures": there(pictures),
        "histogram": _histogram(stored.summary),
        "parts_of": [f"{row['images']} {_SPLITS.get(row['name'], row['name'])}" for row in splits],
        "splits": splits,
        "classes": _classes(stored.summary),
    }
    return Page(file="data.html", template="data.html", title="Data", menu="Data", content=content)


def _splits(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pixel statistics of each split, as they are read."""
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


def _histogram(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """How often each grey level is among the training pixels."""
    split = summary.get("splits", {}).get("train")
    if split is None:
        return None
    counts = split["pixels"]["histogram"]
    width = 1 / len(counts)
    points = [
        ((place + 0.5) * width, count / sum(counts)) for place, count in enumerate(counts) if count
    ]
    return draw(
        Chart(
            slug="pixel-values",
            title="Pixel values of the training images",
            x_label="intensity",
            y_label="% of pixels, logarithmic",
            unit="share",
            series=[Series(label="share of pixels", points=points)],
            names={x: f"{x - width / 2:.2f} to {x + width / 2:.2f}" for x, _ in points},
            is_bars=True,
            is_logarithmic_y=True,
        )
    )


def _classes(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Images of each class in each split; none without labels."""
    counts = [split["class_counts"] for split in summary.get("splits", {}).values()]
    if not counts or any(each is None for each in counts):
        return []
    total, most = sum(counts[0]), max(counts[0])
    return [
        {
            "name": name,
            "counts": [f"{each[label]:,}" for each in counts],
            "share": f"{100 * counts[0][label] / total:.1f}",
            "bar": round(100 * counts[0][label] / most, 1),
        }
        for label, name in enumerate(summary["class_names"])
    ]
