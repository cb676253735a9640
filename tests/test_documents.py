"""JSON, settings and options with numbers and texts that Python or PyTorch cannot process."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import TrainedRuns
from tests.data.data_files import refused
from vaelab import cli
from vaelab.documents import LARGEST_INTEGER, parse_json
from vaelab.presets import preset
from vaelab.runs import open_run, read_json
from vaelab.settings import from_dict, to_dict, with_settings
from vaelab.training.continuation import continue_training


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000, "file is not JSON: it is nested too deeply"),
        (f'{{"a": {"9" * 5000}}}', "found a number of 5,000 digits"),
        (f'{{"a": {"9" * 400}}}', "found a number of 400 digits"),
        (f'{{"a": [{-LARGEST_INTEGER - 1}]}}', "expected whole numbers between -2^53 and 2^53"),
        ("[]", "should hold a JSON object, found list"),
        ('{"a": "\0"}', "file is not JSON"),
    ],
)
def test_json_that_python_cannot_process_is_one_line(text: str, message: str) -> None:
    with refused("file", message):
        parse_json(text, "file")


def test_the_largest_integer_is_read_exactly() -> None:
    assert parse_json(f'{{"a": {LARGEST_INTEGER}}}', "file") == {"a": LARGEST_INTEGER}
    assert float(LARGEST_INTEGER) == LARGEST_INTEGER


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("training.batch_size", "1" + "0" * 21, "training.batch_size: expected whole numbers"),
        ("model.latent_size", str(2**63), "found about 10^19"),
        ("training.epochs", "9" * 400, "found about 10^400"),
        ("training.epochs", "9" * 5000, "training.epochs takes int, found '9999"),
        ("objective.beta", "1" + "0" * 400, "objective.beta takes float, found inf"),
        ("model.network.widths", f"4,{2**53}", "model.network.widths: expected whole numbers"),
        ("data.path", "a\0b", "data.path: expected text without the character NUL"),
    ],
)
def test_settings_beyond_what_floats_hold_are_one_line(field: str, text: str, message: str) -> None:
    with refused(message) as caught:
        with_settings(preset("mlp-vae"), {field: text})
    assert len(str(caught.value)) < 200


def test_a_configuration_with_integers_in_place_of_floats_is_one_line() -> None:
    config = preset("mlp-vae")
    values = to_dict(config)
    values["objective"]["beta"] = 10**5000
    with refused("objective.beta: expected whole numbers", "found about 10^5000"):
        from_dict(values, type(config))


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "mlp-vae", "--devices"],
        ["train", "mlp-vae", "--checkpoint-steps"],
        ["sample", "runs/none", "--count"],
        ["evaluate", "runs/none", "--sample-count"],
        ["search", "mlp-vae", "--trials"],
    ],
)
def test_options_beyond_what_floats_hold_are_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments, "1" + "0" * 22])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"vaelab: {arguments[-1]}: expected whole numbers between -2^53 and")


def test_a_run_with_such_numbers_is_one_line(trained: TrainedRuns, tmp_path: Path) -> None:
    shutil.copytree(trained["mlp-vae"].path, tmp_path / "run")
    run = open_run(tmp_path / "run")
    with refused("epochs with --more-epochs: expected whole numbers"):
        continue_training(run, more_epochs=LARGEST_INTEGER)
    shutil.rmtree(run.path / "checkpoint")  # which has the records too
    shutil.rmtree(run.path / "checkpoint.before")
    for name in ("config.json", "metrics.jsonl", "evaluation.json"):
        file = run.path / name
        original = file.read_text() if file.exists() else None
        values = read_json(file) if name == "config.json" else {"epoch": 1}
        file.write_text(json.dumps({**values, "seed": 10**400}))
        with refused(file, "found a number of 401 digits"):
            open_run(run.path)
            run.read_metrics()
            run.read_evaluation()
        if original is None:
            file.unlink()
        else:
            file.write_text(original)
