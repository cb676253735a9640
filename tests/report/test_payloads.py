"""The explorer's data as scripts: a browser reads what was stored, under any name."""

import base64
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vaelab.data import Dataset
from vaelab.explorer import read_explorer, write_explorer, writing
from vaelab.export import OnnxModel
from vaelab.loaded_run import LoadedRun
from vaelab.report.payloads import write_payloads
from vaelab.runs import Run, read_tensors, write_tensors

NAMES = ("autoencoder", "mlp-vae-2d", "flagship", "cvae")
ODD_NAMES = [
    "</script><script>alert(1)",
    "<!--<script>",
    "a\u2028b\u2029c",
    'quo"te\\n',
    "${x}`",
    "été 👗",
    "\x07bell\ttab",
]


@pytest.fixture(scope="module")
def runs(trained: Any, wardrobe: Dataset, tmp_path_factory: Any) -> dict[str, Run]:
    """Explored copies by slug."""
    folder = tmp_path_factory.mktemp("study")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        # tests/test_export.py covers the files themselves.
        onnx = OnnxModel(b"\0encoder\xff", b"\0decoder", b"\0prior")
        patch.setattr(
            writing,
            "to_onnx",
            lambda loaded: onnx if loaded.capabilities.has_prior else onnx._replace(prior=None),
        )
        for name in NAMES:
            found[name] = copied(trained[name], folder / f"{name} of mine")
            write_explorer(LoadedRun(found[name], dataset=wardrobe), tsne=name == "flagship")
    return found


def copied(run: Run, folder: Path) -> Run:
    shutil.copytree(run.path, folder)
    (folder / "evaluation.json").unlink(missing_ok=True)
    return replace(run, path=folder)


def pages(runs: dict[str, Run]) -> dict[str, str]:
    return {slug: f"runs/{slug}.html" for slug in runs}


def provided(site: Path, key: str) -> Any:
    """The value with which the script of that key calls `vaelabProvide`."""
    content = (site / "explorer" / f"{key}.js").read_bytes()
    assert content.isascii()
    assert not set(content) & set(b"<>&")
    call = re.fullmatch(r'vaelabProvide\("([^"]*)",(.*)\);\n', content.decode())
    assert call is not None
    assert call[1] == key
    return json.loads(call[2])


def floats(site: Path, key: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(provided(site, key), validate=True), "<f4")


def metric(value: float | None, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit}


def test_what_is_read_is_what_was_stored(runs: dict[str, Run], tmp_path: Path) -> None:
    assert write_payloads("study", runs, tmp_path, pages(runs)) == {}
    for slug, run in runs.items():
        found = read_explorer(run)
        for part in ("encoder", "decoder", *(["prior"] if found.prior else [])):
            stored = (run.path / "explorer" / f"{part}.onnx").read_bytes()
            assert base64.b64decode(provided(tmp_path, f"{slug}/{part}")) == stored
        for name in ("codes", *(each.kind for each in found.maps)):
            stored = found.tensors[name]
            read = floats(tmp_path, f"{slug}/{name}").reshape(stored.shape)
            assert torch.equal(torch.from_numpy(read.copy()), stored)
    head, _, content = provided(tmp_path, "images").partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(content) == (runs["cvae"].path / "explorer/images.png").read_bytes()


def test_the_files(runs: dict[str, Run], tmp_path: Path) -> None:
    write_payloads("study", runs, tmp_path, pages(runs))
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.js")}
    maps = {
        "autoencoder": ["pca"],
        "mlp-vae-2d": [],
        "flagship": ["pca", "tsne"],
        "cvae": ["pca"],
    }
    assert files == {
        "explorer/index.js",
        "explorer/images.js",
        *(
            f"explorer/{slug}/{name}.js"
            for slug, kinds in maps.items()
            for name in ("decoder", "encoder", "codes", *kinds)
        ),
        *(f"explorer/{slug}/prior.js" for slug in maps if slug != "autoencoder"),
    }


def test_the_index(runs: dict[str, Run], wardrobe: Dataset, tmp_path: Path) -> None:
    write_payloads("my study", runs, tmp_path, pages(runs))
    index = provided(tmp_path, "index")
    assert (index["version"], index["study"]) == (2, "my study")
    images = index["images"]
    labels = np.frombuffer(base64.b64decode(images.pop("labels")), np.uint8)
    assert np.array_equal(labels, wardrobe.test.labels)
    assert images == {
        "dataName": "wardrobe",
        "count": 120,
        "channels": 1,
        "height": 28,
        "width": 28,
        "columns": 11,
        "classNames": list(wardrobe.test.class_names),
    }
    assert [model["slug"] for model in index["models"]] == list(runs)
    for model in index["models"]:
        run = runs[model["slug"]]
        assert model["name"] == f"{model['slug']} of mine"
        assert model["preset"] == model["slug"]
        assert model["page"] == f"runs/{model['slug']}.html"
        assert model["latentSize"] == run.config.model.latent_size
        assert model["classCount"] == (10 if model["slug"] == "cvae" else 0)
        assert model["bytes"] == {"decoder": 8, "encoder": 9}
        assert len(model["dimensions"]) == model["latentSize"]
        assert set(model["dimensions"][0]) == {"index", "name", "klNats", "center", "scale"}
        assert len(model["center"]) == model["latentSize"]
        assert model["hasCodes"]
        assert not model["hasSamples"]
        assert (model["noiseSize"] == 0) == (model["slug"] == "autoencoder")
        assert (model["samplingNote"] != "") == (model["slug"] == "autoencoder")
    by_slug = {model["slug"]: model for model in index["models"]}
    assert by_slug["flagship"]["noiseSize"] == by_slug["flagship"]["latentSize"] + 1
    assert by_slug["mlp-vae-2d"]["center"] == [0.0, 0.0]
    assert by_slug["mlp-vae-2d"]["maps"] == [
        {
            "kind": "codes",
            "title": "Latent space",
            "axisLabels": ["z1", "z2"],
            "plane": {"origin": [0.0, 0.0], "axes": [[1.0, 0.0], [0.0, 1.0]]},
        }
    ]
    plane, tsne = by_slug["flagship"]["maps"]
    assert [len(axis) for axis in (plane["plane"]["origin"], *plane["plane"]["axes"])] == [16] * 3
    assert tsne == {"kind": "tsne", "title": "t-SNE", "axisLabels": ["", ""], "plane": None}


def test_facts(runs: dict[str, Run], tmp_path: Path) -> None:
    run = copied(runs["cvae"], tmp_path / "run")
    for metrics, facts in (
        (
            {
                "conditional_accuracy": metric(0.8266, "share"),
                "kl": metric(4.5416, "nats"),
                "negative_elbo": metric(252.924, "nats"),
                "fid_proxy": metric(1.1494, "squared feature distance"),
                "reconstruction": metric(248.3825, "nats"),
                "psnr": metric(16.7, "dB"),
            },
            {
                "mean negative ELBO of the test set": "252.92 nats",
                "FID proxy of all samples": "1.149",
                "conditional accuracy of all samples": "82.7 %",
            },
        ),
        (
            {"negative_elbo": metric(float("nan"), "nats"), "kl": metric(None, "nats")},
            {"mean negative ELBO of the test set": "not a number"},
        ),
        ({}, {}),
    ):
        (run.path / "evaluation.json").write_text(json.dumps({"metrics": metrics}))
        write_payloads("study", {"cvae": run}, tmp_path, {"cvae": "x.html"})
        (model,) = provided(tmp_path, "index")["models"]
        shown = {each["label"]: each["value"].replace("\u00a0", " ") for each in model["facts"]}
        assert shown == facts
        assert list(shown) == list(facts)


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"metrics": [1]}', '{"metrics": {"negative_elbo": 3, "kl": {"unit": "nats"}}}'],
)
def test_a_damaged_evaluation_gives_no_facts(
    content: str, runs: dict[str, Run], tmp_path: Path
) -> None:
    run = copied(runs["cvae"], tmp_path / "run")
    (run.path / "evaluation.json").write_text(content)
    write_payloads("study", {"cvae": run}, tmp_path, {"cvae": "x.html"})
    assert provided(tmp_path, "index")["models"][0]["facts"] == []


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_harmless(name: str, runs: dict[str, Run], tmp_path: Path) -> None:
    run = copied(runs["mlp-vae-2d"], tmp_path / name.replace("/", "\N{FRACTION SLASH}"))
    run = replace(
        run,
        config=replace(run.config, preset=name),
        data=replace(run.data, name=name, class_names=(name,)),
    )
    write_payloads(name, {"a": run}, tmp_path / "site", {"a": name})
    index = provided(tmp_path / "site", "index")
    assert index["study"] == name
    assert index["images"]["dataName"] == name
    assert index["images"]["classNames"] == [name]
    (model,) = index["models"]
    assert (model["preset"], model["page"]) == (name, name)
    assert model["name"] == run.name


def test_runs_of_other_images_are_left_out(runs: dict[str, Run], tmp_path: Path) -> None:
    other = replace(runs["cvae"], data=replace(runs["cvae"].data, test_fingerprint="0" * 64))
    mixed = {"first": runs["flagship"], "other": other, "last": runs["mlp-vae-2d"]}
    left_out = write_payloads("study", mixed, tmp_path, pages(mixed))
    assert left_out == {
        "other": "cvae of mine was tested on other images (wardrobe) than flagship of mine "
        "(wardrobe)"
    }
    assert [model["slug"] for model in provided(tmp_path, "index")["models"]] == ["first", "last"]
    assert not (tmp_path / "explorer" / "other").exists()


def test_runs_without_explorer_are_left_out(runs: dict[str, Run], tmp_path: Path) -> None:
    bare = copied(runs["cvae"], tmp_path / "bare")
    shutil.rmtree(bare.path / "explorer")
    mixed = {"bare": bare, "whole": runs["flagship"]}
    left_out = write_payloads("study", mixed, tmp_path / "site", pages(mixed))
    assert list(left_out) == ["bare"]
    assert "has no explorer yet" in left_out["bare"]
    assert len(provided(tmp_path / "site", "index")["models"]) == 1
    assert list(write_payloads("study", {"bare": bare}, tmp_path / "none", pages(mixed))) == [
        "bare"
    ]
    assert not (tmp_path / "none").exists()


def test_without_labels(runs: dict[str, Run], tmp_path: Path) -> None:
    run = copied(runs["flagship"], tmp_path / "run")
    tensors = read_tensors(run.path / "explorer" / "codes.safetensors")
    del tensors["labels"]
    write_tensors(run.path / "explorer" / "codes.safetensors", tensors)
    run = replace(run, data=replace(run.data, class_names=()))
    write_payloads("study", {"a": run}, tmp_path / "site", {"a": "a.html"})
    images = provided(tmp_path / "site", "index")["images"]
    assert (images["labels"], images["classNames"]) == (None, [])
