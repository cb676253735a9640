"""Runs that are continued after their end, and runs that start from the weights of others."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import noise_images, tiny
from tests.training.test_fit import StopAfter, timeless
from vaelab import cli
from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.runs import Run, open_run, read_tensors
from vaelab.runs.derived import initial_weights_of
from vaelab.settings import with_settings
from vaelab.training import Hardware, continue_training, fit
from vaelab.training.derived import fit_prior

CPU = Hardware(accelerator="cpu")
WORDS = ("--accelerator", "cpu")


def train(config: Config, out: Path, dataset: Dataset, *observers: StopAfter) -> Run:
    return fit(config, out, dataset=dataset, hardware=CPU, show_progress=False, observers=observers)


def go_further(path: Path, more: int | None, dataset: Dataset, *observers: StopAfter) -> Run:
    return continue_training(
        open_run(path),
        more_epochs=more,
        dataset=dataset,
        hardware=CPU,
        show_progress=False,
        observers=observers,
    )


def left_by(run: Run) -> dict[str, Any]:
    """Records, weights and state, to the bit, but for the times."""
    return {
        "records": timeless(run),
        "weights": run.weights.read_bytes(),
        "checkpoint": (run.path / "checkpoint/tensors.safetensors").read_bytes(),
    }


@pytest.mark.parametrize("name", ["mlp-vae", "flagship", "conv-vae-warmup"])
def test_a_continued_run_equals_one_that_was_planned_so(
    name: str, tmp_path: Path, wardrobe: Dataset
) -> None:
    """Moments, averages, noise and order are resumed; the settings determine all of it."""
    config = tiny(name, training__epochs="2", training__schedule="cosine")
    train(config, tmp_path / "run", wardrobe)
    run = go_further(tmp_path / "run", 2, wardrobe)
    run = go_further(tmp_path / "run", 1, wardrobe)
    stored = json.loads((run.path / "config.json").read_text())["training"]
    assert (stored["epochs"], stored["continued_from_epochs"]) == (5, [2, 4])
    assert run.is_finished()
    assert [record["epoch"] for record in run.read_metrics()] == [1, 2, 3, 4, 5]
    planned = {"training.epochs": "5", "training.continued_from_epochs": "2,4"}
    whole = train(with_settings(config, planned), tmp_path / "whole", wardrobe)
    assert left_by(whole) == left_by(run)


def test_the_schedules_of_further_epochs_are_those_of_the_new_total(
    tmp_path: Path, wardrobe: Dataset
) -> None:
    config = tiny("mlp-vae", training__epochs="2", training__schedule="cosine")
    train(config, tmp_path / "run", wardrobe)
    run = go_further(tmp_path / "run", 2, wardrobe)
    straight = train(
        with_settings(config, {"training.epochs": "4"}), tmp_path / "straight", wardrobe
    )
    rates = [
        [record["schedule"]["learning_rate"] for record in each.read_metrics()]
        for each in (run, straight)
    ]
    assert rates[0][2:] == rates[1][2:]
    assert rates[0][1] < rates[0][2]


def test_killed_while_it_is_continued_the_same_call_resumes(
    tmp_path: Path, wardrobe: Dataset
) -> None:
    config = tiny("mlp-vae", training__epochs="1")
    for name in ("whole", "parts"):
        train(config, tmp_path / name, wardrobe)
    whole = go_further(tmp_path / "whole", 3, wardrobe)
    for last in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            go_further(tmp_path / "parts", 3, wardrobe, StopAfter(last))
        assert not open_run(tmp_path / "parts").is_finished()
    with pytest.raises(InputError, match=r"is not finished: `vaelab train .*` resumes it, up to"):
        go_further(tmp_path / "parts", 2, wardrobe)
    assert left_by(go_further(tmp_path / "parts", 3, wardrobe)) == left_by(whole)


def test_killed_before_its_first_further_epoch_it_is_not_finished(
    tmp_path: Path, wardrobe: Dataset
) -> None:
    """The new settings are written before the first checkpoint of the further epochs."""
    run = train(tiny("mlp-vae", training__epochs="1"), tmp_path / "run", wardrobe)
    values = json.loads((run.path / "config.json").read_text())
    values["training"] |= {"epochs": 2, "continued_from_epochs": [1]}
    (run.path / "config.json").write_text(json.dumps(values))
    assert not open_run(run.path).is_finished()
    assert len(go_further(run.path, 1, wardrobe).read_metrics()) == 2


def test_after_early_stopping_patience_starts_again(tmp_path: Path, wardrobe: Dataset) -> None:
    config = tiny(
        "mlp-vae",
        training__epochs="100",
        training__learning_rate="0.05",
        training__early_stopping_epochs="1",
    )
    run = train(config, tmp_path / "run", wardrobe)
    before = len(run.read_metrics())
    assert before < 100
    run = go_further(tmp_path / "run", 1, wardrobe)
    assert len(run.read_metrics()) == before + 1
    assert run.config.training.stages == (100, before + 1)
    whole = train(run.config, tmp_path / "whole", wardrobe)
    assert left_by(whole) == left_by(run)


def test_the_first_command_names_the_one_that_resumes_a_continued_run(
    tmp_path: Path, wardrobe: Dataset
) -> None:
    config = tiny("mlp-vae", training__epochs="1")
    train(config, tmp_path / "run", wardrobe)
    go_further(tmp_path / "run", 1, wardrobe)
    with pytest.raises(InputError, match=r"was continued to 2 epochs: `vaelab train .*` resumes"):
        train(config, tmp_path / "run", wardrobe)
    other = with_settings(config, {"training.batch_size": "32"})
    with pytest.raises(InputError, match=r"training\.batch_size: 64 / 32"):
        train(other, tmp_path / "run", wardrobe)


def test_a_derived_run_is_continued_without_its_parent(tmp_path: Path, wardrobe: Dataset) -> None:
    parent = train(tiny("mlp-vae", training__epochs="1"), tmp_path / "parent", wardrobe)
    changes = {"model.prior.layers": "2", "training.epochs": "1"}
    for prior, more in (("flow", changes), ("gmm", {"model.prior.components": "2"})):
        fit_prior(
            parent,
            prior,
            tmp_path / prior,
            changes=more,
            dataset=wardrobe,
            hardware=CPU,
            show_progress=False,
        )
    shutil.rmtree(parent.path)
    assert len(go_further(tmp_path / "flow", 1, wardrobe).read_metrics()) == 2
    with pytest.raises(InputError, match="fitted at once, without epochs"):
        go_further(tmp_path / "gmm", 1, wardrobe)
    assert go_further(tmp_path / "gmm", None, wardrobe).is_finished()


def test_a_run_is_continued_on_its_own_images_only(tmp_path: Path, wardrobe: Dataset) -> None:
    run = train(tiny("mlp-vae", training__epochs="1"), tmp_path / "run", wardrobe)
    noise = noise_images(60, (1, 28, 28), classes=10)
    with pytest.raises(InputError, match="name the right ones with --data-dir"):
        go_further(run.path, 1, Dataset(train=noise, test=noise, source="noise"))


def initial(config: Config, source: Path, out: Path) -> Config:
    return replace(config, initial_weights=initial_weights_of(source, out))


def test_a_run_starts_from_the_weights_of_another(tmp_path: Path, wardrobe: Dataset) -> None:
    source = train(tiny("mlp-vae"), tmp_path / "source", wardrobe)
    # A rate that changes no weight, on other images.
    config = tiny("mlp-vae", training__learning_rate="1e-30", seed="3", data__split_seed="1")
    run = train(initial(config, source.path, tmp_path / "run"), tmp_path / "run", wardrobe)
    before, after = (read_tensors(each.weights) for each in (source, run))
    assert all(torch.equal(before[name], after[name]) for name in before)
    stored = json.loads((run.path / "config.json").read_text())["initial_weights"]
    assert stored == {"run": "../source", "weights_fingerprint": source.weights_fingerprint()}


def test_it_resumes_when_the_source_is_gone(tmp_path: Path, wardrobe: Dataset) -> None:
    source = train(tiny("mlp-vae", training__epochs="1"), tmp_path / "source", wardrobe)
    config = tiny("mlp-vae", training__epochs="2")
    whole = train(initial(config, source.path, tmp_path / "whole"), tmp_path / "whole", wardrobe)
    out = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        train(initial(config, source.path, out), out, wardrobe, StopAfter(1))
    source.path.rename(tmp_path / "elsewhere")
    for named in (source.path, tmp_path / "elsewhere"):
        assert initial(config, named, out) == open_run(out).config
    assert left_by(train(initial(config, source.path, out), out, wardrobe)) == left_by(whole)


def test_other_weights_than_named_are_refused(tmp_path: Path, wardrobe: Dataset) -> None:
    source = train(tiny("mlp-vae", training__epochs="1"), tmp_path / "source", wardrobe)
    config = initial(tiny("mlp-vae"), source.path, tmp_path / "run")
    go_further(source.path, 1, wardrobe)
    with pytest.raises(InputError, match=r"has other weights than .* was to start from"):
        train(config, tmp_path / "run", wardrobe)
    assert not (tmp_path / "run").exists()
    again = initial(tiny("mlp-vae"), source.path, tmp_path / "run")
    assert train(again, tmp_path / "run", wardrobe).is_finished()


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("mlp-vae", {"model.latent_size": "3"}, r"model\.latent_size: 10 / 3"),
        ("conv-vae", {}, r"model\.network\.kind: mlp / conv"),
        (
            "mlp-vae",
            {"model.likelihood": "gaussian-learned"},
            r"model\.likelihood\.kind: bernoulli /",
        ),
    ],
)
def test_weights_of_another_model_are_refused_with_what_differs(
    name: str,
    changes: dict[str, str],
    message: str,
    trained: Any,
    tmp_path: Path,
    wardrobe: Dataset,
) -> None:
    config = with_settings(tiny(name), changes)
    source = trained["mlp-vae"].path
    with pytest.raises(InputError, match=message):
        train(initial(config, source, tmp_path / "run"), tmp_path / "run", wardrobe)
    assert not (tmp_path / "run").exists()


def test_weights_for_images_of_another_size_are_refused(trained: Any, tmp_path: Path) -> None:
    noise = noise_images(60, (1, 14, 14), classes=10)
    config = initial(tiny("mlp-vae"), trained["mlp-vae"].path, tmp_path / "run")
    with pytest.raises(InputError, match=r"shape of the images: \(1, 28, 28\) / \(1, 14, 14\)"):
        train(config, tmp_path / "run", Dataset(train=noise, test=noise, source="noise"))


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What a command prints, or its one line of refusal."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, is_refused: bool = False) -> str:
        capsys.readouterr()
        if not is_refused:
            cli.main(words)
            return capsys.readouterr().out
        with pytest.raises(SystemExit) as stop:
            cli.main(words)
        assert stop.value.code == 2
        captured = capsys.readouterr()
        assert not captured.out
        (line,) = captured.err.splitlines()
        return line

    return run


def test_from_the_command_line(command: Callable[..., str]) -> None:
    small = ("--data", "wardrobe", "--set", "data.train_count=200", "data.test_count=50")
    small = (*small, "model.network.widths=16", "training.epochs=1")
    command("train", "mlp-vae", *WORDS, *small)
    said = command("train", "runs/mlp-vae", "--more-epochs", "2", *WORDS)
    assert "of 3, validation" in said
    # The run is finished, so this only reports.
    assert command("train", "runs/mlp-vae", *WORDS) == said
    new = ("--from", "runs/mlp-vae", "--out", "runs/new", *WORDS)
    assert "of 1, validation" in command("train", "mlp-vae", *new, *small)
    assert "of 1, validation" in command("train", "mlp-vae", *new, *small)
    config = json.loads(Path("runs/new/config.json").read_text())
    assert config["initial_weights"]["run"] == "../mlp-vae"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mlp-vae", "--more-epochs", "2"], "--more-epochs continues a run: name a run folder"),
        (["RUN", "--more-epochs", "0"], "--more-epochs must be at least 1"),
        (["RUN", "--set", "seed=1"], "is a run folder and keeps its settings"),
        (["RUN", "--from", "RUN"], "is a run folder and keeps its settings"),
        (["mlp-vae", "--from", "nowhere"], "nowhere is not a run folder"),
        (["classifier", "--from", "RUN"], "--from is for models"),
    ],
)
def test_commands_that_make_no_sense_are_refused(
    arguments: list[str], message: str, trained: Any, command: Callable[..., str]
) -> None:
    path = str(trained["mlp-vae"].path)
    typed = [path if each == "RUN" else each for each in arguments]
    assert message in command("train", *typed, *WORDS, is_refused=True)
    assert not Path("runs").exists()
