"""What a page is, and what several pages need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vaelab.report.findings import Reading
from vaelab.report.formatting import counted, plain
from vaelab.report.stored_runs import StoredRun
from vaelab.report.tables import View, views


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of the site.

    Attributes:
        file: relative to the site's root.
        template: that renders it.
        title: of the page.
        menu: in the navigation; empty where it does not stand there.
        content: the template's variables.
        findings: what its numbers say.
        question: that it answers, as a clause; empty without one.
    """

    file: str
    template: str
    title: str
    menu: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    question: str = ""


def sentences(*said: str | None) -> list[str]:
    """Those that say something."""
    return [text for text in said if text]


def there(items: Iterable[Any]) -> list[Any]:
    """Those that there are."""
    return [item for item in items if item is not None]


def reading(run: StoredRun, metric: str) -> Reading:
    """A number of a run, as sentences are made of it."""
    result = run.metrics[metric]
    return Reading(run.name, result["value"], result["standard_error"])


def tables_of(runs: Sequence[StoredRun], columns: Sequence[str], caption: str) -> list[View]:
    """Tables of the named numbers of those that were measured."""
    measured = [run for run in runs if run.metrics]
    return views(measured, columns, caption) if measured else []


def names_of(runs: Iterable[StoredRun]) -> list[str]:
    """The names of runs."""
    return [run.name for run in runs]


def kind_in_words(run: StoredRun) -> str:
    """What sort of model it is."""
    model = run.config.model
    network = {"mlp": "fully connected", "conv": "convolutional", "residual": "residual"}
    kind = "Autoencoder" if model.kind == "autoencoder" else "VAE"
    if model.conditional:
        kind = f"Conditional {kind if kind == 'VAE' else kind.lower()}"
    words = [
        kind,
        f"{network.get(model.network.kind, model.network.kind)} networks",
        counted(model.latent_size, "latent dimension"),
    ]
    if model.kind == "vae":
        learned = model.prior.kind != "standard-normal"
        words.append("learned prior" if learned else "standard normal prior")
    if run.beta is not None and run.beta != 1:
        words.append(f"β = {plain(run.beta)}")
    return ", ".join(words)
