"""Studies and run folders with any content: commands use what is left, or end with one line.

Nothing outside of the folder changes.
"""

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import tiny
from vaelab.cli import main
from vaelab.config import DataConfig
from vaelab.figures import draw_figures
from vaelab.loaded_run import load_run
from vaelab.studies import Study, run_study
from vaelab.training import Hardware

RUN = "mlp-vae"
# One file of each kind, in the folder of a study.
FILES = (
    f"{RUN}/config.json",
    f"{RUN}/model.safetensors",
    f"{RUN}/metrics.jsonl",
    f"{RUN}/evaluation.json",
    f"{RUN}/evaluation.safetensors",
    f"{RUN}/steps.json",
    f"{RUN}/checkpoint/state.json",
    f"{RUN}/checkpoint/tensors.safetensors",
    f"{RUN}/checkpoint/SHA256SUMS",
    f"{RUN}/checkpoint.before/state.json",
    f"{RUN}/figures/samples.png",
    f"{RUN}/previews/epoch-0001-samples.png",
    f"{RUN}/explorer/explorer.json",
    f"{RUN}/explorer/codes.safetensors",
    f"{RUN}/explorer/images.png",
    f"{RUN}/explorer/decoder.onnx",
    f"{RUN}/explorer/.vaelab.json",
    "figures/autoencoder-vs-vae.png",
    "data/summary.json",
    "data/images.png",
    "study.json",
    "site/index.html",
    "site/.vaelab.json",
)


def as_png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((height, width), np.uint8)).save(file, "PNG")
    return file.getvalue()


def with_flipped_bit(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    return bytes(content)


def with_odd_values(path: Path) -> bytes:
    """JSON whose values have other types; of other files, JSON."""
    try:
        values = json.loads(path.read_text().splitlines()[0] if ".jsonl" in path.name else "{}")
        values = values or json.loads(path.read_text())
    except ValueError:
        return b'{"a": [1]}'
    for name in list(values)[::2]:
        values[name] = [{"odd": float("nan")}, None, "a" * 300]
    return json.dumps(values).encode()


CONTENTS: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda path: path.read_bytes()[: path.stat().st_size // 2],
    "flipped": with_flipped_bit,
    "odd values": with_odd_values,
    "bytes": lambda _: bytes(range(256)) * 4,
    "nested": lambda _: b"[" * 100_000,
    "a picture": lambda _: as_png(30_000, 3_000),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with every kind of file."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    study = Study(
        name="small",
        configs={name: tiny(name, training__ema_decay="0.5") for name in ("autoencoder", RUN)},
        runs_with_figures=(),
        comparisons={"autoencoder-vs-vae": ("autoencoder", RUN)},
        metrics=("losses",),
        data=DataConfig(name="wardrobe", train_count=300, test_count=120),
    )
    run_study(study, folder, data_dir=None, hardware=Hardware(accelerator="cpu"), command="")
    draw_figures(load_run(folder / RUN), ["samples"])
    return folder


@pytest.fixture
def study(whole: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, in a folder whose other content must not change."""
    outside = tmp_path / "outside"
    (outside / "site").mkdir(parents=True)
    (outside / "thesis.tex").write_text("mine")
    (outside / "site" / "index.html").write_text("mine")
    (outside / "samples.png").write_bytes(as_png(40, 40))
    np.save(outside / "images.npy", np.zeros((2, 28, 28), np.uint8))
    before = content(outside)
    yield Path(shutil.copytree(whole, tmp_path / "inside" / "study"))
    assert content(outside) == before
    assert {path.name for path in tmp_path.iterdir()} <= {"inside", "outside", "written"}
    assert {path.name for path in (tmp_path / "inside").iterdir()} == {"study"}


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def run(*arguments: str | Path) -> tuple[int, str]:
    """The exit code of a command and its errors; fails on a traceback."""
    error = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", error)
        patch.setattr("sys.stdout", io.StringIO())
        try:
            main([str(each) for each in arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        else:
            code = 0
    assert code in (0, 2), error.getvalue()
    if code == 2:
        (line,) = error.getvalue().strip().splitlines()[-1:]
        assert line.startswith("vaelab: "), line
    return code, error.getvalue()


def commands(study: Path) -> list[list[str | Path]]:
    """Every command that reads a run."""
    out, run = study.parent.parent / "written", study / RUN
    images = study.parent.parent / "outside" / "images.npy"
    return [
        ["train", run],
        ["evaluate", run, "--metrics", "losses"],
        ["sample", run, "-n", "2", "--out", out / "samples.npz"],
        ["compare", run, study / "autoencoder"],
        ["figures", run, "samples"],
        ["reconstruct", run, images, "--out", out / "again.png"],
        ["export", run, "--out", out / "onnx"],
    ]


def commands_on(study: Path, number: int) -> None:
    """One command on the run, and every third time the report."""
    chosen = commands(study)
    run(*chosen[number % len(chosen)])
    if number % 3 == 1:
        run("report", study)


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_any_content(name: str, study: Path) -> None:
    path, place = study / name, FILES.index(name)
    honest = path.read_bytes()
    is_text = path.suffix in (".json", ".jsonl", ".html", "")
    kinds = ["empty", "truncated", "flipped", "bytes"]
    kinds += ["odd values", "nested"] if is_text else ["a picture"]
    for number, kind in enumerate(kinds):
        path.parent.mkdir(parents=True, exist_ok=True)  # a command may have removed it
        path.write_bytes(honest)
        path.write_bytes(CONTENTS[kind](path))
        commands_on(study, place + number)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_or_something_else(name: str, study: Path) -> None:
    path, place = study / name, FILES.index(name)
    samples = study.parent.parent / "outside" / "samples.png"
    changes: list[Callable[[Path], object]] = [lambda _: None, lambda path: path.mkdir()]
    if os.name == "posix":
        changes += [lambda path, to=to: path.symlink_to(to) for to in (samples, "nothing", path)]
    for number, change in enumerate(changes):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        change(path)
        commands_on(study, place + number)


@pytest.mark.posix
@pytest.mark.parametrize(
    "name",
    [f"{RUN}/{each}" for each in ("", "figures", "checkpoint", "explorer", "previews")]
    + ["site", "data", "figures"],
)
def test_a_folder_that_is_a_link_out(name: str, study: Path) -> None:
    path, target = study / name, study.parent.parent / "outside" / "moved"
    shutil.move(path, target)
    path.symlink_to(target)
    before = content(target)
    for command in (["train", study / RUN], ["report", study], ["report", study]):
        run(*command)
    assert content(target) == before
    path.unlink()
    shutil.move(target, path)
