"""The trained runs that ship with vaelab, and the program that packs them."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from scripts import pack_pretrained
from scripts.half_precision import loss_of_garments
from scripts.pack_pretrained import index_of_explorer, pack

from tests.conftest import noise_images, tiny
from tests.test_cli import vaelab
from vaelab.comparison import open_evaluated
from vaelab.data import DATASETS, Dataset
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.export import run_onnx
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.pretrained_runs import (
    complete_explorers,
    find_pictures,
    located,
    pretrained_names,
)
from vaelab.pretrained_runs.folders import COPIES, PACKAGE, copy_run
from vaelab.runs import open_run, read_json
from vaelab.training import fit

NAMES = pretrained_names()
NAME = "mlp-vae"
PRETRAINED = f"pretrained:{NAME}"
COPY = COPIES / NAME
DATA = os.environ.get("VAELAB_DATA")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def _the_package_is_not_written() -> Iterator[None]:
    before = hashes(PACKAGE)
    yield
    assert hashes(PACKAGE) == before


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder without Fashion-MNIST in reach, which is the current one."""
    monkeypatch.delenv("VAELAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_list_has_parameters_size_and_numbers_with_units(tmp_path: Path) -> None:
    lines = vaelab("pretrained", cwd=tmp_path).stdout.splitlines()
    assert {"name", "preset", "parameters", "size"} <= set(lines[0].split())
    (line,) = [each for each in lines if each.startswith(f"{PRETRAINED} ")]
    assert re.search(r"mlp-vae +640,804 +\d\.\d MB +244\.\d\d nats +242\.\d\d nats, k = 20 ", line)
    listed = json.loads(vaelab("pretrained", "--json", cwd=tmp_path).stdout)
    assert [each["name"] for each in listed] == NAMES
    assert "negative_elbo" in listed[NAMES.index(NAME)]["metrics"]
    assert list(tmp_path.iterdir()) == []


def test_commands_take_the_name_in_place_of_a_folder(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", images=np.zeros((3, 28, 28), np.uint8))
    first = vaelab("sample", PRETRAINED, cwd=tmp_path)
    assert first.stderr == f"vaelab: {PRETRAINED} was copied to {COPY}, which keeps its results\n"
    assert not vaelab("sample", PRETRAINED, "--out", "again.png", cwd=tmp_path).stderr
    vaelab("encode", PRETRAINED, "mine.npz", cwd=tmp_path)
    vaelab("reconstruct", PRETRAINED, "mine.npz", cwd=tmp_path)
    assert "244." in vaelab("compare", PRETRAINED, cwd=tmp_path).stdout
    exported = vaelab("export", PRETRAINED, cwd=tmp_path).stdout.split()
    assert {str(Path(each).parent) for each in exported} == {str(COPY)}
    named = ["samples.png", "again.png", "codes.npz", "reconstructions.png", *exported]
    assert all((tmp_path / each).exists() for each in named)


def test_the_report_has_the_explorer_with_reconstructions(tmp_path: Path) -> None:
    done = vaelab("report", PRETRAINED, cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.stdout.strip() == str(COPIES / "site" / "index.html")
    site = tmp_path / COPIES / "site"
    assert (site / "explorer" / NAME / "decoder.js").exists()
    assert "Reconstructions of its test images by the model" in (site / "explorer.html").read_text()


def test_a_training_starts_from_the_weights(tmp_path: Path) -> None:
    small = ("--data", "wardrobe", "--accelerator", "cpu", "--set", "data.train_count=300")
    fields = ("data.test_count=100", "training.epochs=1")
    vaelab("train", "mlp-vae", "--from", PRETRAINED, *small, *fields, cwd=tmp_path)
    config = read_json(tmp_path / "runs" / "mlp-vae" / "config.json")
    assert config["initial_weights"]["run"] == "../pretrained/mlp-vae"
    refused = vaelab("train", PRETRAINED, cwd=tmp_path, rc=2).stderr
    assert f"--from {PRETRAINED}" in refused


@pytest.mark.real_data
def test_new_numbers_and_figures_are_stored_in_the_copy(tmp_path: Path) -> None:
    data = {"VAELAB_DATA": os.environ["VAELAB_DATA"]}
    done = vaelab("evaluate", PRETRAINED, "--metrics", "losses", cwd=tmp_path, **data)
    assert "negative_elbo" in done.stdout
    stored = open_run(tmp_path / COPY).read_evaluation()["metrics"]
    assert stored.keys() == read_json(PACKAGE / NAME / "evaluation.json")["metrics"].keys()
    drawn = vaelab("figures", PRETRAINED, "samples", cwd=tmp_path, **data).stdout.strip()
    assert drawn == str(COPY / "figures" / "samples.png")
    one = ("--set", "model.prior.components=1")
    derived = vaelab("fit-prior", PRETRAINED, *one, cwd=tmp_path, **data).stdout
    assert derived.startswith(f"{COPIES / f'{NAME}-gmm'}: ")


def test_an_unknown_name_is_refused_with_the_nearest_one(no_data: Path) -> None:
    message = "unknown pretrained run 'mlp-vea'; did you mean 'mlp-vae'?"
    assert message in vaelab("sample", "pretrained:mlp-vea", cwd=no_data, rc=2).stderr
    for refusing in (load_run, open_run, located, open_evaluated):
        with pytest.raises(InputError, match=re.escape(message)):
            refusing(Path("pretrained:mlp-vea"))


def test_python_takes_the_name(no_data: Path) -> None:
    loaded = load_run(PRETRAINED)
    assert loaded.run.path == COPY
    assert loaded.run.is_finished()
    assert "epochs 10 of 10" in repr(loaded.run)
    assert {each.dtype for each in loaded.model.parameters()} == {torch.float32}
    assert loaded.read_evaluation()["metrics"]["negative_elbo"]["count"] == 10_000


def test_processes_that_use_a_run_at_the_same_time_make_one_copy(no_data: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(
            pool.map(
                lambda i: vaelab("sample", PRETRAINED, "--out", f"{i}.png", cwd=no_data), "abc"
            )
        )
    assert open_run(COPY).read_evaluation()


def test_a_copy_with_other_weights_is_refused(no_data: Path) -> None:
    weights = open_run(PRETRAINED).weights
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(InputError, match="has other weights than pretrained:mlp-vae"):
        open_run(PRETRAINED)


def test_a_folder_of_the_user_is_not_replaced(no_data: Path) -> None:
    COPY.mkdir(parents=True)
    (COPY / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"rename it or move it away"):
        open_run(PRETRAINED)
    assert [each.name for each in COPY.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_numbers_belong_to_the_packed_weights(name: str) -> None:
    run = open_run(PACKAGE / name)
    assert run.is_finished()
    assert run.read_evaluation()
    assert not run.stale_evaluation()


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_of_garments_is_measured_again(name: str) -> None:
    stored = read_json(PACKAGE / name / "pretrained.json")["loss_of_garments"]
    assert loss_of_garments(open_run(PACKAGE / name)) == pytest.approx(stored, rel=1e-4)


@pytest.mark.real_data
def test_the_stored_losses_are_measured_again(no_data: Path) -> None:
    stored = open_run(PACKAGE / NAME).read_evaluation()["metrics"]
    loaded = load_run(PRETRAINED, DATA)
    measured = evaluate(loaded, metrics=("losses",))
    for name in ("negative_elbo", "reconstruction", "kl"):
        assert measured[name].value == pytest.approx(stored[name]["value"], abs=0.01)


def test_all_together_are_small_and_name_no_folder_of_a_machine() -> None:
    files = [path for path in PACKAGE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 25_000_000
    assert not [path for path in files if path.name == "images.png"]
    for path in files:
        assert not re.search(rb"/(work|home|root|tmp|Users)/", path.read_bytes()), path


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_index_is_that_of_the_present_explorer(name: str, no_data: Path) -> None:
    copy = no_data / name
    copy_run(PACKAGE / name, copy)
    complete_explorers([copy], find_pictures())
    stored = read_json(PACKAGE / name / "pretrained.json")["explorer"]
    assert index_of_explorer(open_run(copy)) == stored


def test_the_demo_imports_no_torch(no_data: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom vaelab.demo import write_demo\n"
        "write_demo(Path('site'))\n"
        "assert not {'torch', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert (no_data / "site" / "index.html").exists()
    assert "244." in (no_data / "site" / "models.html").read_text()


def fashion(monkeypatch: pytest.MonkeyPatch, folder: Path, **settings: str) -> LoadedRun:
    """A tiny evaluated run of what passes for Fashion-MNIST."""
    data = replace(noise_images(120, (1, 28, 28), classes=10), name="fashion-mnist")
    dataset = Dataset(train=data, test=data, source=f"IDX files in {folder}")
    monkeypatch.setitem(DATASETS, "fashion-mnist", lambda *_: dataset)
    none = {"data__train_count": "none", "data__test_count": "none"}
    config = tiny("mlp-vae", data__name="fashion-mnist", **none, **settings)
    run = fit(config, folder / "run", dataset=dataset, show_progress=False)
    loaded = LoadedRun(run, dataset=dataset)
    evaluate(loaded, metrics=("losses", "importance"), importance_samples=3, seed=4)
    return loaded


def test_packing_halves_the_weights_and_measures_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = fashion(monkeypatch, tmp_path)
    run = open_run(pack(source.run.path, "tiny", package=tmp_path / "package", accelerator="cpu"))
    assert run.weights.stat().st_size < 0.6 * source.run.weights.stat().st_size
    before, after = (each.read_evaluation()["metrics"] for each in (source.run, run))
    assert before.keys() == after.keys()
    assert after["negative_log_likelihood"]["unit"] == "nats, k = 3"
    assert {each["seed"] for each in after.values()} == {4}
    for name in ("negative_elbo", "negative_log_likelihood"):
        assert after[name]["value"] == pytest.approx(before[name]["value"], abs=0.01)
    again = evaluate(LoadedRun(run, dataset=source.dataset), metrics=("losses",), seed=4)
    assert again["negative_elbo"].value == after["negative_elbo"]["value"]
    assert not (run.path / "explorer" / "images.png").exists()
    assert b"IDX files" not in (run.path / "config.json").read_bytes()
    with pytest.raises(InputError, match="replace it with --replace"):
        pack(source.run.path, "tiny", package=tmp_path / "package")


def test_weights_stay_in_full_precision_where_losses_differ(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = fashion(monkeypatch, tmp_path)
    monkeypatch.setattr(pack_pretrained, "TOLERANCE_NATS", 0.0)
    run = open_run(pack(source.run.path, "tiny", package=tmp_path / "package", accelerator="cpu"))
    assert run.weights_fingerprint() == source.run.weights_fingerprint()
    # Packed runs have no file of values for each image.
    expected = source.run.read_evaluation()
    assert expected.pop("values_fingerprint")
    assert run.read_evaluation() == expected


def test_only_finished_evaluated_runs_of_fashion_mnist_are_packed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trained: Any
) -> None:
    with pytest.raises(InputError, match="expected a run with all test images"):
        pack(trained["mlp-vae"].path, "tiny", package=tmp_path)
    source = fashion(monkeypatch, tmp_path)
    with pytest.raises(InputError, match="expected a name of the form"):
        pack(source.run.path, "Tiny", package=tmp_path / "package")
    monkeypatch.setattr(pack_pretrained, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="all pretrained runs together may have"):
        pack(source.run.path, "tiny", package=tmp_path / "package", accelerator="cpu")
    assert not (tmp_path / "package").exists()


def test_constants_in_half_precision_change_no_output() -> None:
    content = (PACKAGE / NAME / "explorer" / "decoder.onnx").read_bytes()
    types = {each.data_type for each in onnx.load_from_string(content).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in types
    codes = np.random.default_rng(0).standard_normal((5, 10), dtype=np.float32)
    model = LoadedRun(open_run(PACKAGE / NAME)).model
    expected = model.decode(torch.from_numpy(codes), None).numpy()
    np.testing.assert_allclose(run_onnx(content, {"code": codes})["images"], expected, atol=1e-5)
