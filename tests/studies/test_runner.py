"""Studies: everything once, nothing twice, one failure sinks nothing else, wardrobe at need."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import tiny
from vaelab.config import DataConfig
from vaelab.data import DataUnavailableError, fashion_mnist, load_data
from vaelab.errors import InputError
from vaelab.figures import FIGURES
from vaelab.presets import BETA_SWEEP, PRESETS
from vaelab.runs import DataCard
from vaelab.studies import STUDIES, Outcome, Study, run_study, steps, study_named
from vaelab.training import Hardware

CPU = Hardware(accelerator="cpu")
DATA = DataConfig(name="wardrobe", train_count=300, test_count=100)
NAMES = ("autoencoder", "mlp-vae", "cvae-2d")


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(
        name="small",
        configs={name: tiny(name) for name in NAMES},
        illustrated=("cvae-2d",),
        left_out_figures=("memorization",),
        comparisons={"autoencoder-beside-vae": ("autoencoder", "mlp-vae")},
        metrics=("losses",),
        data=DATA,
    )


@pytest.fixture(scope="module")
def light(study: Study) -> Study:
    """Without the run that is illustrated, which takes most of the time."""
    configs = {name: study.configs[name] for name in ("autoencoder", "mlp-vae")}
    return replace(study, configs=configs, illustrated=())


@pytest.fixture(scope="module")
def own_images(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    """A file of 300 images, some for testing."""
    path = tmp_path_factory.mktemp("images") / "mine.npz"
    pixels = np.random.default_rng(0).integers(0, 256, (300, 28, 28), dtype=np.uint8)
    np.savez(path, images=pixels, labels=np.arange(300) % 3)
    return DataConfig(name="npz", path=str(path))


def run(study: Study, out: Path) -> Outcome:
    return run_study(study, out, data_dir=None, hardware=CPU, command="vaelab study small.toml")


@pytest.fixture(scope="module")
def outcome(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What the study left, once for all tests, which work on copies."""
    return run(study, tmp_path_factory.mktemp("study") / "small")


@pytest.fixture
def finished(outcome: Outcome, tmp_path: Path) -> Path:
    """The folder of a finished study."""
    return Path(shutil.copytree(outcome.page.parents[1], tmp_path / "small"))


def stored(out: Path) -> dict[str, dict[str, str]]:
    """What study.json says of each run."""
    return {each["name"]: each for each in json.loads((out / "study.json").read_text())["runs"]}


def snapshot(folder: Path) -> dict[str, int]:
    """When each file was last written, the site and the study's own file apart."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in ("site", "study.json")
    }


def changed(before: dict[str, int], after: dict[str, int]) -> set[str]:
    """The files that are new, or were written again."""
    return {name for name in after if before.get(name) != after[name]}


def test_a_study_leaves_everything(study: Study, outcome: Outcome) -> None:
    folder = outcome.page.parents[1]
    for name in study.configs:
        assert name in outcome.table
        assert (folder / name / "evaluation.json").exists()
        assert (folder / name / "explorer" / "explorer.json").exists()
        assert stored(folder)[name] == {"name": name, "folder": name, "status": "done"}
    assert outcome.failures == ()
    assert outcome.page == folder / "site" / "index.html"
    assert (folder / "figures/autoencoder-beside-vae.svg").exists()
    assert (folder / "cvae-2d/figures/class-samples.png").exists()
    assert not (folder / "cvae-2d/figures/neighbours.png").exists()
    assert not (folder / "mlp-vae/figures").exists()


def test_nothing_is_done_twice(study: Study, outcome: Outcome, finished: Path) -> None:
    before = snapshot(finished)
    again = run(study, finished)
    assert (again.table, again.failures) == (outcome.table, ())
    assert snapshot(finished) == before


def test_a_changed_setting_redoes_what_depends_on_it_and_nothing_else(
    study: Study, finished: Path
) -> None:
    before = snapshot(finished)
    weights = (finished / "mlp-vae/model.safetensors").read_bytes()
    other = tiny("mlp-vae", model__latent_size="3")
    run(replace(study, configs=study.configs | {"mlp-vae": other}), finished)
    touched = changed(before, snapshot(finished))
    assert {name.split("/")[0] for name in touched} == {"mlp-vae", "figures", "former"}
    assert latent_size(finished / "mlp-vae") == 3

    # The former run was put aside whole, and comes back without being trained or measured again.
    run(study, finished)
    assert latent_size(finished / "mlp-vae") == 10
    assert (finished / "mlp-vae/model.safetensors").read_bytes() == weights
    touched = changed(before, snapshot(finished))
    assert {name.split("/")[0] for name in touched} == {"figures", "former"}
    (aside,) = (finished / "former").iterdir()
    assert latent_size(aside) == 3


def latent_size(folder: Path) -> int:
    return json.loads((folder / "config.json").read_text())["model"]["latent_size"]


def test_other_metrics_are_measured_without_training_again(study: Study, finished: Path) -> None:
    before = snapshot(finished)
    run(replace(study, metrics=("losses", "image-quality")), finished)
    touched = changed(before, snapshot(finished))
    assert "mlp-vae/evaluation.json" in touched
    assert "mlp-vae/model.safetensors" not in touched
    assert "mlp-vae/explorer/explorer.json" not in touched


def test_one_failed_run_does_not_sink_the_study(
    light: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = tiny("mlp-vae", training__learning_rate="1e30")
    outcome = run(replace(light, configs=light.configs | {"mlp-vae": wild}), tmp_path)
    (line, figure) = outcome.failures
    assert line.startswith("mlp-vae: train failed: epoch 1, step ")
    assert "is not finite" in line
    assert figure.startswith("autoencoder-beside-vae failed: it takes two runs")
    assert "mlp-vae: train failed" in capsys.readouterr().err
    fate = stored(tmp_path)["mlp-vae"]
    assert (fate["status"], fate["step"]) == ("failed", "train")
    assert "is not finite" in fate["error"]
    assert stored(tmp_path)["autoencoder"]["status"] == "done"
    assert "mlp-vae" not in outcome.table
    assert "not finite" in outcome.page.read_text()

    # Put right, it is trained, and what was missing is drawn.
    outcome = run(light, tmp_path)
    assert outcome.failures == ()
    assert (tmp_path / "figures/autoencoder-beside-vae.png").exists()


def test_a_bug_in_one_step_is_told_and_kept(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(loaded: object, names: object) -> None:
        raise ZeroDivisionError("of 1 by 0")

    monkeypatch.setattr(steps, "draw_figures", broken)
    alone = {"cvae-2d": study.configs["cvae-2d"]}
    outcome = run(replace(study, configs=alone, comparisons={}), tmp_path)
    (line,) = outcome.failures
    assert line.startswith("cvae-2d: figures failed: ZeroDivisionError: of 1 by 0")
    assert "ZeroDivisionError" in (tmp_path / "failures/cvae-2d-figures.txt").read_text()
    # Its numbers stand all the same, and so does what needs no figure.
    assert "cvae-2d" in outcome.table
    assert (tmp_path / "cvae-2d/explorer/explorer.json").exists()
    assert stored(tmp_path)["cvae-2d"]["step"] == "figures"


def test_a_folder_in_the_way_of_one_run_is_its_failure(light: Study, tmp_path: Path) -> None:
    (tmp_path / "mlp-vae").mkdir()
    (tmp_path / "mlp-vae/precious.txt").write_text("mine")
    outcome = run(light, tmp_path)
    assert outcome.failures[0].startswith("mlp-vae: train failed")
    assert "is no run folder" in outcome.failures[0]
    assert (tmp_path / "mlp-vae/precious.txt").read_text() == "mine"


def test_without_any_result_there_is_no_page(study: Study, tmp_path: Path) -> None:
    wild = tiny("mlp-vae", training__learning_rate="1e30")
    alone = replace(study, configs={"wild": wild}, illustrated=(), comparisons={})
    with pytest.raises(InputError, match="no run of the study came to its end: wild: train"):
        run(alone, tmp_path)
    assert not (tmp_path / "site").exists()


def test_killed_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        """
        data = "wardrobe"
        metrics = ["losses"]
        [runs.first]
        preset = "mlp-vae"
        figures = false
        set = { "data.train_count" = 300, "data.test_count" = 100, "training.epochs" = 1 }
        [runs.second]
        preset = "mlp-vae"
        figures = false
        set = { "data.train_count" = 300, "data.test_count" = 100, "training.epochs" = 4000 }
        """
    )
    command = [sys.executable, "-m", "vaelab", "study", str(file), "--accelerator", "cpu"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    records = tmp_path / "runs/mine/second/metrics.jsonl"
    while not records.exists() or len(records.read_text().splitlines()) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = snapshot(tmp_path / "runs/mine/first")
    done = len(records.read_text().splitlines())

    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while len(records.read_text().splitlines()) < done + 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate()
    assert process.returncode == 130
    assert "the same command goes on" in messages
    assert snapshot(tmp_path / "runs/mine/first") == first
    assert [json.loads(line)["epoch"] for line in records.read_text().splitlines()] == list(
        range(1, len(records.read_text().splitlines()) + 1)
    )
    assert stored(tmp_path / "runs/mine")["first"]["status"] == "done"
    assert "interrupted" in stored(tmp_path / "runs/mine")["second"]["error"]


def test_a_run_whose_data_cannot_be_had_is_its_own_failure(
    light: Study, own_images: DataConfig, tmp_path: Path
) -> None:
    configs = {
        name: replace(config, data=replace(own_images, train_count=count))
        for (name, config), count in zip(light.configs.items(), (100, 5000), strict=True)
    }
    outcome = run(replace(light, configs=configs, comparisons={}, data=own_images), tmp_path)
    (line,) = outcome.failures
    assert line.startswith("mlp-vae: prepare failed: data.train_count must be from 1 to 270")
    assert "autoencoder" in outcome.table

    # The other asked for fewer images than the study has, and got them.
    config = json.loads((tmp_path / "autoencoder/config.json").read_text())
    assert config["data"]["train_count"] == 100
    expected = DataCard.of(load_data(replace(own_images, train_count=100)))
    assert config["data_card"]["train_fingerprint"] == expected.train_fingerprint


def test_images_without_labels_leave_out_what_needs_them(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (80, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=pixels)
    data = DataConfig(name="npz", path=str(tmp_path / "mine.npz"))
    configs = {
        name: replace(study.configs[name], data=DataConfig()) for name in ("mlp-vae", "cvae-2d")
    }
    unlabelled = replace(study, configs=configs, comparisons={}, data=data)
    outcome = run(unlabelled, tmp_path / "study")
    assert "cvae-2d is left out" in capsys.readouterr().err
    assert stored(tmp_path / "study")["cvae-2d"]["status"] == "left out"
    assert "cvae-2d" not in outcome.table
    assert "mlp-vae" in outcome.table


def test_without_fashion_mnist_the_study_goes_on_with_wardrobe(
    light: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise DataUnavailableError("Fashion-MNIST is not on disk and cannot be downloaded")

    monkeypatch.delenv("VAELAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fashion_mnist, "fetch", unavailable)
    alone = {"mlp-vae": light.configs["mlp-vae"]}
    study = replace(light, configs=alone, comparisons={}, data=replace(DATA, name="fashion-mnist"))
    outcome = run(study, tmp_path / "study")
    messages = capsys.readouterr().err
    assert "going on with the built-in wardrobe set" in messages
    assert outcome.page == tmp_path / "study-wardrobe/site/index.html"
    assert "wardrobe" in outcome.page.read_text()
    config = json.loads((tmp_path / "study-wardrobe/mlp-vae/config.json").read_text())
    assert config["data_card"]["name"] == "wardrobe"
    assert config["data"]["name"] == "wardrobe"


@pytest.mark.parametrize("name", STUDIES)
def test_named_studies_name_what_they_have(name: str) -> None:
    study = study_named(name)
    assert set(study.illustrated) <= study.configs.keys()
    assert set(study.left_out_figures) <= FIGURES.keys()
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
