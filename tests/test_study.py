"""Studies: everything once, nothing twice, and wardrobe where Fashion-MNIST cannot be had."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import tiny
from vaelab.config import DataConfig
from vaelab.data import DataUnavailableError, fashion_mnist
from vaelab.presets import BETA_SWEEP, PRESETS
from vaelab.study import STUDIES, Study, run_study, study_named
from vaelab.training import Hardware

CPU = Hardware(accelerator="cpu")
DATA = DataConfig(name="wardrobe", train_count=300, test_count=100)


@pytest.fixture
def study() -> Study:
    names = ("autoencoder", "mlp-vae", "cvae-2d")
    return Study(
        configs={name: tiny(name) for name in names},
        illustrated=("cvae-2d",),
        comparisons={"autoencoder-beside-vae": ("autoencoder", "mlp-vae")},
        metrics=("losses", "frechet"),
    )


def snapshot(folder: Path) -> dict[str, int]:
    """When each file below the folder was last written, the summary itself apart."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.parent != folder
    }


def test_a_study_leaves_everything_and_does_nothing_twice(study: Study, tmp_path: Path) -> None:
    outcome = run_study(study, tmp_path, DATA, data_dir=None, hardware=CPU)
    for name in study.configs:
        assert name in outcome.table
        assert (tmp_path / name / "evaluation.json").exists()
    assert (tmp_path / "figures/autoencoder-beside-vae.svg").exists()
    assert (tmp_path / "cvae-2d/figures/class-samples.png").exists()
    assert not (tmp_path / "mlp-vae/figures").exists()
    summary = outcome.summary.read_text()
    assert "wardrobe" in summary
    for line in summary.splitlines():
        if line.startswith("!["):
            assert (tmp_path / line.partition("](")[2].rstrip(")")).exists()
    before = snapshot(tmp_path)
    assert run_study(study, tmp_path, DATA, data_dir=None, hardware=CPU) == outcome
    assert snapshot(tmp_path) == before


def test_images_without_labels_leave_out_what_needs_them(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (80, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=pixels)
    data = DataConfig(name="npz", path=str(tmp_path / "mine.npz"))
    outcome = run_study(study, tmp_path / "study", data, data_dir=None, hardware=CPU)
    assert "cvae-2d cannot be trained on it" in capsys.readouterr().err
    assert "cvae-2d" not in outcome.table
    assert "mlp-vae" in outcome.table


def test_without_fashion_mnist_the_study_goes_on_with_wardrobe(
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise DataUnavailableError("Fashion-MNIST is not on disk and cannot be downloaded")

    monkeypatch.delenv("VAELAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fashion_mnist, "fetch", unavailable)
    data = replace(DATA, name="fashion-mnist")
    outcome = run_study(study, tmp_path / "study", data, data_dir=None, hardware=CPU)
    messages = capsys.readouterr().err
    assert "going on with the built-in wardrobe set" in messages
    assert outcome.summary == tmp_path / "study-wardrobe/summary.md"
    assert "Study on wardrobe" in outcome.summary.read_text()
    config = json.loads((tmp_path / "study-wardrobe/mlp-vae/config.json").read_text())
    assert config["data_card"]["name"] == "wardrobe"
    assert config["data"]["name"] == "wardrobe"


@pytest.mark.parametrize("name", STUDIES)
def test_named_studies_name_what_they_have(name: str) -> None:
    study = study_named(name)
    assert set(study.illustrated) <= study.configs.keys()
    for runs in study.comparisons.values():
        assert set(runs) <= study.configs.keys()


def test_the_full_study_has_every_preset_and_the_whole_sweep() -> None:
    study = study_named("full")
    assert study.configs.keys() >= PRESETS.keys() - {"beta-vae"}
    betas = [run.objective.beta for name, run in study.configs.items() if name.startswith("beta-")]
    assert betas == list(BETA_SWEEP)
    for name, run in study.configs.items():
        if name in PRESETS:
            assert run == PRESETS[name]()
