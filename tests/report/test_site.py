import csv
import io
import json
import math
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.data.data_files import data_or_one_line
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
    write_samples,
)
from vaelab.config import ParentConfig
from vaelab.errors import InputError
from vaelab.evaluation import METRICS
from vaelab.names import displayed
from vaelab.randomness import generator
from vaelab.report import build_site
from vaelab.report.pages import comparisons, conditional, index, sweep
from vaelab.runs import PER_IMAGE, Run, open_run

MEGABYTE = 1_000_000
ODD_NAMES = (
    "<script>alert(1)<",
    "a\"b'c",
    "裙子 und Schühe",
    "{{ 7 * 7 }} {data}",
    "a b",
    "a-b",
    "javascript:alert(1)",
    "_x_ $a$ |b|",
    "קטגוריה",
    240 * "x",
    # Bytes that are not UTF-8; other systems do not allow them in file names.
    *(["caf\udce9"] if sys.platform == "linux" else []),
)


def checked(site: Path) -> dict[str, Checker]:
    """Every page, parsed; fails on errors in the HTML."""
    pages = {
        path.relative_to(site).as_posix(): check_page(path, site)
        for path in sorted(site.rglob("*.html"))
    }
    errors = {name: page.errors for name, page in pages.items() if page.errors}
    assert not errors
    return pages


def build(folder: Path) -> dict[str, Checker]:
    index = build_site(folder)
    assert index == folder / "site" / "index.html"
    return checked(index.parent)


def text_of(page: Checker) -> str:
    return " ".join("".join(page.text).split())


def write_study(folder: Path, runs: list[dict[str, Any]], **changes: Any) -> None:
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
        {"name": "unlabeled", "folder": "unlabeled", "status": "left out", "error": "no labels"},
    ]
    runs = [{"name": name, "folder": name, "status": "done"} for name in names]
    pair = {"autoencoder-beside-vae": ["autoencoder", "beta-1.0"]}
    write_study(folder, [*runs, *lost], comparisons=pair)
    return folder


def test_a_study_has_all_its_pages(full: Path) -> None:
    pages = build(full)
    assert set(pages) == {
        *(f"{name}.html" for name in ("index", "data", "autoencoder", "architectures", "beta")),
        *(f"{name}.html" for name in ("conditional", "metrics", "method")),
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


def test_the_overview(full: Path) -> None:
    text = text_of(build(full)["index.html"])
    assert "7 runs on Fashion-MNIST: 1 autoencoder, 5 VAEs and 1 conditional VAE" in text
    assert (
        "This study covers the difference between an autoencoder and a VAE, the effect of the "
        "architecture, the effect of β from 0.5 to 4 and "
        "conditional generation."
    ) in text
    assert "MIT license" in text
    assert "hot failed at the step “train”: diverged" in text
    assert "unlabeled was left out: no labels" in text
    assert "Reproduce with vaelab study mine.toml --data x.npz." in text


def test_no_local_path_is_published(full: Path) -> None:
    build(full)
    for path in (full / "site").rglob("*"):
        if path.suffix in (".html", ".js", ".css", ".csv", ".json", ".txt"):
            content = path.read_text(encoding="utf-8")
            assert "/home/" not in content, path
            assert str(full) not in content, path


def test_findings_follow_the_stored_metrics(full: Path) -> None:
    pages = build(full)
    beta = text_of(pages["beta.html"])
    assert "The reconstruction rises at every step" in beta
    assert "The negative ELBO is lowest at β = 1 (240.25" in beta
    conditional = text_of(pages["conditional.html"])
    assert "recognizes the requested class in 90.0 % of the samples of cvae, less" in conditional
    assert "The code of cvae does not encode the class" in conditional
    pair = text_of(pages["autoencoder.html"])
    assert "Reconstruction (lower is better): autoencoder is " in pair


def test_different_numbers_of_epochs_are_stated(tmp_path: Path) -> None:
    measured = metrics(reconstruction=220.0, negative_elbo=240.0)
    for name, preset, epochs in (
        ("plain", "autoencoder", "4"),
        ("vae", "mlp-vae", "4"),
        ("conv", "conv-vae", "2"),
    ):
        settings = config(preset, training__epochs=epochs)
        write_run(tmp_path, name, settings, measured=measured)
    pages = build(tmp_path)
    note = "The runs were trained for different numbers of epochs"
    text = text_of(pages["architectures.html"])
    assert f"{note}: conv for 2 epochs and vae for 4 epochs." in text
    assert note not in text_of(pages["autoencoder.html"])


def test_a_finding_changes_with_its_values(full: Path) -> None:
    file = full / "autoencoder" / "evaluation.json"
    file.write_text(json.dumps({"metrics": metrics(reconstruction=300.0), "details": {}}))
    text = text_of(build(full)["autoencoder.html"])
    assert "Reconstruction (lower is better): beta-1.0 is " in text


def test_floor_and_baseline_are_in_the_foot_and_the_best_value_is_marked(full: Path) -> None:
    build(full)
    page = (full / "site" / "index.html").read_text()
    table = page[page.index("<table") : page.index("</table>")]
    assert table.index("<tfoot>") > table.index("</tbody>")
    foot = table[table.index("<tfoot>") :]
    assert "floor" in foot
    assert "baseline" in foot
    # cvae leads conv by less than two standard errors, and both in conditional_accuracy alone.
    assert table.count('class="best"') == 2


def test_every_column_can_be_sorted(full: Path) -> None:
    build(full)
    page = (full / "site" / "index.html").read_text()
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert head.count("<th ") == head.count("<button") == 8


def test_runs_under_different_conditions_have_their_own_table(full: Path) -> None:
    fewer = {"negative_elbo": metric("negative_elbo", 239.0, count=500)}
    write_run(full, "fewer", config(), measured=fewer)
    (full / "study.json").unlink()
    text = text_of(build(full)["index.html"])
    assert (
        "Not comparable with the first table: negative_elbo by a different number of images" in text
    )


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


def test_figures_are_copied_with_their_alternative_texts(full: Path) -> None:
    build(full)
    page = (full / "site" / "runs" / "beta-1-0.html").read_text()
    assert (full / "site" / "figures" / "beta-1-0" / "samples.png").exists()
    assert 'alt="A grid of 50 images that beta-1.0 decoded' in page
    assert 'width="192" height="120"' in page


def test_a_folder_of_runs_is_enough(tmp_path: Path) -> None:
    write_run(tmp_path, "one", config(), measured=metrics(negative_elbo=240.0))
    pages = build(tmp_path)
    assert set(pages) == {"index.html", "metrics.html", "method.html", "runs/one.html"}
    assert "only measured for one" in text_of(pages["index.html"])


def test_a_study_without_evaluation(tmp_path: Path) -> None:
    write_run(tmp_path, "one", config())
    write_run(tmp_path, "two", config(objective__beta="4"))
    pages = build(tmp_path)
    assert "metrics.html" not in pages
    assert "one has not been evaluated" in text_of(pages["index.html"])
    assert "This run has not been evaluated." in text_of(pages["runs/one.html"])
    assert not (tmp_path / "site" / "comparison.csv").exists()


def test_odd_names_are_escaped_and_have_distinct_pages(tmp_path: Path) -> None:
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
    assert all(displayed(name) in shown for name in ODD_NAMES)
    alts = "".join((tmp_path / "site" / name).read_text() for name in pages)
    assert "{{ 7 * 7 }} {data}" in alts
    assert "<script>alert(1)" not in alts


def test_odd_class_names_are_escaped(full: Path) -> None:
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
def test_a_damaged_evaluation_does_not_stop_the_site(
    damaged: dict[str, Any], tmp_path: Path
) -> None:
    whole = metrics(negative_elbo=241.0, kl=15.0)
    write_run(tmp_path, "damaged", config(), measured=damaged)
    write_run(tmp_path, "whole", config(objective__beta="4"), measured=whole)
    text = text_of(build(tmp_path)["runs/whole.html"])
    assert "241.00" in text


def test_values_that_are_not_numbers_are_named(tmp_path: Path) -> None:
    write_run(tmp_path, "nan", config(), measured=metrics(negative_elbo=math.nan, kl=15.0))
    write_run(tmp_path, "whole", config(objective__beta="4"), measured=metrics(negative_elbo=241.0))
    pages = build(tmp_path)
    assert "not a number" in text_of(pages["index.html"])
    assert "The stored value is not a number: Negative ELBO." in text_of(pages["runs/nan.html"])


def test_a_run_without_an_epoch_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, "begun", config(), records=[])
    write_run(tmp_path, "done", config(), measured=metrics(negative_elbo=241.0))
    text = text_of(build(tmp_path)["index.html"])
    assert "begun was left out: no epoch of its training is complete" in text


def test_damaged_records_are_reported(tmp_path: Path) -> None:
    run = write_run(tmp_path, "run", config(), measured=metrics(negative_elbo=241.0))
    (run.path / "metrics.jsonl").write_text('{"epoch": 1}\n{"epo')
    text = text_of(build(tmp_path)["runs/run.html"])
    assert "metrics.jsonl line 1: train should be an object" in text


def test_an_unreadable_configuration_is_reported(tmp_path: Path) -> None:
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
    assert "This run failed at the step “figures”: no room on disk" in text_of(
        pages["runs/conv.html"]
    )


def test_the_notes_of_a_study_are_on_the_page_of_the_run(full: Path) -> None:
    note = "figures incomplete: curves: no room on /home/me/disk"
    write_study(full, [{"name": "conv", "folder": "conv", "status": "finished", "notes": [note]}])
    text = text_of(build(full)["runs/conv.html"])
    assert "figures incomplete: curves: no room on disk" in text


def test_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere is not a folder"):
        build_site(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no results to show"):
        build_site(tmp_path)
    write_run(tmp_path, "begun", config(), records=[])
    with pytest.raises(InputError, match="begun: no epoch"):
        build_site(tmp_path)
    assert not (tmp_path / "site").exists()


def test_scripts_that_are_not_built(full: Path, built: Path) -> None:
    (built / "site.js").unlink()
    with pytest.raises(InputError, match="run `make`"):
        build_site(full)


def test_a_site_is_replaced_whole(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(full)
    before = {path.name for path in (full / "site").iterdir()}
    monkeypatch.setattr("vaelab.report.site.write_assets", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_site(full)
    assert {path.name for path in (full / "site").iterdir()} == before
    monkeypatch.undo()
    assert [path.name for path in full.iterdir() if path.name.startswith(".")] == [".site.lock"]


def test_a_new_site_has_nothing_of_the_old(full: Path) -> None:
    build(full)
    assert (full / "site" / "runs" / "beta-4-0.html").exists()
    shutil.rmtree(full / "beta-4.0")
    build(full)
    assert not (full / "site" / "runs" / "beta-4-0.html").exists()


def test_a_damaged_figure_takes_no_other_with_it(
    full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (full / "beta-1.0" / "figures" / "samples.png").write_bytes(b"none")
    pages = build(full)
    (line,) = capsys.readouterr().err.splitlines()
    assert "samples.png cannot be read as an image" in line
    assert "samples.png cannot be read as an image" in text_of(pages["index.html"])
    shown = (full / "site" / "runs" / "beta-1-0.html").read_text()
    assert "samples.png" not in shown
    assert "reconstructions.png" in shown


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
        "charts.js",
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
    assert "unknown (user's data)" in text
    assert "12 \u00d7 12 pixels, color" in text


def test_the_page_of_a_long_training_is_light(tmp_path: Path) -> None:
    records = [record(epoch, 240 + 100 / epoch) for epoch in range(1, 301)]
    write_run(tmp_path, "long", config(training__epochs="300"), records=records)
    build(tmp_path)
    assert len((tmp_path / "site" / "runs" / "long.html").read_text()) < MEGABYTE


def test_charts_have_a_description_and_their_values(full: Path) -> None:
    build(full)
    page = (full / "site" / "beta.html").read_text()
    assert 'role="img" aria-label="Negative ELBO, nats, by β. ' in page
    assert page.count("data-chart") == page.count('class="values"') > 3
    assert '<script src="assets/charts.js" defer></script>' in page
    assert "charts.js" not in (full / "site" / "method.html").read_text()


def test_one_epoch(tmp_path: Path) -> None:
    write_run(tmp_path, "short", config(), records=FALLING[:1])
    assert "short was trained for one epoch." in text_of(build(tmp_path)["runs/short.html"])


def test_a_metric_of_a_user_is_shown_with_its_declaration(tmp_path: Path) -> None:
    own = {
        **metric("kl", 3.0, direction="higher"),
        "label": "Color balance",
        "meaning": "How balanced the colors are.",
        "group": "My metrics",
    }
    write_run(tmp_path, "one", config(), measured={"color_balance": own})
    pages = build(tmp_path)
    for name in ("metrics.html", "runs/one.html"):
        text = text_of(pages[name])
        assert "My metrics" in text
        assert "Color balance" in text
        assert "How balanced the colors are." in text


def test_a_metric_without_a_declaration_is_shown_by_its_name(tmp_path: Path) -> None:
    write_run(tmp_path, "one", config(), measured={"color_balance": {"value": 3.0}})
    text = text_of(build(tmp_path)["metrics.html"])
    assert "Other metrics" in text
    assert "Color balance" in text


def test_any_sweep_has_rate_and_distortion(tmp_path: Path) -> None:
    for size in (2, 5, 10):
        measured = metrics(reconstruction=240.0 - size, kl=5.0 + size, active_units=size)
        write_run(tmp_path, f"z-{size}", config(model__latent_size=str(size)), measured=measured)
    page = build(tmp_path)["latent-size.html"]
    text = text_of(page)
    assert "Values of Rate and distortion" in text
    assert "Of 2, 5 and 10 latent dimensions, 2, 5 and 10 are active" in text
    assert "Metrics by latent size" in text


def test_a_failed_value_of_a_sweep_is_reported(tmp_path: Path) -> None:
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
    assert "There are no results for learning rate 100: the run failed at the step “train”" in text


def test_samples_from_another_source_stand_in_the_tables(tmp_path: Path) -> None:
    write_run(tmp_path, "one", config(), measured=metrics(negative_elbo=240.0, fid_proxy=2.0))
    write_samples(tmp_path, "theirs", metrics(fid_proxy=1.0))
    pages = build(tmp_path)
    text = text_of(pages["index.html"])
    assert "1 run on Fashion-MNIST: 1 VAE; 1 set of samples from another source" in text
    assert "theirs, followed by one (2.000)" in text
    assert "theirs samples from another source" in text
    assert "theirs" in text_of(pages["metrics.html"])
    rows = csv.DictReader(io.StringIO((tmp_path / "site" / "comparison.csv").read_text()))
    assert {row["run"]: row["preset"] for row in rows} == {"one": "mlp-vae", "theirs": "samples"}


def test_a_derived_run_links_to_its_parent(tmp_path: Path) -> None:
    write_run(tmp_path, "first", config(), measured=metrics(fid_proxy=2.0))
    parent = ParentConfig(run="../first", weights_fingerprint="a" * 64)
    derived = replace(config(model__prior="gmm"), parent=parent)
    write_run(tmp_path, "second", derived, measured=metrics(fid_proxy=1.0))
    pages = build(tmp_path)
    text = text_of(pages["runs/second.html"])
    assert "Gaussian mixture prior fitted to first" in text
    assert "derived from first" in text
    assert "vaelab fit-prior runs/first --prior gmm" in text
    assert "second settings prior fitted to first" in text_of(pages["index.html"])


def test_derived_runs_are_added_to_their_study(full: Path) -> None:
    parent = ParentConfig(run="../conv", weights_fingerprint="a" * 64)
    derived = replace(config("conv-vae", model__prior="gmm"), parent=parent)
    write_run(full, "conv-gmm", derived, measured=metrics(negative_elbo=239.0))
    write_run(full, "unlisted", config(), measured=metrics(negative_elbo=200.0))
    pages = build(full)
    assert "runs/conv-gmm.html" in pages
    assert "runs/unlisted.html" not in pages


def test_what_a_model_does_not_have_is_listed_with_the_reason(tmp_path: Path) -> None:
    run = write_run(tmp_path, "one", config("autoencoder"), measured=metrics(reconstruction=210.0))
    reason = "it needs a prior, but the model has none"
    stored = {"metrics": metrics(reconstruction=210.0), "left_out": {"frechet": reason}}
    run.write_evaluation(stored)
    text = text_of(build(tmp_path)["runs/one.html"])
    assert f"Metric frechet: {reason}" in text
    assert f"Figure samples: {reason}" in text
    assert "Figure reconstructions" not in text


def test_pages_show_metrics_that_exist() -> None:
    declared = {name for each in METRICS.values() for name in each.names}
    shown = {
        *(*comparisons.AUTOENCODER_METRICS, *comparisons.ARCHITECTURE_METRICS),
        *(*conditional.METRICS, *conditional.CLASSIFIERS, *conditional.PROBES),
        *(*sweep.METRICS, *sweep.RANKED, *index.RANKED),
    }
    assert shown <= declared


def test_the_overview_does_not_rank_likelihoods_given_the_label(tmp_path: Path) -> None:
    given = metrics(negative_elbo=230.0)
    given["negative_elbo"]["given_label"] = True
    write_run(tmp_path, "cvae", config("cvae"), measured=given)
    write_run(tmp_path, "one", config(), measured=metrics(negative_elbo=240.0))
    write_run(tmp_path, "two", config(objective__beta="2"), measured=metrics(negative_elbo=250.0))
    text = text_of(build(tmp_path)["index.html"])
    assert "one, followed by two (250.00 nats)" in text
    assert "Conditional models are given the label" in text


ODD_VALUES = [True, [1], {"a": []}]


@pytest.mark.parametrize(
    ("file", "keys"),
    [
        ("study.json", ["runs", 0, "folder"]),
        ("study.json", ["runs", 0, "notes"]),
        ("study.json", ["comparisons"]),
        ("data/summary.json", ["class_names"]),
        ("data/summary.json", ["splits", "train", "pixels", "histogram"]),
    ],
)
def test_stored_values_of_any_type_give_a_report_or_a_line(
    full: Path, file: str, keys: list[Any]
) -> None:
    path = full / file
    original = path.read_text()
    for value in ODD_VALUES:
        values = json.loads(original)
        inner = values
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        path.write_text(json.dumps(values))
        data_or_one_line(build_site, full)


def with_losses(run: Run, losses: Tensor) -> None:
    """The run with a negative ELBO that rests on the losses of single images."""
    error = losses.std().item() / math.sqrt(len(losses))
    measured = {
        "negative_elbo": metric("negative_elbo", losses.mean().item(), standard_error=error)
    }
    run.write_evaluation(
        {"metrics": measured, "details": {}}, {f"{PER_IMAGE}negative_elbo": losses}
    )


def test_pages_compare_runs_image_by_image(tmp_path: Path) -> None:
    draws = generator(0, "losses")
    common = 240 + 76 * torch.randn(10_000, generator=draws, dtype=torch.float64)
    losses = [
        common + shift + 6 * torch.randn(10_000, generator=draws, dtype=torch.float64)
        for shift in (0.0, 1.79)
    ]
    difference = (losses[1] - losses[0]).mean().item()
    error = (losses[1] - losses[0]).std().item() / 100
    for name, preset, values in zip(("one", "two"), ("mlp-vae", "conv-vae"), losses, strict=True):
        with_losses(write_run(tmp_path, name, config(preset)), values)
    pages = build(tmp_path)
    text = text_of(pages["index.html"])
    size = f"{difference:.2f} ± {error:.2f}"
    assert f"it is {size} nats lower (paired over 10,000 images)" in text
    assert "No clear winner" not in text
    assert f"+{size}" in text
    assert "Differences to the best value ± one standard error; paired over 10,000 images." in text
    architectures = text_of(pages["architectures.html"])
    assert f"one is {size} nats lower than two (paired over 10,000 images)" in architectures
    two = open_run(tmp_path / "two")
    two.write_evaluation(two.read_evaluation(), {})
    text = text_of(build(tmp_path)["index.html"])
    assert "No clear winner" in text
    assert "unpaired: values of single images are not stored" in text


def test_seeds_are_one_row_with_a_link_to_each_run(tmp_path: Path) -> None:
    values = (240.0, 242.0, 241.0)
    for seed, value in enumerate(values):
        write_run(
            tmp_path,
            f"small-seed-{seed}",
            seeded(config(), seed),
            measured=metrics(negative_elbo=value),
        )
    write_run(tmp_path, "other", config("conv-vae"), measured=metrics(negative_elbo=250.0))
    pages = build(tmp_path)
    html = (tmp_path / "site" / "index.html").read_text()
    table = html[html.index("<tbody>") : html.index("</tbody>")]
    assert table.count("<tr>") == 2
    for seed in range(3):
        assert f'href="runs/small-seed-{seed}.html"' in table
    text = text_of(pages["index.html"])
    assert "small 3 seeds: 0, 1, 2" in text
    assert "241.00 (best) ± 1.00" in text
    assert "of several seeds, one standard deviation over seeds" in text
    assert (
        "small, followed by other (250.00 nats); it is 9.00 ± 1.15 nats lower (over seeds)" in text
    )
    assert "small-seed-2" in text_of(pages["metrics.html"])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "site/comparison-seeds.csv").read_text())))
    assert {row["run"]: row["seeds"] for row in rows} == {"small": "0 1 2", "other": "0"}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "site/comparison.csv").read_text())))
    assert len(rows) == 4


def test_a_sweep_with_seeds_has_bands(tmp_path: Path) -> None:
    for beta, start in (("1", 240.0), ("2", 245.0), ("4", 250.0)):
        for seed in range(3):
            write_run(
                tmp_path,
                f"beta-{beta}-seed-{seed}",
                seeded(config(objective__beta=beta), seed),
                measured=metrics(negative_elbo=start + seed),
            )
    page = build(tmp_path)["beta.html"]
    html = (tmp_path / "site" / "beta.html").read_text()
    (drawing,) = [
        found
        for each in re.findall(r'<script type="application/json">(.*?)</script>', html)
        if (found := json.loads(each))["series"][0]["label"] == "Negative ELBO"
    ]
    assert drawing["series"][0]["band"] == [[1, 240.0, 242.0], [2, 245.0, 247.0], [4, 250.0, 252.0]]
    assert drawing["yRange"][0] < 240.0
    text = text_of(page)
    assert "241.00 ± 1.00" in text
    assert "The band is one standard deviation over seeds on each side of the mean." in text
    assert "5.00 ± 0.82 nats lower than at β = 2 (over seeds)" in text
