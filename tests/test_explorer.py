"""RUN/explorer/: what a browser walks the latent space with."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import noise_images, odd_data, tiny
from vaelab import explorer
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.explorer import Explorer, read_explorer, write_explorer
from vaelab.export import OnnxModel, run_onnx
from vaelab.loaded_run import LoadedRun
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.runs import Run, read_tensors, write_tensors
from vaelab.training import fit

# Of each kind one: no prior, N(0, I), 2-D, a mixture, given the class.
NAMES = ("autoencoder", "mlp-vae-2d", "flagship", "cvae")


@pytest.fixture(scope="module")
def written(trained: Any, wardrobe: Dataset) -> dict[str, tuple[LoadedRun, Explorer]]:
    runs = {name: LoadedRun(trained[name], dataset=wardrobe) for name in NAMES}
    for loaded in runs.values():
        write_explorer(loaded)
    return {name: (loaded, read_explorer(loaded.run)) for name, loaded in runs.items()}


@pytest.fixture
def without_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the rest; tests/test_export.py is about these files."""
    monkeypatch.setattr(explorer, "to_onnx", lambda _: OnnxModel(b"encoder", b"decoder"))


def explored(kind: str, preset: str, folder: Path, **settings: str) -> Explorer:
    data = odd_data(kind)
    run = fit(tiny(preset, **settings), folder / "run", dataset=data, show_progress=False)
    write_explorer(LoadedRun(run, dataset=data))
    return read_explorer(run)


def copied(loaded: LoadedRun, folder: Path) -> LoadedRun:
    """A run that a test may spoil."""
    shutil.copytree(loaded.run.path, folder / loaded.run.name)
    run = Run(folder / loaded.run.name, loaded.config, loaded.run.data)
    return LoadedRun(run, dataset=loaded.dataset)


def images_in(found: Explorer) -> np.ndarray:
    """(N, C, H, W) out of the picture, as a browser cuts them."""
    sprite = found.sprite
    with Image.open(found.images) as picture:
        assert picture.mode == ("L" if sprite.channels == 1 else "RGB")
        pixels = np.asarray(picture).reshape(picture.height, picture.width, sprite.channels)
    tiles = []
    for index in range(sprite.count):
        row, column = divmod(index, sprite.columns)
        top, left = row * sprite.height, column * sprite.width
        tiles.append(pixels[top : top + sprite.height, left : left + sprite.width])
    return np.stack(tiles).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_folder(name: str, written: Any, wardrobe: Dataset) -> None:
    loaded, found = written[name]
    assert {path.name for path in (loaded.run.path / "explorer").iterdir()} == {
        "encoder.onnx",
        "decoder.onnx",
        "codes.safetensors",
        "images.png",
        "explorer.json",
    }
    assert torch.equal(found.tensors["codes"], loaded.codes(wardrobe.test))
    assert found.tensors["labels"].tolist() == wardrobe.test.labels.tolist()
    assert found.sprite.count == len(wardrobe.test) == 120
    assert np.array_equal(images_in(found), wardrobe.test.images)
    assert sorted(each.index for each in found.dimensions) == list(range(loaded.model.latent_size))


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_what_the_encoder_gives_for_each_image(name: str, written: Any) -> None:
    loaded, found = written[name]
    inputs = {"images": images_in(found).astype(np.float32) / 255}
    if loaded.model.is_conditional:
        inputs["condition"] = np.eye(10, dtype=np.float32)[found.tensors["labels"]]
    codes = run_onnx(found.encoder.read_bytes(), inputs)["mean"]
    np.testing.assert_allclose(codes, found.tensors["codes"], atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_map_s_plane_leads_back_to_the_codes(name: str, written: Any) -> None:
    """All of a 2-D code; of others all but what the other principal axes hold."""
    _, found = written[name]
    codes = found.tensors["codes"].double()
    (first,) = found.maps
    origin, axes = (torch.tensor(part).double() for part in (first.plane.origin, first.plane.axes))
    back = origin + found.tensors[first.kind].double() @ axes
    if codes.shape[1] == 2:
        assert first.kind == "codes"
        assert first.axis_labels == ("z1", "z2")
        assert torch.equal(back, codes)
        return
    assert first.kind == "pca"
    singular = torch.linalg.svdvals(codes - codes.mean(0))
    torch.testing.assert_close((back - codes).square().sum(), singular[2:].square().sum())
    torch.testing.assert_close(axes @ axes.T, torch.eye(2, dtype=torch.double))
    share = (singular[0].square() / singular.square().sum()).item()
    assert first.axis_labels[0] == f"component 1 ({share:.0%} of variance)"


def test_the_prior(written: Any) -> None:
    assert written["autoencoder"][1].prior is None
    normal = written["cvae"][1].prior
    assert (normal.weights, normal.means, normal.standard_deviations) == (
        [1.0],
        [[0.0] * 10],
        [[1.0] * 10],
    )
    loaded, found = written["flagship"]
    prior = loaded.model.prior
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.tensor(found.prior.weights)),
        torch.distributions.Independent(
            torch.distributions.Normal(
                torch.tensor(found.prior.means), torch.tensor(found.prior.standard_deviations)
            ),
            1,
        ),
    )
    codes = found.tensors["codes"]
    torch.testing.assert_close(mixture.log_prob(codes), prior.log_prob(codes))


@pytest.mark.parametrize("name", ["mlp-vae-2d", "cvae", "flagship"])
def test_dimensions_fall_by_kl_and_reach_as_far_as_the_prior(
    name: str, written: Any, wardrobe: Dataset
) -> None:
    loaded, found = written[name]
    kl = [each.kl for each in found.dimensions]
    assert kl == sorted(kl, reverse=True)
    if name != "flagship":
        # For N(0, I) they add up to the KL itself.
        posterior = loaded.posteriors(wardrobe.test)
        assert isinstance(posterior, DiagonalGaussian)
        total = loaded.model.prior.kl(posterior, posterior.mean).sum(1).mean().item()
        assert sum(kl) == pytest.approx(total, rel=1e-5)
    evaluate(loaded, metrics=("information",))
    measured = loaded.run.read_evaluation()["details"]["kl_per_dimension_nats"]
    assert kl == pytest.approx([measured[each.index] for each in found.dimensions], rel=1e-4)
    mean, variance = loaded.model.prior.moments()
    for each in found.dimensions:
        assert each.center == pytest.approx(mean[each.index].item(), rel=1e-5)
        assert each.scale == pytest.approx(variance[each.index].sqrt().item(), rel=1e-5)


def test_an_autoencoder_s_dimensions_go_by_its_codes(written: Any) -> None:
    _, found = written["autoencoder"]
    codes = found.tensors["codes"]
    assert all(each.kl is None for each in found.dimensions)
    scales = [each.scale for each in found.dimensions]
    assert scales == sorted(scales, reverse=True)
    for each in found.dimensions:
        of_codes = codes[:, each.index].double()
        assert each.center == pytest.approx(of_codes.mean().item(), rel=1e-5)
        assert each.scale == pytest.approx(of_codes.std(correction=0).item(), rel=1e-5)


@pytest.mark.usefixtures("without_export")
def test_tsne_only_where_it_is_asked_for(written: Any, tmp_path: Path) -> None:
    assert [each.kind for each in written["flagship"][1].maps] == ["pca"]
    for name, kinds in {"flagship": ["pca", "tsne"], "mlp-vae-2d": ["codes"]}.items():
        loaded = copied(written[name][0], tmp_path)
        write_explorer(loaded, tsne=True)
        found = read_explorer(loaded.run)
        assert [each.kind for each in found.maps] == kinds
    points = read_explorer(Run(tmp_path / "flagship", loaded.config, loaded.run.data))
    assert points.maps[1].plane is None
    assert points.tensors["tsne"].shape == (120, 2)
    assert points.tensors["tsne"].std() > 0


def test_the_same_bits_twice(written: Any, tmp_path: Path) -> None:
    loaded = copied(written["cvae"][0], tmp_path)
    folder = write_explorer(loaded)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert write_explorer(loaded) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert {path.name for path in loaded.run.path.iterdir() if "explorer" in path.name} == {
        "explorer"
    }


@pytest.mark.usefixtures("without_export")
def test_one_dimension_is_a_line_with_a_band_for_each_class(tmp_path: Path) -> None:
    found = explored("three classes", "mlp-vae", tmp_path, model__latent_size="1")
    (line,) = found.maps
    codes, points, labels = (found.tensors[name] for name in ("codes", "pca", "labels"))
    assert (line.kind, line.axis_labels) == ("pca", ("z1", "class"))
    plane = torch.tensor(line.plane.axes)
    assert torch.equal(torch.tensor(line.plane.origin) + points @ plane, codes)
    heights = [points[labels == label, 1] for label in range(3)]
    assert heights[0].max() < heights[1].min()
    assert heights[1].max() < heights[2].min()


@pytest.mark.usefixtures("without_export")
@pytest.mark.parametrize("kind", ["colour", "unlabelled", "one test image"])
@pytest.mark.parametrize("preset", ["conv-vae", "autoencoder"])
def test_odd_data(kind: str, preset: str, tmp_path: Path) -> None:
    found = explored(kind, preset, tmp_path)
    data = odd_data(kind).test
    assert np.array_equal(images_in(found), data.images)
    assert ("labels" in found.tensors) == (data.labels is not None)
    assert all(torch.isfinite(values.float()).all() for values in found.tensors.values())
    assert all(each.scale > 0 for each in found.dimensions)


def test_no_more_images_than_one_picture_may_hold(
    wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer, "MAX_PIXELS", 50 * 28 * 28 + 1)
    shown = explorer._shown(wardrobe.test)
    assert np.array_equal(shown.images, wardrobe.test.images[:50])
    sprite, picture = explorer._sprite(shown)
    assert (sprite.count, sprite.columns) == (50, 8)
    assert picture.size == (8 * 28, 7 * 28)


def test_wide_images_make_a_picture_about_as_wide_as_high() -> None:
    _, picture = explorer._sprite(noise_images(100, (1, 4, 64), classes=0))
    assert picture.size == (3 * 64, 34 * 4)


def test_more_classes_than_a_byte_names() -> None:
    data = replace(
        noise_images(4, (1, 8, 8), classes=2), class_names=tuple(str(i) for i in range(257))
    )
    with pytest.raises(InputError, match="at most 256 classes, found 257"):
        explorer._shown(data)


@pytest.mark.usefixtures("without_export")
def test_stale_missing_or_damaged(written: Any, tmp_path: Path) -> None:
    loaded = copied(written["mlp-vae-2d"][0], tmp_path)
    folder = loaded.run.path / "explorer"

    def refused(match: str) -> None:
        with pytest.raises(InputError, match=match):
            read_explorer(loaded.run)
        write_explorer(loaded)
        read_explorer(loaded.run)

    (folder / "decoder.onnx").unlink()
    refused("decoder.onnx is missing")
    (folder / "codes.safetensors").write_bytes(b"damaged")
    refused("cannot be read as safetensors")
    write_tensors(folder / "codes.safetensors", {"codes": torch.zeros(120, 2)})
    read_explorer(loaded.run)
    write_tensors(folder / "codes.safetensors", {"labels": torch.zeros(120)})
    refused("lacks codes")
    record = json.loads((folder / "explorer.json").read_text())
    for changes, match in (
        ({"sprite": {}}, "cannot be used"),
        ({"maps": [{}]}, "cannot be used"),
        ({"maps": None}, "cannot be used"),
        ({"schema_version": 2}, "another version"),
    ):
        (folder / "explorer.json").write_text(json.dumps(record | changes))
        refused(match)
    (folder / "explorer.json").write_text("[]")
    refused("JSON object")
    shutil.rmtree(folder)
    refused("has no explorer yet")
    weights = read_tensors(loaded.run.path / "model.safetensors")
    loaded.run.save_weights({name: value + 1e-3 for name, value in weights.items()})
    with pytest.raises(InputError, match="other weights"):
        read_explorer(loaded.run)


@pytest.mark.usefixtures("without_export")
def test_what_fails_leaves_the_one_before(
    written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = copied(written["mlp-vae-2d"][0], tmp_path)
    before = (loaded.run.path / "explorer" / "explorer.json").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(explorer, "write_json", full)
        with pytest.raises(InputError, match="No space left"):
            write_explorer(loaded)
    assert (loaded.run.path / "explorer" / "explorer.json").read_bytes() == before
    assert [path.name for path in loaded.run.path.glob("explorer*")] == ["explorer"]


@pytest.mark.usefixtures("without_export")
def test_what_an_interruption_left_is_cleared(written: Any, tmp_path: Path) -> None:
    loaded = copied(written["mlp-vae-2d"][0], tmp_path)
    folder = loaded.run.path / "explorer"
    (loaded.run.path / "explorer.new").mkdir()
    folder.replace(loaded.run.path / "explorer.before")
    write_explorer(loaded)
    read_explorer(loaded.run)
    assert [path.name for path in loaded.run.path.glob("explorer*")] == ["explorer"]
