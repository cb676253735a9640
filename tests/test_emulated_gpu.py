"""Commands on a GPU with an Apple GPU's rules: no float64, no operands on two devices.

An emulation takes the place of the GPU. What it cannot show: operations that a real one lacks, its
rounding and its speed.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import TINY, TINY_SIZES, tiny
from vaelab.presets import PRESETS
from vaelab.settings import describe_fields

ROOT = Path(__file__).parent.parent
# Those that use the model; the others measure samples and codes, on the host.
METRICS = ("losses", "importance", "information", "label-leakage", "smoothness", "frechet")


def on_gpu(*commands: list[str]) -> list[dict[str, Any]]:
    """What each command printed about itself; the first that fails ends the test."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.emulated_gpu", json.dumps(commands)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"arguments"')]
    return [json.loads(line) for line in lines]


def train(preset: str, out: Path, **changes: str) -> list[str]:
    fields = dict(describe_fields(tiny(preset)))
    sizes = {field: size for field, size in TINY_SIZES.items() if field in fields}
    # Every operation is slow in the emulation: two steps, and few images to validate.
    few = {"training.epochs": "1", "data.train_count": "100", "data.test_count": "50"}
    settings = TINY | sizes | few | changes
    pairs = [f"{name}={value}" for name, value in settings.items() if name != "data.name"]
    return ["train", preset, "--data", "wardrobe", "--out", str(out), "--set", *pairs]


def test_every_preset_trains_and_is_evaluated_on_a_gpu(tmp_path: Path) -> None:
    commands = []
    # A preview of this model takes 196 steps, each slow in the emulation.
    without_previews = {"binary-autoregressive-vae": {"training.preview_every_epochs": "0"}}
    for preset in PRESETS:
        commands.append(train(preset, tmp_path / preset, **without_previews.get(preset, {})))
        run = str(tmp_path / preset)
        commands.append(["evaluate", run, "--accelerator", "gpu", "--metrics", "losses"])
    done = on_gpu(*commands)
    assert [each["arguments"] for each in done] == commands
    # Whatever is trained on a GPU is read from it.
    assert all(each["host_reads"] > 0 for each in done)


def test_metrics_and_figures_on_a_gpu(tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    commands = [
        train("cvae-2d", tmp_path / "run"),
        ["evaluate", run, "--accelerator", "gpu", "--sample-count", "100", "--metrics", *METRICS],
        ["figures", run, "--accelerator", "gpu"],
        ["sample", run, "--accelerator", "gpu", "-n", "4", "--out", f"{run}.png"],
        ["export", run, "--out", f"{run}.onnx"],
    ]
    assert len(on_gpu(*commands)) == len(commands)
    assert (tmp_path / "run/figures/samples.png").exists()


def test_the_number_of_steps_does_not_change_how_often_the_host_waits(tmp_path: Path) -> None:
    few, many = on_gpu(
        train("mlp-vae", tmp_path / "few", **{"training.batch_size": "100"}),
        train("mlp-vae", tmp_path / "many", **{"training.batch_size": "10"}),
    )
    assert few["host_reads"] == many["host_reads"] > 0


def test_a_fitted_prior_and_a_classifier_on_a_gpu(tmp_path: Path) -> None:
    run, classifier = str(tmp_path / "run"), str(tmp_path / "classifier")
    small = ["data.train_count=300", "data.test_count=120", "training.epochs=1"]
    commands = [
        train("conv-vae", tmp_path / "run"),
        ["fit-prior", run, "--prior", "gmm", "--set", "model.prior.components=3"],
        ["fit-prior", run, "--prior", "flow", "--set", "training.epochs=1"],
        [
            "train",
            "classifier",
            "--data",
            "wardrobe",
            "--out",
            classifier,
            "--set",
            *small,
        ],
    ]
    assert len(on_gpu(*commands)) == len(commands)
