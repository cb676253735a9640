"""The command line as a user runs it: real processes, real files."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SMALL = [
    *("--data", "wardrobe", "--accelerator", "cpu", "--set"),
    *("data.train_count=300", "data.test_count=100", "training.epochs=2"),
    *("training.batch_size=64", "model.network.widths=32"),
]


def vaelab(
    *arguments: object, cwd: Path, rc: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k != "VAELAB_DATA"}
    done = subprocess.run(
        [sys.executable, "-m", "vaelab", *map(str, arguments)],
        cwd=cwd,
        env={**inherited, "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == rc, done.stderr
    if rc == 2:
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("vaelab: ")
        assert not done.stdout
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with one conditional run in runs/cvae."""
    path = tmp_path_factory.mktemp("cli")
    done = vaelab("train", "cvae", *SMALL, cwd=path)
    assert "runs/cvae: best epoch" in done.stdout
    assert "active units" in done.stdout
    assert "cvae:" in done.stderr
    vaelab("evaluate", "runs/cvae", "--metrics", "losses", cwd=path)
    return path


def test_from_data_to_comparison(folder: Path) -> None:
    some = ("losses", "image-quality", "controllability", "diversity")
    done = vaelab("evaluate", "runs/cvae", "--metrics", *some, cwd=folder)
    assert "total" in done.stdout
    assert "perfect" in done.stdout
    assert "controllability" in done.stdout
    only = ("evaluate", "runs/cvae", "--metrics", "losses", "frechet", "--json")
    (evaluation,) = json.loads(vaelab(*only, cwd=folder).stdout)
    metrics = evaluation["metrics"]
    assert len(metrics["fid_proxy"]["judge"]) == 64
    assert metrics["total"]["unit"] == "nats"
    assert metrics["total"]["count"] == 100
    done = vaelab("figures", "runs/cvae", "class-samples", "curves", cwd=folder)
    assert done.stdout.split() == [
        "runs/cvae/figures/class-samples.png",
        "runs/cvae/figures/curves.png",
    ]
    for name in done.stdout.split():
        assert (folder / name).exists()
    (table,) = json.loads(vaelab("compare", "runs/cvae", "--format", "json", cwd=folder).stdout)
    assert table["rows"][0]["metrics"]["total"] == metrics["total"]
    named = ("compare", "runs/cvae", "--columns", "ssim", "class_diversity")
    assert "ssim (of at most 1)" in vaelab(*named, cwd=folder).stdout


def test_anybodys_samples_are_judged(folder: Path) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (400, 28, 28), dtype=np.uint8)
    np.savez(folder / "mine.npz", images=images, labels=np.arange(400) % 3)
    np.save(folder / "made.npy", images[:150].astype(np.float32) / 255)
    judge = ("evaluate", "--data", "mine.npz", "--samples")
    done = vaelab(*judge, "made.npy", cwd=folder)
    for name in ("fid_proxy", "kernel_distance", "precision", "near_copies"):
        assert name in done.stdout
    assert "controllability" not in done.stdout
    np.save(folder / "bytes.npy", images[:150].astype(np.float32))
    wrong = vaelab(*judge, "bytes.npy", cwd=folder, rc=2)
    assert "expected values in [0, 1], found 0 to 255" in wrong.stderr
    both = vaelab(*judge, "made.npy", "runs/cvae", cwd=folder, rc=2)
    assert "runs or --samples, not both" in both.stderr


def test_a_judge_is_trained_by_name(folder: Path) -> None:
    arguments = (
        *("train", "second-classifier", "--data", "wardrobe", "--accelerator", "cpu", "--set"),
        *("data.train_count=300", "data.test_count=100", "training.epochs=1"),
        *("training.batch_size=50", "network.widths=4,8"),
    )
    done = vaelab(*arguments, cwd=folder)
    assert "runs/second-classifier: names the class of" in done.stdout
    card = json.loads((folder / "runs/second-classifier/judge.json").read_text())
    assert card["command"].startswith("vaelab train second-classifier --set data.name=wardrobe")
    assert vaelab(*arguments, cwd=folder).stdout == done.stdout
    wrong = vaelab("train", "classifier", "--set", "network.width=4", cwd=folder, rc=2)
    assert "did you mean 'widths'" in wrong.stderr


def test_the_same_command_finds_its_run_done(folder: Path) -> None:
    before = (folder / "runs/cvae/metrics.jsonl").stat().st_mtime_ns
    vaelab("train", "cvae", *SMALL, cwd=folder)
    assert (folder / "runs/cvae/metrics.jsonl").stat().st_mtime_ns == before
    done = vaelab("train", "cvae", *SMALL[:-1], "model.network.widths=16", cwd=folder, rc=2)
    assert "model.network.widths: (32,) / (16,)" in done.stderr


def test_samples_as_picture_and_as_numbers(folder: Path) -> None:
    vaelab("sample", "runs/cvae", "-n", 12, "--class", "Bag", "--out", "b.png", cwd=folder)
    with Image.open(folder / "b.png") as image:
        assert image.mode == "L"
        assert image.size == (3 * (10 * 30 - 2), 3 * (2 * 30 - 2))
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        vaelab("sample", "runs/cvae", "--out", f"{name}.npz", "--seed", seed, cwd=folder)
    one, same, other = (
        np.load(folder / f"{name}.npz", allow_pickle=False) for name in ("one", "same", "other")
    )
    assert one["images"].shape == (50, 1, 28, 28)
    assert one["images"].min() >= 0
    assert one["images"].max() <= 1
    assert np.array_equal(one["labels"], np.arange(50) % 10)
    assert np.array_equal(one["images"], same["images"])
    assert not np.array_equal(one["images"], other["images"])


def test_data_show(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=pixels)
    done = vaelab("data", "show", "--data", "mine.npz", cwd=tmp_path)
    assert "npz:mine" in done.stdout
    assert "in [0, 1]: yes" in done.stdout
    assert (tmp_path / "runs/data/images.png").exists()
    summary = json.loads(
        vaelab("data", "show", "--data", "wardrobe", "--json", cwd=tmp_path).stdout
    )
    assert summary["splits"]["train"]["images"] == 54_000
    assert summary["splits"]["test"]["class_counts"] == [1000] * 10


def test_the_users_own_images(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for index in range(30):
            pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{index}.png")
    settings = ["--set", "training.epochs=1", "model.network.channels=4,8"]
    vaelab("train", "conv-vae", "--data", "pets", "--accelerator", "cpu", *settings, cwd=tmp_path)
    vaelab("evaluate", "runs/conv-vae", "--metrics", "losses", cwd=tmp_path)
    vaelab("sample", "runs/conv-vae", "--out", "pets.png", cwd=tmp_path)
    with Image.open(tmp_path / "pets.png") as image:
        assert image.mode == "RGB"


def test_doctor(tmp_path: Path) -> None:
    found = json.loads(vaelab("doctor", "--json", cwd=tmp_path).stdout)
    assert found["fashion-mnist"] == "not on disk; vaelab data fetch"
    assert {"torch", "gpu", "umap-learn", "tensorboard"} <= found.keys()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "trian"),
        (["train"], "PRESET"),
        (["train", "mlp-vea"], "did you mean 'mlp-vae'"),
        (["train", "mlp-vae", "--set", "training.epoch=3"], "did you mean 'epochs'"),
        (["train", "mlp-vae", "--set", "seed"], "--set takes FIELD=VALUE"),
        (["train", "mlp-vae", "--data", "wardrobbe"], "did you mean 'wardrobe'"),
        (["train", "mlp-vae", "--data", "nowhere/images"], "nowhere/images"),
        (["train", "mlp-vae", "--data", "nothing.npz"], "nothing.npz"),
        (["train", "mlp-vae", "--data-dir", "/dev"], "lacks train-images-idx3-ubyte"),
        (["train", "mlp-vae", "--devices", "two"], "--devices"),
        (["evaluate"], "at least one run folder"),
        (["evaluate", "runs/cvae", "--data", "wardrobe"], "--data is for --samples"),
        (["evaluate", "--samples", "x.npy", "-k", "3"], "are for runs, not for --samples"),
        (["evaluate", "nowhere"], "nowhere is no run folder"),
        (["compare", "nowhere"], "nowhere is no run folder"),
        (["figures", "nowhere"], "nowhere is no run folder"),
        (["sample", "nowhere"], "nowhere is no run folder"),
        (["study", "quik"], "did you mean 'quick'"),
        (["data", "look"], "look"),
    ],
)
def test_unusable_input_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    assert message in vaelab(*arguments, cwd=tmp_path, rc=2).stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "runs/cvae", "--class", "Bagg"], "did you mean 'Bag'"),
        (["sample", "runs/cvae", "--out", "x.gif"], ".png or .npz"),
        (["sample", "runs/cvae", "-n", "0"], "at least one sample"),
        (["figures", "runs/cvae", "sampels"], "did you mean 'samples'"),
        (["figures", "runs/cvae", "latent"], "it needs 2 latent dimensions"),
        (["compare", "runs/cvae", "--format", "tabel"], "did you mean 'table'"),
        (["compare", "runs/cvae", "--figure", "rates"], "did you mean 'rate-distortion'"),
    ],
)
def test_unusable_requests_of_a_run(arguments: list[str], message: str, folder: Path) -> None:
    assert message in vaelab(*arguments, cwd=folder, rc=2).stderr


def test_posterior_collapse_is_told_with_advice(tmp_path: Path) -> None:
    done = vaelab("train", "beta-vae", *SMALL, "objective.beta=10000", cwd=tmp_path)
    assert "active units: 0 of 10 latent dimensions" in done.stdout
    assert "the posterior collapsed" in done.stdout
    assert "Lower objective.beta" in done.stdout


def test_two_processes_are_a_setting(tmp_path: Path) -> None:
    totals = []
    for devices in (1, 2):
        out = f"by-{devices}"
        arguments = ["train", "mlp-vae", *SMALL, "training.epochs=4"]
        done = vaelab(*arguments, "--out", out, "--devices", devices, cwd=tmp_path)
        assert done.stdout.count("best epoch") == 1
        lines = (tmp_path / out / "metrics.jsonl").read_text().splitlines()
        assert len(lines) == 4
        totals.append(json.loads(lines[-1])["train"]["total"])
    # The same images in the same order; only the noise of each process is its own.
    assert totals[1] == pytest.approx(totals[0], rel=0.01)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_training_goes_on_with_the_same_command(
    signal_number: signal.Signals, tmp_path: Path
) -> None:
    # Bare processes start with SIGINT ignored where their parent had it so.
    command = [*SMALL[:-2], "training.epochs=400", *SMALL[-2:]]
    process = subprocess.Popen(
        [sys.executable, "-m", "vaelab", "train", "mlp-vae", *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    checkpoint = tmp_path / "runs/mlp-vae/checkpoint/state.json"
    for _ in range(1200):
        if checkpoint.exists():
            break
        time.sleep(0.05)
    process.send_signal(signal_number)
    _, messages = process.communicate(timeout=60)
    metrics = tmp_path / "runs/mlp-vae/metrics.jsonl"
    before = metrics.read_text().splitlines()
    assert 1 <= len(before) < 400
    if signal_number == signal.SIGINT:
        assert process.returncode == 130
        assert "the same command goes on" in messages
        assert "Traceback" not in messages
    vaelab("train", "mlp-vae", *command, cwd=tmp_path)
    lines = metrics.read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == list(range(1, 401))
    # Not trained again: their times are still those of the process that was stopped.
    assert lines[: len(before) - 1] == before[:-1]


@pytest.mark.real_data
def test_real_images_from_the_environment_variable(tmp_path: Path) -> None:
    done = vaelab(
        "train",
        *("mlp-vae", "--accelerator", "cpu", "--set", "data.train_count=6000"),
        *("training.epochs=2",),
        cwd=tmp_path,
        VAELAB_DATA=os.environ["VAELAB_DATA"],
    )
    assert "runs/mlp-vae: best epoch 2 of 2" in done.stdout
    config = json.loads((tmp_path / "runs/mlp-vae/config.json").read_text())
    assert config["data_card"]["name"] == "fashion-mnist"
