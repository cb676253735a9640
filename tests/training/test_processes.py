"""Several processes: losses of one process, every image once, and an end when one is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import noise_images
from vaelab.data.batches import Batches, Share
from vaelab.distributions import standard_normal_like, uniform_like
from vaelab.randomness import Shared, generator
from vaelab.runs import open_run

# 283 images do not divide into batches of 64, nor those by 2.
SETTINGS = {
    "data.train_count": "283",
    "data.test_count": "101",
    "training.batch_size": "64",
    "training.epochs": "3",
    "model.network.widths": "32",
}
TORCHRUN = [
    *(sys.executable, "-m", "torch.distributed.run"),
    *("--nproc-per-node", "2", "--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"),
    *("-m", "vaelab"),
]


def arguments(
    out: Path, preset: str = "mlp-vae", *more: str, precision: str = "32-true"
) -> list[str]:
    written = [f"{name}={value}" for name, value in SETTINGS.items()]
    return [
        *("train", preset, "--data", "wardrobe", "--accelerator", "cpu", "--out", str(out)),
        *("--precision", precision, "--set", *written, *more),
    ]


def trained(command: list[str]) -> str:
    """What the command said."""
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def losses(path: Path) -> list[dict[str, Any]]:
    lines = (path / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return [
        {
            f"{part} {name}": value
            for part in ("train", "validation")
            for name, value in record[part].items()
            if value is not None  # binarized images have no floor
        }
        for record in records
    ]


def assert_same(one: Path, other: Path, tolerance: float = 1e-5) -> None:
    mine, others = losses(one), losses(other)
    assert len(mine) == len(others) == 3
    for left, right in zip(mine, others, strict=True):
        assert left == pytest.approx(right, rel=tolerance, abs=tolerance)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("processes") / "alone"
    trained([sys.executable, "-m", "vaelab", *arguments(path)])
    return path


def test_torchrun_gives_the_losses_of_one_process(alone: Path, tmp_path: Path) -> None:
    said = trained([*TORCHRUN, *arguments(tmp_path / "run")])
    assert_same(tmp_path / "run", alone)
    assert said.count("best epoch") == 1


def test_two_processes_train_in_bfloat16(alone: Path, tmp_path: Path) -> None:
    """With the losses of float32, but for the rounding of networks and gradients."""
    trained([*TORCHRUN, *arguments(tmp_path / "run", precision="bf16-mixed")])
    assert open_run(tmp_path / "run").precision == "bf16-mixed"
    assert losses(tmp_path / "run") != losses(alone)
    assert_same(tmp_path / "run", alone, tolerance=5e-3)


@pytest.mark.posix
def test_devices_give_the_losses_of_one_process_and_resume_as_one(
    alone: Path, tmp_path: Path
) -> None:
    """Started by two processes, finished by one: the order and the noise are the same."""
    command = [sys.executable, "-m", "vaelab", *arguments(tmp_path / "run")]
    two = subprocess.Popen([*command, "--devices", "2"], stderr=subprocess.DEVNULL)
    while not (tmp_path / "run/checkpoint").exists():
        assert two.poll() is None
        time.sleep(0.001)
    two.terminate()
    two.wait()
    assert two.returncode in (0, 143, -signal.SIGTERM)
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0
    if two.returncode:
        assert "started with 2 processes, resumed with 1" in again.stderr
    assert_same(tmp_path / "run", alone)


def test_what_is_drawn_for_an_image_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    """Classes that are asked for, and pixels drawn as black or white."""
    more = ("model.network.widths=32", "data.binarize=true")
    trained([sys.executable, "-m", "vaelab", *arguments(tmp_path / "one", "cvae", *more)])
    trained([*TORCHRUN, *arguments(tmp_path / "two", "cvae", *more)])
    assert_same(tmp_path / "two", tmp_path / "one")


@pytest.mark.linux
def test_one_lost_process_ends_all_with_a_message_and_the_run_resumes(
    alone: Path, tmp_path: Path
) -> None:
    long = arguments(tmp_path / "run", "mlp-vae", "training.epochs=100000")
    command = [sys.executable, "-m", "vaelab", *long, "--checkpoint-steps", "50"]
    first = subprocess.Popen(
        [*command, "--devices", "2"], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (tmp_path / "run/checkpoint").exists():
        assert first.poll() is None
        time.sleep(0.01)
    children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
    (second,) = [int(each) for each in children if "LOCAL_RANK=1" in environment(int(each))]
    start = time.monotonic()
    os.kill(second, signal.SIGKILL)
    _, messages = first.communicate(timeout=60)
    assert time.monotonic() - start < 30
    assert first.returncode not in (0, None)
    assert "Traceback" not in messages
    assert "another process of this training has ended" in messages
    again = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    before = (tmp_path / "run/metrics.jsonl").stat().st_mtime_ns
    while (tmp_path / "run/metrics.jsonl").stat().st_mtime_ns == before:
        assert again.poll() is None
        time.sleep(0.01)
    again.kill()
    again.wait()


def environment(process: int) -> str:
    try:
        return Path(f"/proc/{process}/environ").read_text()
    except OSError:
        return ""


def test_every_image_is_measured_once_whatever_their_count() -> None:
    batches = Batches(noise_images(101, (1, 4, 4), classes=0), torch.device("cpu"))
    for world_size in (1, 2, 3, 7):
        seen = [
            batch
            for rank in range(world_size)
            for batch in batches.in_order(10, generator(0, "noise"), Share(rank, world_size))
            if batch.weight > 0
        ]
        pixels = torch.cat([batch.x for batch in seen]).flatten(1)
        assert len(pixels) == 101
        expected = next(batches.in_order(101, generator(0, "noise"))).x.flatten(1)
        assert torch.equal(pixels.sort(0).values, expected.sort(0).values)


def test_shared_draws_are_rows_of_the_whole() -> None:
    like = torch.empty(9, 5)
    for draw in (standard_normal_like, uniform_like):
        whole = draw(like, generator(0, "x"))
        for rank in range(4):
            rows = torch.arange(rank, 9, 4)
            mine = draw(like[rows], Shared(generator(0, "x"), rows, 9))
            assert torch.equal(mine, whole[rows])


def test_a_compiled_model_gives_the_losses_of_the_plain_one(tmp_path: Path) -> None:
    # One shape of batch, and so one set of kernels to make.
    one = ("training.batch_size=255", "training.epochs=3")
    plain, compiled = tmp_path / "plain", tmp_path / "compiled"
    trained([sys.executable, "-m", "vaelab", *arguments(plain, "mlp-vae", *one)])
    trained([sys.executable, "-m", "vaelab", *arguments(compiled, "mlp-vae", *one), "--compile"])
    assert_same(compiled, plain)
