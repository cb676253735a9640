"""A run in a few words, for messages and notebook cells."""

from collections.abc import Mapping, Sequence
from typing import Any

from vaelab import notebook
from vaelab.formatting import note_mark, number, numbered_notes, unit_label
from vaelab.notebook import Html

BOUNDS = ("floor", "baseline")

# Below this KL, after this many steps, the code says practically nothing of the image.
COLLAPSE_NATS, COLLAPSE_STEPS = 0.5, 500


def progress(records: Sequence[Mapping[str, Any]], epochs: int, *, is_finished: bool) -> str:
    """Epochs done, of those planned."""
    text = f"{len(records)} of {epochs}"
    if not is_finished:
        return f"{text}, not finished"
    return text if len(records) == epochs else f"{text}, stopped early"


def best_epoch(records: Sequence[Mapping[str, Any]], unit: str) -> dict[str, str]:
    """The epoch with the least selection loss."""
    best = best_record(records)
    facts = {"best epoch": f"{best['epoch']}: {validation_text(best['validation'], unit)}"}
    problem = divergence(records)
    return facts | {"training": problem} if problem else facts


def best_record(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The record with the least selection loss."""
    return min(records, key=lambda record: record["selection_loss"])


def divergence(records: Sequence[Mapping[str, Any]]) -> str:
    """That the training diverged, in a sentence; empty if it did not."""
    if not records:
        return ""
    best = best_record(records)
    if best.get("has_diverged"):
        return (
            "the training diverged: even at the best epoch the reconstructions are much worse than "
            "gray images"
        )
    if records[-1].get("has_diverged"):
        return (
            f"the training diverged after epoch {best['epoch']}, whose weights are kept: at the "
            "last epoch the reconstructions are much worse than gray images"
        )
    return ""


def has_collapsed(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the posterior collapsed: after some training, the best epoch's KL is nearly 0."""
    if not records:
        return False
    kl = best_record(records)["validation"].get("kl")
    return kl is not None and kl < COLLAPSE_NATS and records[-1].get("steps", 0) >= COLLAPSE_STEPS


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
    return [notebook.facts(list(facts.items())), *_headlines(evaluation.get("metrics", {}))]


def problem(error: Exception) -> Html:
    """What is wrong with the run."""
    return notebook.paragraph(str(error))


def html(name: str, path: str, content: Sequence[Html]) -> str:
    """A notebook cell."""
    return notebook.block(f"Run {name}", *content, note=path)


def _headlines(metrics: Mapping[str, Any]) -> list[Html]:
    known = {name: value for name, value in metrics.items() if value.get("is_headline")}
    if not known:
        return [notebook.paragraph("not evaluated yet")]
    caveats = list(dict.fromkeys(each["caveat"] for each in known.values() if each.get("caveat")))
    rows = [
        [
            name,
            number(result["value"], result["unit"]) + note_mark(result.get("caveat"), caveats),
            *(number(result[part], result["unit"]) for part in BOUNDS),
            unit_label(result["unit"]),
        ]
        for name, result in known.items()
    ]
    notes = map(notebook.paragraph, numbered_notes(caveats))
    return [notebook.table(["", "value", *BOUNDS, ""], rows, "lrrrl"), *notes]
