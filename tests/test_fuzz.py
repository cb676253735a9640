"""Every reader of files, given anything at all: data or an error of one line.

No traceback, no hang, no memory beyond what an honest file of that size would take.
"""

import gzip
import io
import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import tiny
from tests.data.data_files import data_or_one_line, idx_bytes
from vaelab.config import DataConfig
from vaelab.data import load_data, npz_file
from vaelab.data.idx import IMAGES_MAGIC, as_array, read_content
from vaelab.data.image_files import read_images
from vaelab.runs import open_run, read_json, read_tensors
from vaelab.studies.toml_file import read_study

MOST_BYTES = 64 << 20
PIXELS = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
LABELS = np.arange(12) % 3


def as_npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, images=PIXELS, labels=LABELS)
    return file.getvalue()


def as_npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def as_image(form: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS[0]).save(file, form)
    return file.getvalue()


def as_csv() -> bytes:
    rows = np.column_stack([LABELS, PIXELS.reshape(12, -1)])
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


def read_idx(path: Path) -> Any:
    with path.open("rb") as file:
        return as_array(read_content(file, path.name, IMAGES_MAGIC))


def read_mapped(path: Path) -> Any:
    shutil.copy(path, path.with_name("test_images.npy"))
    return load_data(DataConfig(name="npy", path=str(path.parent))).train.fingerprint()


def read_npz(path: Path) -> Any:
    return load_data(DataConfig(name="npz", path=str(path)))


def read_csv(path: Path) -> Any:
    return load_data(DataConfig(name="csv", path=str(path)))


def read_folder_of_classes(path: Path) -> Any:
    return read_images([path])


STUDY = b"""
data = "wardrobe"
metrics = ["losses"]
[runs.first]
preset = "mlp-vae"
set = { "training.epochs" = 1 }
vary = { "objective.beta" = [1, 2.5], "model.latent_size" = [2, 3] }
"""

# The name of a file, an honest one, and what reads it.
FILES: dict[str, tuple[str, bytes, Callable[[Path], Any]]] = {
    "idx": ("images-idx3-ubyte", idx_bytes(PIXELS), read_idx),
    "idx in gzip": ("images-idx3-ubyte.gz", gzip.compress(idx_bytes(PIXELS)), read_idx),
    "csv": ("train.csv", as_csv(), read_csv),
    "npz": ("mine.npz", as_npz(), read_npz),
    "npy": ("images.npy", as_npy(PIXELS), read_mapped),
    "png": ("one.png", as_image("PNG"), read_folder_of_classes),
    "jpeg": ("one.jpg", as_image("JPEG"), read_folder_of_classes),
    "toml": ("study.toml", STUDY, read_study),
}


@st.composite
def damaged(draw: st.DrawFn, honest: bytes) -> bytes:
    """The honest content cut, with bytes changed, repeated or put in; or anything else."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=300))
    content = bytearray(honest)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.sampled_from(["cut", "change", "insert", "repeat", "number"])):
            case "cut":
                del content[at:]
            case "change" if content:
                content[at] = draw(st.integers(0, 255))
            case "insert":
                content[at:at] = draw(st.binary(min_size=1, max_size=20))
            case "repeat":
                content[at:at] = content[at : at + draw(st.integers(1, 50))] * 3
            case "number":
                content[at : at + 4] = b"\xff\xff\xff\x7f"
    return bytes(content)


thorough = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read_within_bounds(read: Callable[[Path], Any], path: Path) -> Any:
    tracemalloc.start()
    try:
        found = data_or_one_line(read, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES
    return found


@pytest.mark.parametrize("form", FILES)
def test_an_honest_file_is_read(form: str, tmp_path: Path) -> None:
    name, honest, read = FILES[form]
    (tmp_path / name).write_bytes(honest)
    assert read(tmp_path / name) is not None


@pytest.mark.parametrize("form", FILES)
@thorough
@given(data=st.data())
def test_a_damaged_file_gives_data_or_a_line(
    form: str, data: st.DataObject, tmp_path: Path
) -> None:
    name, honest, read = FILES[form]
    (tmp_path / name).write_bytes(data.draw(damaged(honest)))
    read_within_bounds(read, tmp_path / name)


RUN_FILES = ("config.json", "metrics.jsonl", "evaluation.json", "model.safetensors")


def read_run(folder: Path) -> Any:
    """As everything does that looks at a run."""
    run = open_run(folder)
    return run.summary(), run.read_evaluation(), run.load_model()


@pytest.mark.parametrize("name", RUN_FILES)
@thorough
@given(data=st.data())
def test_a_damaged_file_of_a_run_gives_a_run_or_a_line(
    name: str, data: st.DataObject, trained: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    if not folder.exists():
        shutil.copytree(trained["mlp-vae"].path, folder)
        (folder / "evaluation.json").write_text('{"metrics": {}}')
    honest = (folder / name).read_bytes()
    (folder / name).write_bytes(data.draw(damaged(honest[:3000] if name.endswith("s") else honest)))
    try:
        read_within_bounds(read_run, folder)
    finally:
        (folder / name).write_bytes(honest)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@thorough
@given(data=st.data())
def test_a_configuration_with_any_value_anywhere_is_read_or_refused(
    data: st.DataObject, trained: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    values = read_json(trained["mlp-vae"].path / "config.json")
    inside = values
    while True:
        name = data.draw(st.sampled_from(sorted(inside)))
        if isinstance(inside[name], dict) and data.draw(st.booleans()):
            inside = inside[name]
            continue
        inside[name] = data.draw(json_values)
        break
    (folder / "config.json").write_text(json.dumps(values))
    read_within_bounds(open_run, folder)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "1" * 10_000, '{"a": ' * 50_000, "\ud800", "", "null", '"' + "x" * 10**6],
)
def test_json_without_end_is_a_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert data_or_one_line(read_json, path) is None


def test_an_array_that_unpacks_without_end_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file whose array would fill memory."""
    monkeypatch.setattr(npz_file, "LARGEST_ARRAY", 200 << 20)
    np.savez_compressed(tmp_path / "bomb.npz", images=np.zeros((1 << 18, 32, 32), np.uint8))
    assert (tmp_path / "bomb.npz").stat().st_size < 1 << 20
    assert read_within_bounds(read_npz, tmp_path / "bomb.npz") is None


@pytest.mark.parametrize("size", [10**9, 10**12, 10**18])
def test_a_model_larger_than_any_memory_is_a_line(size: int, trained: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained["mlp-vae"].path, folder)
    values = read_json(folder / "config.json")
    values["model"]["network"]["widths"] = [size, size]
    (folder / "config.json").write_text(json.dumps(values))
    assert data_or_one_line(lambda: open_run(folder).build_model()) is None


@pytest.mark.parametrize(
    "content", [b"\x80\x04cos\nsystem\n(S'touch owned'\ntR.", b"\xff" * 8 + b"{"]
)
def test_tensors_that_are_none_are_a_line(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content)
    assert data_or_one_line(read_tensors, tmp_path / "model.safetensors") is None
    assert not (tmp_path / "owned").exists()


def test_settings_of_a_tiny_preset_can_be_read_back(trained: Any) -> None:
    assert open_run(trained["mlp-vae"].path).config == tiny("mlp-vae")
