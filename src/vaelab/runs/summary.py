"""A run in a few words, for messages and notebook cells."""

from collections.abc import Mapping, Sequence
from typing import Any

from vaelab import notebook
from vaelab.formatting import number, unit_label
from vaelab.notebook import Html

BOUNDS = ("floor", "baseline")


def progress(records: Sequence[Mapping[str, Any]], epochs: int, *, is_finished: bool) -> str:
    """Epochs done, of those planned."""
    text = f"{len(records)} of {epochs}"
    if not is_finished:
        return f"{text}, not finished"
    return text if len(records) == epochs else f"{text}, stopped early"


def best_epoch(records: Sequence[Mapping[str, Any]], unit: str) -> dict[str, str]:
    """The epoch with the least selection loss."""
    best = min(records, key=lambda record: record["selection_loss"])
    return {"best epoch": f"{best['epoch']}: {validation_text(best['validation'], unit)}"}


def validation_text(scalars: Mapping[str, Any], unit: str) -> str:
    """Negative ELBO, reconstruction and KL, or the reconstruction where there is no KL."""
    reconstruction = number(scalars["reconstruction"], unit)
    if "negative_elbo" not in scalars:
        return f"validation reconstruction {reconstruction} {unit}"
    return (
        f"validation negative ELBO {number(scalars['negative_elbo'], unit)} {unit} = "
        f"{reconstruction} reconstruction + {number(scalars['kl'], 'nats')} KL"
    )


def parts(facts: Mapping[str, str], evaluation: Mapping[str, Any]) -> list[Html]:
    """The facts and the main results."""
    return [notebook.facts(list(facts.items())), _headlines(evaluation.get("metrics", {}))]


def problem(error: Exception) -> Html:
    """What is wrong with the run."""
    return notebook.paragraph(str(error))


def html(name: str, path: str, content: Sequence[Html]) -> str:
    """A notebook cell."""
    return notebook.block(f"Run {name}", *content, note=path)


def _headlines(metrics: Mapping[str, Any]) -> Html:
    known = {name: value for name, value in metrics.items() if value.get("is_headline")}
    if not known:
        return notebook.paragraph("not evaluated yet")
    rows = [
        [
            name,
            *(number(result[part], result["unit"]) for part in ("value", *BOUNDS)),
            unit_label(result["unit"]),
        ]
        for name, result in known.items()
    ]
    return notebook.table(["", "value", *BOUNDS, ""], rows, "lrrrl")
