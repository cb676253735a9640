"""The page of likelihoods: published figures next to measured ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.html_check import check_page
from tests.report.stored_runs import CARD, config, metric, record, write_run
from vaelab.evaluation import METRICS
from vaelab.evaluation.published import PUBLISHED
from vaelab.presets import PRESETS
from vaelab.report import build_site
from vaelab.report.pages import likelihood
from vaelab.studies import study_named


@pytest.fixture
def page(tmp_path: Path) -> str:
    for name, nats in (("binary-vae", 229.0), ("binary-vamp-vae", 227.25)):
        measured = {
            "kl": metric("kl", 12.5),
            "exemplar_negative_log_likelihood": metric(
                "exemplar_negative_log_likelihood", nats, standard_error=0.66
            ),
        }
        records = [record(epoch, nats + 3, seconds=2170.0) for epoch in (1, 2)]
        write_run(tmp_path, name, config(name), measured=measured, records=records)
    site = build_site(tmp_path).parent
    checked = check_page(site / "likelihood.html", site)
    assert not checked.errors
    return " ".join(" ".join(checked.text).split())


def test_measured_and_published_figures_stand_in_one_row_the_best_first(page: str) -> None:
    table = page[page.index("Training") :]
    assert table.index("binary-vamp-vae") < table.index("binary-vae")
    for shown in ("228.70", "227.35", "229.00", "227.25", "0.66", "12.5"):
        assert shown in table
    assert "4,340" in table  # seconds of two epochs


def test_the_distance_to_the_publication_is_said(page: str) -> None:
    assert "0.30 above the published 228.70 of the VAE with a Gaussian prior" in page
    assert "0.10 below the published 227.35 of the VAE with a VampPrior" in page


@pytest.mark.parametrize("change", ["settings", "data"])
def test_other_settings_and_other_images_have_no_published_figure(
    tmp_path: Path, change: str
) -> None:
    nll = "exemplar_negative_log_likelihood"
    settings = {"model__latent_size": "20"} if change == "settings" else {}
    card = replace(CARD, name="wardrobe") if change == "data" else CARD
    run = config("binary-vae", **settings)
    write_run(tmp_path, "mine", run, measured={nll: metric(nll, 200.0)}, card=card)
    site = build_site(tmp_path).parent
    text = (site / "likelihood.html").read_text()
    assert "200.00" in text
    assert "228.70" not in text


def test_runs_that_no_protocol_measured_have_no_such_page(tmp_path: Path) -> None:
    write_run(tmp_path, "plain", config(), measured={"kl": metric("kl", 12.5)})
    site = build_site(tmp_path).parent
    assert not (site / "likelihood.html").exists()


def test_published_figures_belong_to_presets_and_metrics_that_exist() -> None:
    assert PUBLISHED.keys() <= PRESETS.keys()
    names = {name for each in METRICS.values() for name in each.names}
    assert {each.metric for each in PUBLISHED.values()} <= names
    assert likelihood.METRICS.keys() <= names


def test_the_study_trains_every_model_that_has_a_published_figure() -> None:
    study = study_named("likelihood")
    assert {config.preset for config in study.configs.values()} == PUBLISHED.keys()
    assert study.importance_samples["binary-vae"] == 5000
