import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.report.html_check import Checker, check_page
from tests.report.stored_runs import (
    CARD,
    CLASSES,
    FALLING,
    config,
    draw_figure,
    metric,
    metrics,
    record,
    seeded,
    write_run,
)
from vaelab.errors import InputError
from vaelab.evaluation import METRICS
from vaelab.figures import COMPARISONS, DATA_FIGURES, FIGURES
from vaelab.report import build_site, glossary

MEGABYTE = 1_000_000
ODD_NAMES = (
    "<script>alert(1)<",
    "a\"b'c",
    "裙子 und Schühe",
    "{{ 7 * 7 }} {data}",
    "a b",
    "a-b",
    "javascript:alert(1)",
)


def checked(site: Path) -> dict[str, Checker]:
    """Every page, parsed and without a fault."""
    pages = {
        path.relative_to(site).as_posix(): check_page(path, site)
        for path in sorted(site.rglob("*.html"))
    }
    faults = {name: page.faults for name, page in pages.items() if page.faults}
    assert not faults
    return pages


def build(folder: Path) -> dict[str, Checker]:
    index = build_site(folder)
    assert index == folder / "site" / "index.html"
    return checked(index.parent)


def text_of(page: Checker) -> str:
    return " ".join("".join(page.text).split())


def write_study(folder: Path, runs: list[dict[str, str]], **changes: Any) -> None:
    study = {
        "schema_version": 1,
        "name": "mine",
        "command": "vaelab study mine.toml --data /home/me/x.npz",
        "vaelab_version": "0.1.0",
        "data_card": {
            "name": CARD.name,
            "source": CARD.source,
            "train_fingerprint": CARD.train_fingerprint,
            "test_fingerprint": CARD.test_fingerprint,
            "shape": list(CARD.shape),
            "class_names": list(CARD.class_names),
        },
        "runs": runs,
        "comparisons": {},
        **changes,
    }
    (folder / "study.json").write_text(json.dumps(study))


def write_summary(folder: Path) -> None:
    pixels = {
        "min": 0.0,
        "max": 1.0,
        "mean": 0.286,
        "std": 0.353,
        "zero_fraction": 0.5,
        "in_unit_range": True,
        "histogram": [500, 0, *range(1, 31)],
    }
    split = {
        "images": 60,
        "class_counts": [10, 20, 30],
        "pixels": pixels,
        "entropy_nats_per_image": 188.3,
    }
    summary = {
        "name": "fashion-mnist",
        "source": "IDX files in /home/me/data",
        "class_names": list(CLASSES),
        "factors": [],
        "fingerprints": {"train": "a" * 64, "test": "b" * 64},
        "splits": {"train": split, "validation": split, "test": split},
    }
    (folder / "data").mkdir()
    (folder / "data" / "summary.json").write_text(json.dumps(summary))
    draw_figure(folder / "data" / "images.png")


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A study with every kind of page."""
    folder = tmp_path / "full"
    kl = {"kl_per_dimension_nats": [2.0, 0.0, *[1.0] * 8]}
    for beta, total in (("0.5", 246.0), ("1.0", 240.0), ("4.0", 250.0)):
        value = float(beta)
        write_run(
            folder,
            f"beta-{beta}",
            config(objective__beta=beta),
            measured=metrics(
                reconstruction=220 + 5 * value, kl=20 - value, negative_elbo=total, fid_proxy=2.0
            ),
            details=kl,
            figures=("reconstructions", "samples", "pca") if beta == "1.0" else (),
        )
    write_run(
        folder,
        "autoencoder",
        config("autoencoder"),
        measured=metrics(reconstruction=210.0),
        figures=("reconstructions",),
    )
    write_run(
        folder, "conv", config("conv-vae"), measured=metrics(negative_elbo=238.0, fid_proxy=1.5)
    )
    write_run(
        folder,
        "cvae",
        config("cvae"),
        measured=metrics(negative_elbo=237.0, conditional_accuracy=0.9, label_leakage_linear=0.335),
        details={
            "conditional_accuracy_confusion": [[90, 10, 0], [0, 100, 0], [5, 5, 90]],
            "conditional_accuracy_per_class": [0.9, 1.0, 0.9],
        },
        figures=("class-samples",),
    )
    write_run(folder, "seed-1", seeded(config(), 1), measured=metrics(negative_elbo=240.5))
    (folder / "cvae" / "previews").mkdir()
    draw_figure(folder / "cvae" / "previews" / "epoch-0005-samples.png")
    draw_figure(folder / "figures" / "autoencoder-beside-vae.png", color="red")
    write_summary(folder)
    names = sorted(path.parent.name for path in folder.glob("*/config.json"))
    lost = [
        {"name": "hot", "folder": "hot", "status": "failed", "step": "train", "error": "diverged"},
        {"name": "told", "folder": "told", "status": "left out", "error": "no labels"},
    ]
    runs = [{"name": name, "folder": name, "status": "done"} for name in names]
    pair = {"autoencoder-beside-vae": ["autoencoder", "beta-1.0"]}
    write_study(folder, [*runs, *lost], comparisons=pair)
    return folder


def test_a_study_has_all_its_pages(full: Path) -> None:
    pages = build(full)
    assert set(pages) == {
        *(f"{name}.html" for name in ("index", "data", "autoencoder", "improved", "beta")),
        *(f"{name}.html" for name in ("conditional", "measures", "method")),
        *(
            f"runs/{name}.html"
            for name in (
                "beta-0-5",
                "beta-1-0",
                "beta-4-0",
                "autoencoder",
                "conv",
                "cvae",
                "seed-1",
            )
        ),
    }


def test_what_the_first_page_tells(full: Path) -> None:
    text = text_of(build(full)["index.html"])
    assert "7 runs on Fashion-MNIST: 1 autoencoder, 5 VAEs and 1 conditional VAE" in text
    assert "MIT licence" in text
    assert "hot failed at the step “train”: diverged" in text
    assert "told left out: no labels" in text
    assert "vaelab study mine.toml --data x.npz" in text


def test_no_place_of_the_machine_is_told(full: Path) -> None:
    build(full)
    for path in (full / "site").rglob("*"):
        if path.suffix in (".html", ".js", ".css", ".csv", ".json", ".txt"):
            content = path.read_text(encoding="utf-8")
            assert "/home/" not in content, path
            assert str(full) not in content, path


def test_findings_are_those_of_the_numbers(full: Path) -> None:
    pages = build(full)
    beta = text_of(pages["beta.html"])
    assert "The reconstruction rises at every step" in beta
    assert "The total is lowest at β = 1, 240.25" in beta
    conditional = text_of(pages["conditional.html"])
    assert "sees the class asked for in 90.0 % of the samples of cvae, less often" in conditional
    assert "nothing of the class can be read from z" in conditional
    beside = text_of(pages["autoencoder.html"])
    assert "Reconstruction is better for autoencoder than for beta-1.0" in beside


def test_runs_beside_each_other_say_where_one_was_trained_longer(tmp_path: Path) -> None:
    measured = metrics(reconstruction=220.0, negative_elbo=240.0)
    for name, preset, epochs in (
        ("plain", "autoencoder", "4"),
        ("vae", "mlp-vae", "4"),
        ("conv", "conv-vae", "2"),
    ):
        settings = config(preset, training__epochs=epochs)
        write_run(tmp_path, name, settings, measured=measured)
    pages = build(tmp_path)
    apart = "They were not trained equally long"
    assert f"{apart}: vae for 4 epochs and conv for 2 epochs." in text_of(pages["improved.html"])
    assert apart not in text_of(pages["autoencoder.html"])


def test_a_finding_turns_with_its_numbers(full: Path) -> None:
    file = full / "autoencoder" / "evaluation.json"
    file.write_text(json.dumps({"metrics": metrics(reconstruction=300.0), "details": {}}))
    text = text_of(build(full)["autoencoder.html"])
    assert "Reconstruction is better for beta-1.0 than for autoencoder" in text


def test_bounds_stay_put_and_the_best_is_marked(full: Path) -> None:
    build(full)
    page = (full / "site" / "index.html").read_text()
    table = page[page.index("<table") : page.index("</table>")]
    assert table.index("<tfoot>") > table.index("</tbody>")
    foot = table[table.index("<tfoot>") :]
    assert "floor" in foot
    assert "baseline" in foot
    # cvae leads conv by less than two standard errors, and both in conditional_accuracy alone.
    assert table.count('class="best"') == 2


def test_every_head_sorts_by_button(full: Path) -> None:
    build(full)
    page = (full / "site" / "index.html").read_text()
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert head.count("<th ") == head.count("<button") == 8


def test_runs_without_common_terms_are_kept_apart(full: Path) -> None:
    fewer = {"negative_elbo": metric("negative_elbo", 239.0, count=500)}
    write_run(full, "fewer", config(), measured=fewer)
    (full / "study.json").unlink()
    text = text_of(build(full)["index.html"])
    assert "Kept apart from the first table: total by another number of images" in text


def test_the_table_can_be_downloaded(full: Path) -> None:
    build(full)
    rows = list(csv.DictReader(io.StringIO((full / "site" / "comparison.csv").read_text())))
    assert {row["run"] for row in rows} >= {"cvae", "conv"}
    assert {row["conditional_accuracy"] for row in rows if row["run"] == "cvae"} == {"0.9"}
    tables = json.loads((full / "site" / "comparison.json").read_text())
    assert sum(len(table["rows"]) for table in tables) == 7


def test_a_page_is_light(full: Path) -> None:
    pages = build(full)
    site = full / "site"
    for name, page in pages.items():
        files = {(site / name).parent / target for tag, target in page.links if tag != "a"}
        assert (
            sum(path.stat().st_size for path in files) + (site / name).stat().st_size < 2 * MEGABYTE
        )


def test_figures_are_copied_and_told_in_words(full: Path) -> None:
    build(full)
    page = (full / "site" / "runs" / "beta-1-0.html").read_text()
    assert (full / "site" / "figures" / "beta-1-0" / "samples.png").exists()
    assert 'alt="A grid of 50 images that beta-1.0 decoded' in page
    assert 'width="192" height="120"' in page


def test_a_folder_of_runs_is_enough(tmp_path: Path) -> None:
    write_run(tmp_path, "one", config(), measured=metrics(negative_elbo=240.0))
    pages = build(tmp_path)
    assert set(pages) == {"index.html", "measures.html", "method.html", "runs/one.html"}
    assert "measured of one alone" in text_of(pages["index.html"])


def test_a_study_without_evaluation(tmp_path: Path) -> None:
    write_run(tmp_path, "one", config())
    write_run(tmp_path, "two", config(objective__beta="4"))
    pages = build(tmp_path)
    assert "measures.html" not in pages
    assert "one was not evaluated" in text_of(pages["index.html"])
    assert "This run was not evaluated." in text_of(pages["runs/one.html"])
    assert not (tmp_path / "site" / "comparison.csv").exists()


def test_odd_names_are_text_and_collide_nowhere(tmp_path: Path) -> None:
    for name in ODD_NAMES:
        write_run(
            tmp_path,
            name,
            config(),
            measured=metrics(negative_elbo=240.0, fid_proxy=1.0),
            figures=("samples",),
        )
    pages = build(tmp_path)
    assert "runs/a-b.html" in pages
    assert "runs/a-b-2.html" in pages
    assert len([name for name in pages if name.startswith("runs/")]) == len(ODD_NAMES)
    shown = text_of(pages["index.html"])
    assert all(name in shown for name in ODD_NAMES)
    alts = "".join((tmp_path / "site" / name).read_text() for name in pages)
    assert "{{ 7 * 7 }} {data}" in alts
    assert "<script>alert(1)" not in alts


def test_odd_classes_stay_inside_their_strings(full: Path) -> None:
    pages = build(full)
    assert all(name in text_of(pages["conditional.html"]) for name in CLASSES)
    assert all(name in text_of(pages["data.html"]) for name in CLASSES)


@pytest.mark.parametrize(
    "damaged",
    [
        {"negative_elbo": metric("negative_elbo", math.nan)},
        {"negative_elbo": {"value": 240.0}},
        {"negative_elbo": {"unit": "nats"}},
        {"negative_elbo": metric("negative_elbo", 240.0, standard_error=math.nan, floor=None)},
        {"negative_elbo": 240.0},
        {},
    ],
)
def test_a_damaged_evaluation_is_shown_as_far_as_it_goes(
    damaged: dict[str, Any], tmp_path: Path
) -> None:
    whole = metrics(negative_elbo=241.0, kl=15.0)
    write_run(tmp_path, "damaged", config(), measured=damaged)
    write_run(tmp_path, "whole", config(objective__beta="4"), measured=whole)
    text = text_of(build(tmp_path)["runs/whole.html"])
    assert "241.00" in text


def test_what_is_not_a_number_is_called_so(tmp_path: Path) -> None:
    write_run(tmp_path, "nan", config(), measured=metrics(negative_elbo=math.nan, kl=15.0))
    write_run(tmp_path, "whole", config(objective__beta="4"), measured=metrics(negative_elbo=241.0))
    pages = build(tmp_path)
    assert "not a number" in text_of(pages["index.html"])
    assert "not a number: Total" in text_of(pages["runs/nan.html"])


def test_a_run_without_an_epoch_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, "begun", config(), records=[])
    write_run(tmp_path, "done", config(), measured=metrics(negative_elbo=241.0))
    text = text_of(build(tmp_path)["index.html"])
    assert "begun left out: not an epoch of its training was finished" in text


def test_damaged_curves_are_told(tmp_path: Path) -> None:
    run = write_run(tmp_path, "run", config(), measured=metrics(negative_elbo=241.0))
    (run.path / "metrics.jsonl").write_text('{"epoch": 1}\n{"epo')
    text = text_of(build(tmp_path)["runs/run.html"])
    assert "metrics.jsonl line 1: selection_loss should be a number" in text


def test_an_unreadable_configuration_is_told(tmp_path: Path) -> None:
    write_run(tmp_path, "good", config())
    broken = write_run(tmp_path, "broken", config())
    (broken.path / "config.json").write_text("{")
    assert "broken failed: config.json is not JSON" in text_of(build(tmp_path)["index.html"])


def test_a_run_that_failed_late_keeps_its_page(full: Path) -> None:
    failed = {
        "name": "conv",
        "folder": "conv",
        "status": "failed",
        "step": "figures",
        "error": "no room on /home/me/disk",
    }
    write_study(full, [failed])
    pages = build(full)
    assert "Failed at the step “figures”: no room on disk" in text_of(pages["runs/conv.html"])


def test_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        build_site(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no run to show"):
        build_site(tmp_path)
    write_run(tmp_path, "begun", config(), records=[])
    with pytest.raises(InputError, match="begun: not an epoch"):
        build_site(tmp_path)
    assert not (tmp_path / "site").exists()


def test_scripts_that_are_not_built(full: Path, built: Path) -> None:
    (built / "site.js").unlink()
    with pytest.raises(InputError, match="run `make`"):
        build_site(full)


def test_a_site_is_replaced_whole(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(full)
    old = full / "site" / "old.html"
    old.write_text("")
    monkeypatch.setattr("vaelab.report.site._write_assets", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_site(full)
    assert old.exists()
    monkeypatch.undo()
    assert [path.name for path in full.iterdir() if path.name.startswith(".")] == []


def test_a_new_site_has_nothing_of_the_old(full: Path) -> None:
    build(full)
    (full / "site" / "old.html").write_text("")
    build(full)
    assert not (full / "site" / "old.html").exists()


def test_a_picture_that_is_none_is_told(full: Path) -> None:
    (full / "beta-1.0" / "figures" / "samples.png").write_bytes(b"none")
    with pytest.raises(InputError, match=r"samples\.png cannot be read as an image"):
        build_site(full)


def test_the_explorer_is_there_if_a_run_has_one(
    full: Path, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def write(study: str, runs: Any, site: Path, pages: dict[str, str]) -> dict[str, str]:
        asked.update(study=study, pages=pages)
        return {slug: "it has no explorer" for slug in runs if slug != "cvae"}

    monkeypatch.setattr("vaelab.report.site.write_payloads", write)
    pages = build(full)
    assert asked["study"] == "mine"
    assert asked["pages"]["cvae"] == "runs/cvae.html"
    assert "1 model" in text_of(pages["explorer.html"])
    explorer = (full / "site" / "explorer.html").read_text()
    assert '<div id="explorer"></div>' in explorer
    assert '<script src="assets/explorer.js" defer></script>' in explorer
    assert "<noscript>" in explorer
    assert "explorer.html#models=cvae" in (full / "site" / "runs" / "cvae.html").read_text()
    assert (
        "explorer.html" not in (full / "site" / "runs" / "conv.html").read_text().split("<main")[1]
    )
    assert {path.name for path in (full / "site" / "assets").iterdir()} == {
        "site.css",
        "icon.svg",
        "site.js",
        "explorer.js",
        "explorer.css",
        "runtime.js",
        "licenses.txt",
    }
    (built / "runtime.js").unlink()
    with pytest.raises(InputError, match=r"runtime\.js is missing"):
        build_site(full)


def test_without_labels(tmp_path: Path) -> None:
    card = replace(CARD, class_names=(), name="folder:mine", shape=(3, 12, 12))
    write_run(tmp_path, "run", config(), measured=metrics(negative_elbo=240.0), card=card)
    text = text_of(build(tmp_path)["index.html"])
    assert "your own data" in text
    assert "12 \u00d7 12 pixels, colour" in text


def test_a_long_training_keeps_its_charts_readable(tmp_path: Path) -> None:
    records = [record(epoch, 240 + 100 / epoch) for epoch in range(1, 301)]
    write_run(tmp_path, "long", config(training__epochs="300"), records=records)
    build(tmp_path)
    page = (tmp_path / "site" / "runs" / "long.html").read_text()
    assert page.count("<circle") == 1  # of the theme's button, and no dot of a line
    assert len(page) < MEGABYTE


def test_one_epoch(tmp_path: Path) -> None:
    write_run(tmp_path, "short", config(), records=FALLING[:1])
    assert "short was trained for one epoch." in text_of(build(tmp_path)["runs/short.html"])


def test_every_number_and_figure_has_its_words() -> None:
    measures = {name for metric in METRICS.values() for name in metric.measures}
    assert measures == set(glossary.TERMS)
    # What these two show, the page draws itself.
    assert set(FIGURES) - {"curves", "conditional-accuracy"} == set(glossary.RUN_FIGURES)
    assert set(COMPARISONS) == set(glossary.COMPARISON_FIGURES)
    assert set(DATA_FIGURES) - {"distributions"} == set(glossary.DATA_FIGURES)
    grouped = [name for names in glossary.FIGURE_GROUPS.values() for name in names]
    assert set(grouped) == set(glossary.RUN_FIGURES)


def test_a_failed_value_of_a_sweep_is_told_there(tmp_path: Path) -> None:
    for rate in ("0.001", "0.01", "100"):
        hot = rate == "100"
        write_run(
            tmp_path,
            f"rate-{rate}",
            config(training__learning_rate=rate),
            measured=None if hot else metrics(negative_elbo=240.0),
            records=[] if hot else None,
        )
    runs = [{"name": f"rate-{rate}", "status": "done"} for rate in ("0.001", "0.01")]
    failed = {"name": "rate-100", "status": "failed", "step": "train", "error": "diverged"}
    write_study(tmp_path, [*runs, failed])
    text = text_of(build(tmp_path)["learning-rate.html"])
    assert "At learning rate 100 there are no numbers; the run failed at the step “train”" in text
