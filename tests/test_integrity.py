"""Numbers, weights and folders belong together: what does not is noticed and said."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import tiny
from tests.report.stored_runs import draw_figure
from vaelab.comparison import compare
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.explorer import read_explorer, write_explorer
from vaelab.export import OnnxModel
from vaelab.figures import draw_figures
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.report import build_site
from vaelab.runs import Run, open_run
from vaelab.settings import with_settings
from vaelab.training import Hardware, continue_training, fit
from vaelab.training.derived import fit_prior, train_derived

CPU = Hardware(accelerator="cpu")


@pytest.fixture
def run(trained: Any, tmp_path: Path) -> Run:
    """A finished run that a test may change."""
    return open_run(shutil.copytree(trained["mlp-vae"].path, tmp_path / "runs" / "mlp-vae"))


@pytest.fixture
def other(trained: Any, wardrobe: Dataset, tmp_path: Path) -> Run:
    """A finished run with other weights of the same shapes."""
    return fit(tiny("mlp-vae", seed="1"), tmp_path / "other", dataset=wardrobe, show_progress=False)


def new_weights(run: Run) -> str:
    """Replace the weights as a training does; returns their fingerprint."""
    run.save_weights({name: value + 1e-3 for name, value in run.read_weights().tensors.items()})
    return run.weights_fingerprint()


def content(folder: Path) -> dict[Path, bytes]:
    """The content of each file, but for locks."""
    return {
        path: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def trained_again(run: Run, dataset: Dataset) -> Run:
    return fit(run.config, run.path, dataset=dataset, hardware=CPU, show_progress=False)


def test_numbers_are_filed_under_the_weights_that_were_loaded(
    run: Run, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = LoadedRun(run, dataset=wardrobe)
    measured, compute = run.weights_fingerprint(), evaluate.__globals__["compute"]

    def replaced_meanwhile(*arguments: Any, **options: Any) -> Any:
        new_weights(run)
        return compute(*arguments, **options)

    monkeypatch.setitem(evaluate.__globals__, "compute", replaced_meanwhile)
    evaluate(loaded, metrics=["losses"])
    stored = json.loads((run.path / "evaluation.json").read_text())
    assert stored["weights_fingerprint"] == measured != run.weights_fingerprint()
    assert run.read_evaluation() == {}
    assert "are of other weights" in run.stale_evaluation()


def test_numbers_of_newer_weights_are_not_overwritten(
    run: Run, wardrobe: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    older = LoadedRun(run, dataset=wardrobe)
    _ = older.model
    newer = new_weights(run)
    evaluate(LoadedRun(run, dataset=wardrobe), metrics=["losses"])
    before = run.read_evaluation()
    evaluate(older, metrics=["losses"])
    assert "the numbers of the former weights are not stored" in capsys.readouterr().err
    assert run.read_evaluation() == before
    assert before["weights_fingerprint"] == newer


def test_stale_numbers_are_in_no_comparison(
    run: Run, other: Run, wardrobe: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in (run, other):
        evaluate(LoadedRun(each, dataset=wardrobe), metrics=["losses"])
    new_weights(run)
    (table,) = compare([run, other]).tables
    assert [row.name for row in table.rows] == ["other"]
    assert f"left out: the stored numbers of {run.path} are of other" in capsys.readouterr().err
    with pytest.raises(InputError, match=f"run `vaelab evaluate {re.escape(str(run.path))}`"):
        compare([run])
    evaluate(LoadedRun(run, dataset=wardrobe), metrics=["losses"])
    (table,) = compare([run, other]).tables
    assert len(table.rows) == 2


def test_stale_numbers_and_figures_are_not_on_the_page(
    run: Run, wardrobe: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = LoadedRun(run, dataset=wardrobe)
    evaluate(loaded, metrics=["losses"])
    draw_figures(loaded, ["samples"])
    site = build_site(run.path.parent).parent
    value = f"{run.read_evaluation()['metrics']['negative_elbo']['value']:.2f}"
    assert value in (site / "runs" / "mlp-vae.html").read_text()
    assert (site / "figures" / "mlp-vae" / "samples.png").exists()
    new_weights(run)
    build_site(run.path.parent)
    page = (site / "runs" / "mlp-vae.html").read_text()
    assert value not in (site / "index.html").read_text()
    assert "are of other weights" in page
    assert not (site / "figures" / "mlp-vae" / "samples.png").exists()
    assert "samples.png shows other weights than its runs have now" in capsys.readouterr().err


def test_the_explorer_belongs_to_the_weights_that_were_loaded(
    run: Run, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = LoadedRun(run, dataset=wardrobe)

    def export(_: LoadedRun) -> OnnxModel:
        new_weights(run)
        return OnnxModel(b"encoder", b"decoder", b"prior")

    monkeypatch.setattr("vaelab.explorer.writing.to_onnx", export)
    _ = loaded.model
    write_explorer(loaded)
    with pytest.raises(InputError, match="belongs to other weights"):
        read_explorer(run)


def overwritten(run: Run, kind: str, other: Run) -> None:
    """Change a run's weights in a way that no training does."""
    file = run.weights
    tensors = load_file(file)
    if kind == "random":
        save_file({name: torch.randn_like(value) for name, value in tensors.items()}, file)
    elif kind == "of another run":
        shutil.copy(other.weights, file)
    elif kind == "not finite":
        save_file({name: value / 0 for name, value in tensors.items()}, file)
    elif kind == "of another type":
        save_file({name: value.half() for name, value in tensors.items()}, file)
    elif kind == "flipped":
        content = bytearray(file.read_bytes())
        content[-5] ^= 1
        file.write_bytes(content)
    else:
        file.unlink()


@pytest.mark.parametrize(
    "kind",
    ["random", "of another run", "not finite", "of another type", "flipped", "missing"],
)
def test_overwritten_weights_are_refused_and_restored(
    kind: str, run: Run, other: Run, wardrobe: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    before = run.weights.read_bytes()
    overwritten(run, kind, other)
    assert not run.is_finished()
    with pytest.raises(InputError) as caught:
        load_run(run.path, dataset=wardrobe)
    assert "vaelab train" in str(caught.value)
    trained_again(run, wardrobe)
    assert run.weights.read_bytes() == before
    assert "is restored from the checkpoint" in capsys.readouterr().err
    assert run.is_finished()


def test_the_best_weights_are_restored_not_the_last(
    tmp_path: Path, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny("mlp-vae", training__epochs="3")
    losses = iter([2.0, 1.0, 3.0])

    def selection(*_: Any) -> float:
        return next(losses)

    monkeypatch.setattr("vaelab.objectives.elbo.Elbo.selection", selection)
    run = fit(config, tmp_path / "run", dataset=wardrobe, show_progress=False)
    before = run.weights.read_bytes()
    run.weights.unlink()
    trained_again(run, wardrobe)
    assert run.weights.read_bytes() == before


def test_records_come_from_the_checkpoint(
    run: Run, wardrobe: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    file = run.path / "metrics.jsonl"
    before, records = file.read_bytes(), run.read_metrics()
    file.unlink()
    assert run.read_metrics() == records
    assert "mlp-vae" in repr(run)
    trained_again(run, wardrobe)
    assert "metrics.jsonl was missing or damaged and is restored" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.posix
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_training_writes_into_no_other_folder(
    is_replaced: bool, trained: Any, tmp_path: Path, wardrobe: Dataset
) -> None:
    """Moved away after the first epoch; in the second case another run is begun under its name."""
    path, moved = tmp_path / "run", tmp_path / "moved"

    class Mover:
        def on_step(self) -> None:
            pass

        def on_epoch(self, record: dict[str, Any], model: Any) -> None:
            if record["epoch"] == 1:
                path.rename(moved)
                if is_replaced:
                    shutil.copytree(trained["autoencoder"].path, path)

    with pytest.raises(InputError, match="no longer the folder that the run began in"):
        fit(
            tiny("mlp-vae"),
            path,
            dataset=wardrobe,
            show_progress=False,
            observers=[Mover()],
        )
    if is_replaced:
        for file in ("model.safetensors", "metrics.jsonl", "config.json"):
            assert (path / file).read_bytes() == (trained["autoencoder"].path / file).read_bytes()
        shutil.rmtree(path)
    assert not path.exists()
    moved.rename(path)
    resumed = fit(tiny("mlp-vae"), path, dataset=wardrobe, show_progress=False)
    assert resumed.weights.read_bytes() == trained["mlp-vae"].weights.read_bytes()


@pytest.mark.parametrize("kind", ["../../../thesis", "/etc/cron.d/job", "labels", "a/b"])
def test_names_in_an_explorer_lead_nowhere(
    kind: str, run: Run, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx = OnnxModel(b"encoder", b"decoder", b"prior")
    monkeypatch.setattr("vaelab.explorer.writing.to_onnx", lambda _: onnx)
    write_explorer(LoadedRun(run, dataset=wardrobe))
    file = run.path / "explorer" / "explorer.json"
    record = json.loads(file.read_text())
    record["maps"][0]["kind"] = kind
    file.write_text(json.dumps(record))
    before = set(run.path.parent.parent.rglob("*"))
    site = build_site(run.path.parent).parent
    added = set(run.path.parent.parent.rglob("*")) - before
    assert all(
        path == site or site in path.parents for path in added - {site.parent / ".site.lock"}
    )
    assert not (site / "explorer").exists()


@pytest.mark.parametrize("folder", ["../outside", "/", "..", "mlp-vae/../../outside"])
def test_a_study_names_only_its_folders(folder: str, run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "outside")
    study = run.path.parent
    names = [{"name": "mine", "folder": "mlp-vae"}, {"name": "theirs", "folder": folder}]
    (study / "study.json").write_text(json.dumps({"runs": names}))
    index = build_site(study).read_text()
    assert "lies outside of" in index or "is not a run folder" in index
    assert not (study / "site" / "runs" / "theirs.html").exists()


@pytest.mark.posix
def test_a_figure_that_is_a_link_out_is_not_published(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    study = run.path.parent
    (study / "figures").mkdir()
    draw_figure(secret)
    os.symlink(secret, study / "figures" / "rate-distortion.png")  # noqa: PTH211
    (study / "study.json").write_text(json.dumps({"comparisons": {"rate-distortion": ["mlp-vae"]}}))
    build_site(study)
    assert not (study / "site" / "figures" / "rate-distortion.png").exists()


def test_numbers_after_more_epochs_are_those_of_the_weights(run: Run, wardrobe: Dataset) -> None:
    evaluate(LoadedRun(run, dataset=wardrobe), metrics=["losses"])
    before = run.weights_fingerprint()
    continued = continue_training(
        run, more_epochs=3, dataset=wardrobe, hardware=CPU, show_progress=False
    )
    assert continued.weights_fingerprint() != before
    assert continued.read_evaluation() == {}


def test_a_fitted_prior_is_restored_with_its_networks(run: Run, wardrobe: Dataset) -> None:
    out = run.path.parent / "gmm"
    changes = {"model.prior.components": "3"}
    options: Any = {"changes": changes, "dataset": wardrobe, "show_progress": False}
    derived = fit_prior(run, "gmm", out, **options)
    before = derived.weights.read_bytes()
    assert derived.is_finished()
    assert len(derived.read_metrics()) == 1
    assert "1 of 1" in repr(derived)
    for path in (derived.weights, derived.records_file):
        path.unlink()
    shutil.rmtree(run.path)  # the parent is not needed
    train_derived(derived.config, out, dataset=wardrobe, show_progress=False)
    assert derived.weights.read_bytes() == before
    assert derived.records_file.exists()


@pytest.mark.parametrize("settings", [{}, {"objective.beta": "2"}])
def test_a_run_without_its_checkpoint_is_not_trained_over(
    settings: dict[str, str], run: Run, wardrobe: Dataset
) -> None:
    for name in ("checkpoint", "checkpoint.before"):
        shutil.rmtree(run.path / name)
    before = content(run.path)
    with pytest.raises(InputError, match="holds a run without its checkpoint"):
        fit(with_settings(run.config, settings), run.path, dataset=wardrobe, show_progress=False)
    assert content(run.path) == before
    assert load_run(run.path, dataset=wardrobe).model


@pytest.mark.parametrize(
    "setting", ["data.split_seed=5", "data.binarize=true", "training.learning_rate=0.01", "seed=3"]
)
def test_weights_belong_to_their_settings(setting: str, run: Run, wardrobe: Dataset) -> None:
    config = with_settings(run.config, dict([setting.split("=")]))
    other = fit(config, run.path.parent / "other", dataset=wardrobe, show_progress=False)
    shutil.copy(run.weights, other.weights)
    with pytest.raises(InputError, match="belongs to another configuration"):
        other.load_model()


def test_runs_that_were_moved_or_renamed_keep_their_weights(run: Run, tmp_path: Path) -> None:
    moved = run.path.rename(tmp_path / "elsewhere")
    assert open_run(moved).is_finished()


def test_leftovers_of_killed_processes_do_not_stop_a_training(run: Run, wardrobe: Dataset) -> None:
    (run.path / ".explorer.0123abcd.partial" / "inner").mkdir(parents=True)
    (run.path / ".model.0123abcd.partial.safetensors").write_bytes(b"half")
    (run.path / ".notes.partial.md").write_text("mine")
    continued = continue_training(
        run, more_epochs=1, dataset=wardrobe, hardware=CPU, show_progress=False
    )
    assert continued.is_finished()
    assert not (run.path / ".model.0123abcd.partial.safetensors").exists()
    assert (run.path / ".notes.partial.md").read_text() == "mine"


def test_a_loaded_run_shows_the_numbers_of_its_weights(run: Run, wardrobe: Dataset) -> None:
    loaded = LoadedRun(run, dataset=wardrobe)
    evaluate(loaded, metrics=["losses"])
    assert loaded.read_evaluation()["metrics"]
    new_weights(run)
    evaluate(LoadedRun(run, dataset=wardrobe), metrics=["losses"])
    assert loaded.read_evaluation() == {}
    assert "not evaluated yet" in loaded._repr_html_()


@pytest.mark.posix
def test_a_damaged_checkpoint_hides_no_records(run: Run) -> None:
    records = run.read_metrics()
    for name in ("checkpoint", "checkpoint.before"):
        (run.path / name / "state.json").write_text("{}")
    assert run.read_metrics() == records
