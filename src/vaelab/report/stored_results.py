"""The stored results of one run, or of samples that were generated elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from vaelab.config import Config
from vaelab.evaluation.stored_samples import StoredSamples
from vaelab.models.capabilities import Capabilities
from vaelab.names import displayed
from vaelab.report.formatting import finite, label_from_name
from vaelab.runs import Run

# Fields of a stored metric value. A missing one is None.
_FIELDS = (
    "unit",
    "direction",
    "standard_error",
    "floor",
    "baseline",
    "count",
    "seed",
    "split",
    "features",
    "features_name",
    "is_headline",
    "given_label",
    "caveat",
    "label",
    "meaning",
    "group",
)

# The group of metrics that name none.
OTHER_GROUP = "Other metrics"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRun:
    """A run with its stored results.

    Attributes:
        slug: its name in paths, [a-z0-9-]+.
        run: its folder.
        capabilities: of its model.
        metrics: by name, each with every field of a stored value; finite values only.
        not_finite: labels of the metrics whose stored value is not finite.
        details: results that are not single numbers.
        left_out: metrics that are not available for the model, each with the reason.
        records: one for each epoch.
        weights: the fingerprint of its weights; empty if it has none.
        values_fingerprint: of the file of values behind the metrics; empty if there is none.
        problems: what could not be made or read, one line each.
    """

    slug: str
    run: Run
    capabilities: Capabilities
    metrics: dict[str, dict[str, Any]]
    not_finite: dict[str, str]
    details: dict[str, Any]
    left_out: dict[str, str]
    records: list[dict[str, Any]]
    weights: tuple[str, ...] = ()
    values_fingerprint: str = ""
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its folder; may hold any character."""
        return self.run.name

    @property
    def config(self) -> Config:
        """Its configuration."""
        return self.run.config

    @property
    def folder(self) -> Run:
        """Its folder, as comparisons take it."""
        return self.run

    @property
    def preset(self) -> str:
        """The preset that its settings start from."""
        return self.config.preset

    @property
    def latent_size(self) -> int | None:
        """Numbers in the flat code."""
        return self.capabilities.latent_size

    @property
    def epochs(self) -> int | None:
        """Epochs of training."""
        return max(
            (record["epoch"] for record in self.records), default=self.config.training.epochs
        )

    @property
    def page(self) -> str:
        """The path of its page in the site."""
        return f"runs/{self.slug}.html"

    @property
    def parent(self) -> str:
        """The name of the run that it is derived from; empty if it is not derived."""
        parent = self.config.parent
        return "" if parent is None else displayed(PurePosixPath(parent.run).name)

    @property
    def origin(self) -> str:
        """How it is derived from its parent: `prior fitted to mlp-vae`; empty if it is not."""
        parent = self.config.parent
        return "" if parent is None else f"{parent.trains} fitted to {self.parent}"

    @property
    def unit(self) -> str:
        """The unit of its reconstruction term."""
        return self.capabilities.unit

    def value(self, metric: str) -> float | None:
        """The value of a metric; None if it was not measured."""
        result = self.metrics.get(metric)
        return None if result is None else float(result["value"])


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSampleSet:
    """The evaluation of samples that were generated elsewhere; in tables it stands like a run.

    Attributes:
        folder: of the evaluation.
        metrics: as in `StoredRun`.
        not_finite: as in `StoredRun`.
        preset: in downloads.
        page: none.
        origin: in tables.
        latent_size: unknown.
        epochs: unknown.
        values_fingerprint: as in `StoredRun`.
    """

    folder: StoredSamples
    metrics: dict[str, dict[str, Any]]
    not_finite: dict[str, str]
    preset: str = "samples"
    page: str = ""
    origin: str = "samples from another source"
    latent_size: int | None = None
    epochs: int | None = None
    values_fingerprint: str = ""

    @property
    def name(self) -> str:
        """The name of its folder; may hold any character."""
        return self.folder.name


# What stands in a row of a table.
StoredResults = StoredRun | StoredSampleSet


def read_metrics(evaluation: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The stored metrics, and the labels of those whose value is not finite."""
    stored = evaluation.get("metrics", {})
    metrics = complete_metrics(stored)
    not_finite = {
        name: str(result.get("label") or label_from_name(name))
        for name, result in stored.items()
        if name not in metrics
    }
    return metrics, not_finite


def complete_metrics(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The stored metrics with a finite value, each with all its fields."""
    complete = {}
    for name, result in metrics.items():
        value = finite(result.get("value"))
        if value is None:
            continue
        known = {key: result.get(key) for key in _FIELDS}
        complete[name] = {
            **known,
            **{key: finite(known[key]) for key in ("standard_error", "floor", "baseline")},
            "value": value,
            "unit": str(known["unit"] or ""),
            "label": str(known["label"] or label_from_name(name)),
            "meaning": str(known["meaning"] or ""),
            "caveat": str(known["caveat"] or ""),
            "group": str(known["group"] or OTHER_GROUP),
        }
    return complete
