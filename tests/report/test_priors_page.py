"""The page of fitted priors: the distance of samples before and after."""

from dataclasses import replace
from pathlib import Path

from tests.report.html_check import check_page
from tests.report.stored_runs import config, metric, record, write_run
from vaelab.config import ParentConfig
from vaelab.report import build_site


def test_a_run_and_its_parent_stand_in_one_row(tmp_path: Path) -> None:
    parent = ParentConfig(run="../mine", weights_fingerprint="a" * 64)
    fitted = replace(config(model__prior="gmm"), parent=parent)
    write_run(tmp_path, "mine", config(), measured={"fid_proxy": metric("fid_proxy", 2.18)})
    measured = {"fid_proxy": metric("fid_proxy", 0.99)}
    write_run(
        tmp_path, "mine-gmm", fitted, measured=measured, records=[record(1, 240.0, seconds=12.0)]
    )
    site = build_site(tmp_path).parent
    page = check_page(site / "priors.html", site)
    assert not page.errors
    text = " ".join(" ".join(page.text).split())
    assert "mine mine-gmm prior fitted to mine gmm 2.18 0.99 0.45 12" in text


def test_an_autoencoder_has_no_samples_before(tmp_path: Path) -> None:
    parent = ParentConfig(run="../mine", weights_fingerprint="a" * 64)
    fitted = replace(config(model__prior="gmm"), parent=parent)
    write_run(tmp_path, "mine", config(), measured={"kl": metric("kl", 12.5)})
    write_run(tmp_path, "mine-gmm", fitted, measured={"fid_proxy": metric("fid_proxy", 0.99)})
    site = build_site(tmp_path).parent
    assert "0.99" in " ".join(check_page(site / "priors.html", site).text)


def test_runs_without_a_fitted_prior_have_no_such_page(tmp_path: Path) -> None:
    write_run(tmp_path, "plain", config(), measured={"fid_proxy": metric("fid_proxy", 2.18)})
    site = build_site(tmp_path).parent
    assert not (site / "priors.html").exists()
