"""Studies: finished steps are skipped, failures stay with their run, wardrobe is the fallback."""

import json
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.commands import Started
from tests.conftest import tiny
from vaelab.config import DataConfig
from vaelab.data import DataUnavailableError, fashion_mnist, load_data
from vaelab.derived_settings import settings_with_prior
from vaelab.errors import InputError
from vaelab.evaluation import METRICS, MetricValue
from vaelab.figures import COMPARISON_FIGURES, FIGURES
from vaelab.loaded_run import LoadedRun
from vaelab.presets import BETA_SWEEP, PRESETS
from vaelab.runs import DataCard
from vaelab.settings import describe_fields
from vaelab.studies import (
    STUDIES,
    DerivedRun,
    Study,
    StudyResult,
    pace,
    run_study,
    steps,
    study_named,
)
from vaelab.training import Hardware

CPU = Hardware(accelerator="cpu")
DATA = DataConfig(name="wardrobe", train_count=300, test_count=100)
NAMES = ("autoencoder", "mlp-vae", "cvae-2d")


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(
        name="small",
        configs={name: tiny(name) for name in NAMES},
        runs_with_figures=("cvae-2d",),
        excluded_figures=("memorization",),
        comparisons={"autoencoder-vs-vae": ("autoencoder", "mlp-vae")},
        metrics=("losses",),
        data=DATA,
    )


@pytest.fixture(scope="module")
def light(study: Study) -> Study:
    """Without the run that is runs_with_figures, which takes most of the time."""
    configs = {name: study.configs[name] for name in ("autoencoder", "mlp-vae")}
    return replace(study, configs=configs, runs_with_figures=())


@pytest.fixture(scope="module")
def own_images(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    """A file of 300 images, some for testing."""
    path = tmp_path_factory.mktemp("images") / "mine.npz"
    pixels = np.random.default_rng(0).integers(0, 256, (300, 28, 28), dtype=np.uint8)
    np.savez(path, images=pixels, labels=np.arange(300) % 3)
    return DataConfig(name="npz", path=str(path))


def run(study: Study, out: Path) -> StudyResult:
    return run_study(study, out, data_dir=None, hardware=CPU, command="vaelab study small.toml")


@pytest.fixture(scope="module")
def result(study: Study, tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """The study, executed once for all tests, which work on copies."""
    return run(study, tmp_path_factory.mktemp("study") / "small")


@pytest.fixture
def finished(result: StudyResult, tmp_path: Path) -> Path:
    """The folder of a finished study."""
    return Path(shutil.copytree(result.page.parents[1], tmp_path / "small"))


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


def test_a_study_makes_all_outputs(study: Study, result: StudyResult) -> None:
    folder = result.page.parents[1]
    for name in study.configs:
        assert name in result.table
        assert (folder / name / "evaluation.json").exists()
        assert (folder / name / "explorer" / "explorer.json").exists()
        assert stored(folder)[name] == {
            "name": name,
            "folder": name,
            "notes": [],
            "status": "finished",
        }
    assert result.failures == ()
    assert result.page == folder / "site" / "index.html"
    assert (folder / "figures/autoencoder-vs-vae.svg").exists()
    assert (folder / "cvae-2d/figures/class-samples.png").exists()
    assert not (folder / "cvae-2d/figures/memorization.png").exists()
    assert not (folder / "mlp-vae/figures").exists()


def test_finished_steps_are_skipped(study: Study, result: StudyResult, finished: Path) -> None:
    before = snapshot(finished)
    again = run(study, finished)
    assert (again.table, again.failures) == (result.table, ())
    assert snapshot(finished) == before


def test_a_changed_setting_repeats_only_the_steps_that_depend_on_it(
    study: Study, finished: Path
) -> None:
    before = snapshot(finished)
    weights = (finished / "mlp-vae/model.safetensors").read_bytes()
    other = tiny("mlp-vae", model__latent_size="3")
    run(replace(study, configs=study.configs | {"mlp-vae": other}), finished)
    touched = changed(before, snapshot(finished))
    assert {name.split("/")[0] for name in touched} == {"mlp-vae", "figures", "archive"}
    assert latent_size(finished / "mlp-vae") == 3

    # The archived run comes back without being trained or evaluated again.
    run(study, finished)
    assert latent_size(finished / "mlp-vae") == 10
    assert (finished / "mlp-vae/model.safetensors").read_bytes() == weights
    touched = changed(before, snapshot(finished))
    assert {name.split("/")[0] for name in touched} == {"figures", "archive"}
    (archived,) = (finished / "archive").iterdir()
    assert latent_size(archived) == 3


def latent_size(folder: Path) -> int:
    return json.loads((folder / "config.json").read_text())["model"]["latent_size"]


def test_other_metrics_are_computed_without_training_again(study: Study, finished: Path) -> None:
    before = snapshot(finished)
    run(replace(study, metrics=("losses", "image-quality")), finished)
    touched = changed(before, snapshot(finished))
    assert "mlp-vae/evaluation.json" in touched
    assert "mlp-vae/model.safetensors" not in touched
    assert "mlp-vae/explorer/explorer.json" not in touched


def test_a_failed_run_does_not_stop_the_study(
    light: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = tiny("mlp-vae", training__learning_rate="1e30")
    result = run(replace(light, configs=light.configs | {"mlp-vae": wild}), tmp_path)
    (line,) = result.failures
    (figure,) = result.notes
    assert line.startswith("mlp-vae: train failed: epoch 1, step ")
    assert "is not finite" in line
    assert figure.startswith("autoencoder-vs-vae failed: it compares at least two runs")
    assert "mlp-vae: train failed" in capsys.readouterr().err
    status = stored(tmp_path)["mlp-vae"]
    assert (status["status"], status["step"]) == ("failed", "train")
    assert "is not finite" in status["error"]
    assert stored(tmp_path)["autoencoder"]["status"] == "finished"
    assert "mlp-vae" not in result.table
    assert "not finite" in result.page.read_text()

    # With the right setting it is trained, and the missing figure is drawn.
    result = run(light, tmp_path)
    assert result.failures == ()
    assert (tmp_path / "figures/autoencoder-vs-vae.png").exists()


def test_a_failed_figure_is_a_note_and_its_traceback_is_kept(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = steps.draw_figures

    def broken(loaded: LoadedRun, names: Sequence[str]) -> list[Path]:
        if names == ["curves"]:
            raise ZeroDivisionError("of 1 by 0")
        return draw(loaded, names)

    monkeypatch.setattr(steps, "draw_figures", broken)
    alone = {"cvae-2d": study.configs["cvae-2d"]}
    result = run(replace(study, configs=alone, comparisons={}), tmp_path)
    assert result.failures == ()
    (line,) = result.notes
    assert line.startswith("cvae-2d: figures incomplete: curves: ZeroDivisionError: of 1 by 0")
    trace = tmp_path / "failures/cvae-2d-figures-curves.txt"
    assert "ZeroDivisionError" in trace.read_text()
    assert "cvae-2d" in result.table
    assert (tmp_path / "cvae-2d/figures/class-samples.png").exists()
    assert (tmp_path / "cvae-2d/explorer/explorer.json").exists()
    assert stored(tmp_path)["cvae-2d"]["status"] == "finished"
    assert line == f"cvae-2d: {stored(tmp_path)['cvae-2d']['notes'][0]}"


def test_a_failed_metric_is_a_note_and_the_others_are_computed(
    light: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(context: object) -> dict[str, MetricValue]:
        raise ZeroDivisionError("no pixels")

    metric = replace(METRICS["image-quality"], compute=broken)
    monkeypatch.setitem(METRICS, "image-quality", metric)
    study = replace(light, metrics=("losses", "image-quality"), comparisons={})
    result = run(study, tmp_path)
    assert result.failures == ()
    note = "evaluate incomplete: image-quality: ZeroDivisionError: no pixels"
    assert [line.partition(note)[0] for line in result.notes] == ["autoencoder: ", "mlp-vae: "]
    evaluation = json.loads((tmp_path / "mlp-vae/evaluation.json").read_text())
    assert "negative_elbo" in evaluation["metrics"]
    assert (tmp_path / "mlp-vae/explorer/explorer.json").exists()


def test_a_metric_that_is_not_defined_here_is_left_out_and_not_tried_again(
    light: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def undefined(context: object) -> dict[str, MetricValue]:
        calls.append(context)
        raise InputError("the images are too small")

    metric = replace(METRICS["image-quality"], compute=undefined)
    monkeypatch.setitem(METRICS, "image-quality", metric)
    study = replace(light, metrics=("losses", "image-quality"), comparisons={})
    for _ in range(2):
        result = run(study, tmp_path)
        assert (result.failures, result.notes) == ((), ())
    assert len(calls) == len(study.configs)
    evaluation = json.loads((tmp_path / "mlp-vae/evaluation.json").read_text())
    assert evaluation["left_out"]["image-quality"] == "the images are too small"
    page = (tmp_path / "site/runs/mlp-vae.html").read_text()
    assert "Metric image-quality: the images are too small" in page


def test_a_foreign_folder_fails_its_run_alone(light: Study, tmp_path: Path) -> None:
    (tmp_path / "mlp-vae").mkdir()
    (tmp_path / "mlp-vae/precious.txt").write_text("mine")
    result = run(light, tmp_path)
    assert result.failures[0].startswith("mlp-vae: train failed")
    assert "is not a run folder" in result.failures[0]
    assert (tmp_path / "mlp-vae/precious.txt").read_text() == "mine"


def test_a_study_whose_runs_all_failed_has_no_report(study: Study, tmp_path: Path) -> None:
    wild = tiny("mlp-vae", training__learning_rate="1e30")
    alone = replace(study, configs={"wild": wild}, runs_with_figures=(), comparisons={})
    with pytest.raises(InputError, match="all runs of the study failed: wild: train"):
        run(alone, tmp_path)
    assert not (tmp_path / "site").exists()


@pytest.mark.posix
def test_a_killed_study_is_resumed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        """
        data = { name = "wardrobe", train_count = 300, test_count = 100 }
        metrics = ["losses"]
        [runs.first]
        preset = "mlp-vae"
        figures = false
        set = { "training.epochs" = 1 }
        [runs.second]
        preset = "mlp-vae"
        figures = false
        set = { "training.epochs" = 4000 }
        """
    )
    command = ("-m", "vaelab", "study", file, "--accelerator", "cpu")
    process = Started(*command, cwd=tmp_path)
    records = tmp_path / "runs/mine/second/metrics.jsonl"
    while not records.exists() or len(records.read_text().splitlines()) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    first = snapshot(tmp_path / "runs/mine/first")
    done = len(records.read_text().splitlines())

    process = Started(*command, cwd=tmp_path)
    while len(records.read_text().splitlines()) < done + 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stopped = process.wait()
    assert stopped.returncode == 130
    assert "the same command" in stopped.stderr
    assert snapshot(tmp_path / "runs/mine/first") == first
    assert [json.loads(line)["epoch"] for line in records.read_text().splitlines()] == list(
        range(1, len(records.read_text().splitlines()) + 1)
    )
    assert stored(tmp_path / "runs/mine")["first"]["status"] == "finished"
    assert "interrupted" in stored(tmp_path / "runs/mine")["second"]["error"]


def test_unusable_data_of_one_run_fails_that_run_alone(
    light: Study, own_images: DataConfig, tmp_path: Path
) -> None:
    configs = {
        name: replace(config, data=replace(own_images, train_count=count))
        for (name, config), count in zip(light.configs.items(), (100, 5000), strict=True)
    }
    result = run(replace(light, configs=configs, comparisons={}, data=own_images), tmp_path)
    (line,) = result.failures
    assert line.startswith("mlp-vae: prepare failed: data.train_count must be from 1 to 270")
    assert "autoencoder" in result.table

    # The other asked for fewer images than the study has, and got them.
    config = json.loads((tmp_path / "autoencoder/config.json").read_text())
    assert config["data"]["train_count"] == 100
    expected = DataCard.of(load_data(replace(own_images, train_count=100)))
    assert config["data_card"]["train_fingerprint"] == expected.train_fingerprint


def test_conditional_runs_are_left_out_without_labels(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (80, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=pixels)
    data = DataConfig(name="npz", path=str(tmp_path / "mine.npz"))
    configs = {
        name: replace(study.configs[name], data=DataConfig()) for name in ("mlp-vae", "cvae-2d")
    }
    unlabeled = replace(study, configs=configs, comparisons={}, data=data)
    result = run(unlabeled, tmp_path / "study")
    assert "cvae-2d is left out" in capsys.readouterr().err
    assert stored(tmp_path / "study")["cvae-2d"]["status"] == "left out"
    assert "cvae-2d" not in result.table
    assert "mlp-vae" in result.table


def test_without_fashion_mnist_the_study_uses_wardrobe(
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
    result = run(study, tmp_path / "study")
    messages = capsys.readouterr().err
    assert "using the built-in wardrobe images instead" in messages
    assert result.page == tmp_path / "study-wardrobe/site/index.html"
    assert "wardrobe" in result.page.read_text()
    config = json.loads((tmp_path / "study-wardrobe/mlp-vae/config.json").read_text())
    assert config["data_card"]["name"] == "wardrobe"
    assert config["data"]["name"] == "wardrobe"


def test_a_prior_is_fitted_to_another_run_and_fitted_again_after_that_changes(
    light: Study, tmp_path: Path
) -> None:
    gmm = DerivedRun(parent="autoencoder", prior="gmm", changes={"model.prior.components": "3"})
    study = replace(light, derived={"autoencoder-gmm": gmm}, comparisons={})
    result = run(study, tmp_path)
    assert (result.failures, result.notes) == ((), ())
    assert "autoencoder-gmm" in result.table
    config = json.loads((tmp_path / "autoencoder-gmm/config.json").read_text())
    assert config["parent"]["run"] == "../autoencoder"
    before = snapshot(tmp_path)
    run(study, tmp_path)
    assert snapshot(tmp_path) == before

    other = tiny("autoencoder", model__latent_size="3")
    run(replace(study, configs=study.configs | {"autoencoder": other}), tmp_path)
    assert latent_size(tmp_path / "autoencoder-gmm") == 3
    names = {path.name.rpartition("-")[0] for path in (tmp_path / "archive").iterdir()}
    assert names == {"autoencoder", "autoencoder-gmm"}


def test_a_derived_run_of_a_failed_run_is_left_out(light: Study, tmp_path: Path) -> None:
    wild = tiny("mlp-vae", training__learning_rate="1e30")
    study = replace(
        light,
        configs=light.configs | {"mlp-vae": wild},
        derived={
            "gmm": DerivedRun(parent="mlp-vae", prior="gmm"),
            "again": DerivedRun(parent="gmm", prior="flow"),
        },
        comparisons={},
    )
    result = run(study, tmp_path)
    assert [line.partition(":")[0] for line in result.failures] == ["mlp-vae"]
    assert stored(tmp_path)["gmm"]["status"] == "left out"
    assert stored(tmp_path)["gmm"]["error"] == "the run mlp-vae, its parent, has no results"
    assert stored(tmp_path)["again"]["status"] == "left out"


@pytest.mark.parametrize("name", STUDIES)
def test_built_in_studies_name_existing_runs_and_figures(name: str) -> None:
    study = study_named(name)
    assert set(study.runs_with_figures) <= study.configs.keys()
    assert set(study.excluded_figures) <= FIGURES.keys()
    assert study.comparisons.keys() <= COMPARISON_FIGURES.keys()
    for runs in study.comparisons.values():
        assert set(runs) <= study.configs.keys()
    for name, derived in study.derived.items():
        assert derived.parent in study.run_names[: study.run_names.index(name)]
        assert settings_with_prior(study.configs[derived.parent], derived.prior, derived.changes)


def test_a_shortened_study_says_how_to_measure_its_pace_again(
    light: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(pace, "estimated_seconds", lambda *_: 2.0)
    one = {"mlp-vae": light.configs["mlp-vae"]}
    run(replace(light, configs=one, comparisons={}, training_seconds=1.0), tmp_path / "study")
    said = capsys.readouterr().err
    assert "trained for 50.0% of the planned epochs" in said
    assert f"delete {tmp_path / 'study' / 'pace.json'} and repeat the command" in said
    assert (tmp_path / "study" / "pace.json").exists()


def test_the_full_study_has_every_preset_and_the_whole_beta_sweep() -> None:
    study = study_named("full")
    assert study.configs.keys() >= PRESETS.keys() - {"beta-vae"}
    sweep = [study.configs[name] for name in study.comparisons["rate-distortion"]]
    betas = [float(dict(describe_fields(run))["objective.beta"]) for run in sweep]
    assert sorted(betas) == list(BETA_SWEEP)
    for name, run in study.configs.items():
        if name in PRESETS:
            assert run == PRESETS[name]()
