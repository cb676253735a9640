"""The source archive and the wheel, built as for a release."""

import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import vaelab

ROOT = Path(__file__).parents[1]
RELATIVE = ("](docs/", "](CONTRIBUTING.md)")


def built(target: str, source: Path, out: Path, path: str) -> Path:
    """The archive that hatchling makes of a source folder.

    Args:
        target: sdist or wheel.
        source: the folder.
        out: where to write it.
        path: where programs are found.
    """
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)],
        cwd=source,
        env={**os.environ, "PATH": path, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (archive,) = out.iterdir()
    return archive


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source archive."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(built("sdist", ROOT, folder / "made", os.environ["PATH"])) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"vaelab-{vaelab.__version__}"


def test_a_wheel_is_built_of_the_source_archive_without_node(source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(built("wheel", source, tmp_path / "made", path="")) as wheel:
        names = set(wheel.namelist())
    built_scripts = {f"vaelab/report/built/{name}.js" for name in ("site", "charts", "explorer")}
    assert built_scripts <= names
    assert "vaelab/py.typed" in names
    pretrained = ("config.json", "model.safetensors", "evaluation.json", "explorer/decoder.onnx")
    assert {f"vaelab/pretrained/mlp-vae/{name}" for name in pretrained} <= names
    shared = f"vaelab-{vaelab.__version__}.data/data/share/doc/vaelab"
    assert {f"{shared}/evaluation.md", f"{shared}/tutorial.md"} <= names
    assert not [
        name for name in names if name.startswith(("tests", "web", "benchmarks", "scripts"))
    ]


def test_the_description_has_no_dead_links_and_images(source: Path) -> None:
    metadata = message_from_bytes((source / "PKG-INFO").read_bytes())
    assert "PyTorch" in metadata["Keywords"]
    assert metadata["License-Expression"] == "MIT"
    payload = metadata.get_payload(decode=True)
    assert isinstance(payload, bytes)
    text = payload.decode()
    assert "# vaelab" in text
    assert "![" not in text
    assert not [link for link in RELATIVE if link in text]


def test_with_an_address_of_the_repository_images_and_links_are_absolute() -> None:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.description((ROOT / "README.md").read_text(encoding="utf-8"), "https://a.org/b")
    assert "](https://a.org/b/raw/HEAD/docs/images/flagship-samples.png)" in text
    assert "](https://a.org/b/blob/HEAD/docs/evaluation.md)" in text
    assert not [link for link in RELATIVE if link in text]
