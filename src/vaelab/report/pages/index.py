"""The whole at a glance."""

from collections.abc import Sequence
from typing import Any

from vaelab.comparison import Table
from vaelab.report import findings
from vaelab.report.formatting import counted, listed, number, source_in_words, unit_label, with_unit
from vaelab.report.gallery import Gallery, Picture
from vaelab.report.glossary import data_title, licence, term
from vaelab.report.pages.captions import run_picture
from vaelab.report.pages.page import Page, names_of, sentences
from vaelab.report.settings_view import settings_view
from vaelab.report.stored_runs import Stored, StoredRun
from vaelab.report.sweeps import find_repetitions
from vaelab.report.tables import comparison_tables, views

GLANCE = ("negative_elbo", "reconstruction", "fid_proxy", "conditional_accuracy")

MAIN = ("reconstruction", "kl", "negative_elbo", "fid_proxy", "conditional_accuracy")


def index_page(stored: Stored, pages: Sequence[Page], gallery: Gallery) -> Page:
    """The whole at a glance."""
    runs = stored.evaluated
    tables = comparison_tables(runs, GLANCE) if runs else []
    # What most of the runs can be compared by.
    largest = max(tables, key=lambda table: len(table.rows), default=None)
    return Page(
        file="index.html",
        template="index.html",
        title=f"Variational autoencoders on {_data_titles(stored)}",
        menu="Overview",
        content={
            "sentence": study_sentence(stored),
            "asked": _asked(pages),
            "cards": [
                {
                    "title": data_title(card.name),
                    "source": source_in_words(card.source),
                    "licence": licence(card.name),
                    "shape": "{} × {} pixels".format(*card.shape[1:]),  # noqa: RUF001
                    "channels": "grey" if card.shape[0] == 1 else "colour",
                    "classes": len(card.class_names),
                    "train": card.train_fingerprint[:16],
                    "test": card.test_fingerprint[:16],
                }
                for card in stored.cards
            ],
            "glance": [] if largest is None else glance(largest, stored.runs),
            "hero": _hero(stored, gallery),
            "tables": views(runs, MAIN, "All runs") if runs else [],
            "unmeasured": [run for run in stored.runs if not run.metrics],
            "settings": [(run, settings_view(run)) for run in stored.runs],
            "shown": [(page, page.findings) for page in pages if page.menu and page.findings],
            "repetitions": sentences(*(_repeated(group) for group in find_repetitions(runs))),
        },
    )


def _data_titles(stored: Stored) -> str:
    return listed(sorted({data_title(card.name) for card in stored.cards}))


def _asked(pages: Sequence[Page]) -> str:
    """The questions that there are pages for."""
    asked = [page.question for page in pages if page.question]
    return f"It asks {listed(asked)}." if asked else ""


def study_sentence(stored: Stored) -> str:
    """What was asked, told by what was run."""
    kinds: dict[str, int] = {}
    for run in stored.runs:
        model = run.config.model
        kind = ("conditional " if model.conditional else "") + (
            "VAE" if model.kind == "vae" else "autoencoder"
        )
        kinds[kind] = kinds.get(kind, 0) + 1
    count = counted(len(stored.runs), "run")
    parts = listed(counted(number_of, kind) for kind, number_of in kinds.items())
    return f"{count} on {_data_titles(stored)}: {parts}"


def glance(table: Table, runs: Sequence[StoredRun]) -> list[dict[str, Any]]:
    """The best by each kind of number, or that none is."""
    by_name = {run.name: run for run in runs}
    found = []
    for column in GLANCE:
        example = table.example(column)
        if example is None or example["direction"] is None:
            continue
        ranked = sorted(
            (row for row in table.rows if column in row.metrics),
            key=lambda row: row.metrics[column]["value"],
            reverse=example["direction"] == "higher",
        )
        leader = table.best(column)
        unit = example["unit"]
        texts = [
            (by_name[row.name], with_unit(row.metrics[column]["value"], unit)) for row in ranked
        ]
        found.append(
            {
                "label": term(column).label,
                "meaning": term(column).meaning,
                "leader": None if leader is None else by_name[leader.name],
                "value": "" if leader is None else number(leader.metrics[column]["value"], unit),
                "error": ""
                if leader is None
                else number(leader.metrics[column]["standard_error"], unit),
                "unit": unit_label(unit),
                "ranked": texts,
                "errors_known": all(
                    row.metrics[column]["standard_error"] is not None for row in ranked[:2]
                ),
                "floor": number(example["floor"], unit),
                "baseline": number(example["baseline"], unit),
            }
        )
    return found


def _hero(stored: Stored, gallery: Gallery) -> tuple[StoredRun, Picture, str] | None:
    """Samples of the run whose samples come nearest to real images."""
    having = [
        (value, run)
        for run in stored.runs
        if (value := run.value("fid_proxy")) is not None
        and (run.run.figures / "samples.png").exists()
    ]
    if not having:
        return None
    _, run = min(having, key=lambda each: each[0])
    picture = run_picture(run, "samples", gallery)
    text = number(run.value("fid_proxy"), run.metrics["fid_proxy"]["unit"])
    return None if picture is None else (run, picture, text)


def _repeated(group: Sequence[StoredRun]) -> str | None:
    values = [value for run in group if (value := run.value("negative_elbo")) is not None]
    unit = next(
        (run.metrics["negative_elbo"]["unit"] for run in group if "negative_elbo" in run.metrics),
        "",
    )
    return findings.repeated(listed(names_of(group)), "negative_elbo", unit, values)
