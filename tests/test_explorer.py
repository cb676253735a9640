"""RUN/explorer/: the data from which a browser walks the latent space."""

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
from vaelab.data import Dataset, ImageData
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.explorer import Explorer, pictures, read_explorer, write_explorer, writing
from vaelab.export import ExportError, OnnxModel, run_onnx
from vaelab.loaded_run import LoadedRun
from vaelab.presets import PRESETS
from vaelab.randomness import generator
from vaelab.runs import Run, read_tensors, write_tensors
from vaelab.training import fit

# One of each kind: without a prior, N(0, I) in two dimensions, a mixture prior, conditional.
NAMES = ("autoencoder", "mlp-vae-2d", "flagship", "cvae")


@pytest.fixture(scope="module")
def written(trained: Any, wardrobe: Dataset) -> dict[str, tuple[LoadedRun, Explorer]]:
    runs = {name: LoadedRun(trained[name], dataset=wardrobe) for name in NAMES}
    for loaded in runs.values():
        write_explorer(loaded)
    return {name: (loaded, read_explorer(loaded.run)) for name, loaded in runs.items()}


@pytest.fixture
def without_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of other parts; tests/test_export.py covers the ONNX files."""
    onnx = OnnxModel(b"encoder", b"decoder", b"prior")
    monkeypatch.setattr(writing, "to_onnx", lambda _: onnx)


def trained_on(data: Dataset, preset: str, folder: Path, **settings: str) -> LoadedRun:
    run = fit(tiny(preset, **settings), folder / "run", dataset=data, show_progress=False)
    return LoadedRun(run, dataset=data)


def explored(data: Dataset, preset: str, folder: Path, **settings: str) -> Explorer:
    loaded = trained_on(data, preset, folder, **settings)
    write_explorer(loaded)
    return read_explorer(loaded.run)


def copied(loaded: LoadedRun, folder: Path) -> LoadedRun:
    """A run that a test may damage."""
    shutil.copytree(loaded.run.path, folder / loaded.run.name)
    run = Run(folder / loaded.run.name, loaded.config, loaded.run.data)
    return LoadedRun(run, dataset=loaded.dataset)


def images_in(found: Explorer) -> np.ndarray:
    """(N, C, H, W) from the sprite sheet, as a browser reads them."""
    sprite = found.sprite
    planes = sprite.channels if sprite.channels in (1, 3) else 1
    height = sprite.height * sprite.channels // planes
    with Image.open(found.images) as picture:
        assert picture.mode == ("L" if planes == 1 else "RGB")
        pixels = np.asarray(picture).reshape(picture.height, picture.width, planes)
    tiles = []
    for index in range(sprite.count):
        row, column = divmod(index, sprite.columns)
        top, left = row * height, column * sprite.width
        tiles.append(pixels[top : top + height, left : left + sprite.width])
    stacked = np.stack(tiles).transpose(0, 3, 1, 2)
    return stacked.reshape(sprite.count, sprite.channels, sprite.height, sprite.width)


@pytest.mark.parametrize("name", NAMES)
def test_the_folder(name: str, written: Any, wardrobe: Dataset) -> None:
    loaded, found = written[name]
    files = {path.name for path in (loaded.run.path / "explorer").iterdir()}
    assert files - {"prior.onnx"} == {
        "encoder.onnx",
        "decoder.onnx",
        "codes.safetensors",
        "images.png",
        "explorer.json",
        ".vaelab.json",
    }
    assert ("prior.onnx" in files) == (name != "autoencoder")
    assert torch.equal(found.tensors["codes"], loaded.codes(wardrobe.test))
    assert found.tensors["labels"].tolist() == wardrobe.test.labels.tolist()
    assert found.sprite.count == len(wardrobe.test) == 120
    assert np.array_equal(images_in(found), wardrobe.test.images)
    assert sorted(each.index for each in found.dimensions) == list(range(loaded.model.latent_size))
    assert [each.name for each in found.dimensions] == [
        f"z{each.index + 1}" for each in found.dimensions
    ]
    assert (found.latent_size, found.class_count) == (
        loaded.model.latent_size,
        loaded.model.class_count,
    )


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_the_encoder_s_outputs(name: str, written: Any) -> None:
    loaded, found = written[name]
    inputs = {"images": images_in(found).astype(np.float32) / 255}
    if loaded.model.is_conditional:
        inputs["condition"] = np.eye(10, dtype=np.float32)[found.tensors["labels"]]
    codes = run_onnx(found.encoder.read_bytes(), inputs)["code"]
    np.testing.assert_allclose(codes, found.tensors["codes"], atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_map_s_plane_leads_back_to_the_codes(name: str, written: Any) -> None:
    """Exactly for 2-D codes; for others up to the remaining principal components."""
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


def test_a_model_without_prior_has_nothing_to_draw_from(written: Any) -> None:
    _, found = written["autoencoder"]
    assert found.prior is None
    assert found.samples is None
    assert found.noise_size == 0
    assert found.sampling_note == "This model has no prior to sample from."


@pytest.mark.parametrize("name", ["mlp-vae-2d", "cvae", "flagship"])
def test_the_prior_maps_noise_to_codes(name: str, written: Any) -> None:
    loaded, found = written[name]
    assert (found.samples, found.sampling_note) == (None, "")
    noise = np.random.default_rng(0).normal(size=(20_000, found.noise_size)).astype(np.float32)
    inputs = {"noise": noise, "condition": np.eye(10, dtype=np.float32)[np.zeros(len(noise), int)]}
    codes = torch.from_numpy(run_onnx(found.prior.read_bytes(), inputs)["code"])
    mean, variance = loaded.model.prior_moments()
    torch.testing.assert_close(codes.mean(0), mean, atol=0.05, rtol=0)
    torch.testing.assert_close(codes.var(0), variance, atol=0.05, rtol=0.05)


def test_samples_are_stored_where_the_prior_is_not_exported(
    written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = copied(written["mlp-vae-2d"][0], tmp_path)
    monkeypatch.setattr(writing, "to_onnx", lambda _: OnnxModel(b"encoder", b"decoder", None))
    write_explorer(loaded)
    found = read_explorer(loaded.run)
    assert found.prior is None
    assert found.noise_size == 0
    assert "cannot run in a browser" in found.sampling_note
    with Image.open(found.samples) as picture:
        assert picture.size == (10 * 28 + 9 * 2, 5 * 28 + 4 * 2)


def test_a_model_that_cannot_be_exported_is_left_out_with_its_reason(
    written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = copied(written["mlp-vae-2d"][0], tmp_path)

    def refuse(_: LoadedRun) -> None:
        raise ExportError("its decoder has an operation that ONNX lacks")

    monkeypatch.setattr(writing, "to_onnx", refuse)
    folder = write_explorer(loaded)
    assert {path.name for path in folder.iterdir()} == {"explorer.json", ".vaelab.json"}
    with pytest.raises(InputError, match="has no explorer: its decoder has an operation"):
        read_explorer(loaded.run)


@pytest.mark.parametrize("name", ["mlp-vae-2d", "cvae", "flagship"])
def test_dimensions_fall_by_kl_and_reach_as_far_as_the_prior(
    name: str, written: Any, wardrobe: Dataset
) -> None:
    loaded, found = written[name]
    kl = [each.kl for each in found.dimensions]
    assert kl == sorted(kl, reverse=True)
    if name != "flagship":
        # For N(0, I) they sum to the KL.
        batch = loaded.test_batch(list(range(len(wardrobe.test))))
        terms = loaded.model(batch.x, batch.labels, generator(0, "test"))
        assert sum(kl) == pytest.approx(terms.kl["z"].sum(1).mean().item(), rel=1e-5)
    evaluate(loaded, metrics=("losses",))
    measured = loaded.run.read_evaluation()["details"]["kl_per_dimension_nats"]
    assert kl == pytest.approx([measured[each.index] for each in found.dimensions], rel=1e-4)
    mean, variance = loaded.model.prior_moments()
    assert found.center == pytest.approx(mean.tolist(), rel=1e-5)
    for each in found.dimensions:
        assert each.center == pytest.approx(mean[each.index].item(), rel=1e-5)
        assert each.scale == pytest.approx(variance[each.index].sqrt().item(), rel=1e-5)


def test_an_autoencoder_s_dimensions_follow_its_codes(written: Any) -> None:
    _, found = written["autoencoder"]
    codes = found.tensors["codes"]
    assert all(each.kl is None for each in found.dimensions)
    scales = [each.scale for each in found.dimensions]
    assert scales == sorted(scales, reverse=True)
    for each in found.dimensions:
        of_codes = codes[:, each.index].double()
        assert each.center == pytest.approx(of_codes.mean().item(), rel=1e-5)
        assert each.scale == pytest.approx(of_codes.std(correction=0).item(), rel=1e-5)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_an_explorer(
    preset: str, trained: Any, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = LoadedRun(trained[preset], dataset=wardrobe)
    can = loaded.capabilities
    # tests/test_export.py exports every preset, with a prior where the model has one of noise.
    onnx = OnnxModel(b"encoder", b"decoder", b"prior" if can.can_sample_from_noise else None)
    monkeypatch.setattr(writing, "to_onnx", lambda _: onnx)
    write_explorer(loaded)
    found = read_explorer(loaded.run)
    assert (found.prior is not None) == can.can_sample_from_noise
    assert (found.samples is not None) == (can.has_prior and not can.can_sample_from_noise)
    assert found.class_count == (10 if can.is_conditional else 0)
    assert (len(found.dimensions) > 0) == (can.latent_size <= 512)
    assert all(torch.isfinite(values.float()).all() for values in found.tensors.values())


@pytest.mark.usefixtures("without_export")
def test_no_more_sliders_than_fit_a_page(wardrobe: Dataset, tmp_path: Path) -> None:
    found = explored(wardrobe, "mlp-vae", tmp_path, model__latent_size="40")
    assert len(found.dimensions) == 32
    assert len(found.center) == 40
    assert found.tensors["codes"].shape == (120, 40)


@pytest.mark.usefixtures("without_export")
def test_large_codes_have_a_map_but_no_sliders(
    wardrobe: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaelab.projections.MAX_NUMBERS", 600 * 50)
    loaded = trained_on(wardrobe, "mlp-vae", tmp_path, model__latent_size="600")
    write_explorer(loaded, tsne=True)
    found = read_explorer(loaded.run)
    assert found.dimensions == []
    assert "codes" not in found.tensors
    (plane,) = found.maps
    codes = loaded.codes(wardrobe.test).double()
    # Fitted to the first 50 codes, and all are projected.
    center = codes[:50].mean(0)
    torch.testing.assert_close(torch.tensor(plane.plane.origin).double(), center)
    points = (codes - center) @ torch.tensor(plane.plane.axes).double().T
    torch.testing.assert_close(found.tensors["pca"], points.float())


@pytest.mark.usefixtures("without_export")
def test_tsne_only_where_it_is_requested(written: Any, tmp_path: Path) -> None:
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
        "explorer",
        ".explorer.lock",
    }


@pytest.mark.usefixtures("without_export")
def test_one_dimension_is_a_line_with_a_band_for_each_class(tmp_path: Path) -> None:
    found = explored(odd_data("three classes"), "mlp-vae", tmp_path, model__latent_size="1")
    (line,) = found.maps
    codes, points, labels = (found.tensors[name] for name in ("codes", "pca", "labels"))
    assert (line.kind, line.axis_labels) == ("pca", ("z1", "class"))
    plane = torch.tensor(line.plane.axes)
    assert torch.equal(torch.tensor(line.plane.origin) + points @ plane, codes)
    heights = [points[labels == label, 1] for label in range(3)]
    assert heights[0].max() < heights[1].min()
    assert heights[1].max() < heights[2].min()


@pytest.mark.usefixtures("without_export")
@pytest.mark.parametrize("kind", ["color", "unlabeled", "one test image"])
@pytest.mark.parametrize("preset", ["conv-vae", "autoencoder"])
def test_odd_data(kind: str, preset: str, tmp_path: Path) -> None:
    data = odd_data(kind)
    found = explored(data, preset, tmp_path)
    assert np.array_equal(images_in(found), data.test.images)
    assert ("labels" in found.tensors) == (data.test.labels is not None)
    assert all(torch.isfinite(values.float()).all() for values in found.tensors.values())
    assert all(each.scale > 0 for each in found.dimensions)


@pytest.mark.parametrize("shape", [(2, 12, 12), (5, 8, 20)])
def test_images_of_any_shape(shape: tuple[int, int, int], tmp_path: Path) -> None:
    images = noise_images(30, shape, classes=0)
    data = Dataset(train=images, test=images, source="noise")
    found = explored(data, "mlp-vae", tmp_path)
    assert np.array_equal(images_in(found), images.images)


def test_no_more_images_than_one_picture_may_hold(
    wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 50 * 28 * 28 + 1)
    shown = pictures.images_shown(wardrobe.test)
    assert np.array_equal(shown.images, wardrobe.test.images[:50])
    sprite, picture = pictures.sprite_sheet(shown)
    assert (sprite.count, sprite.columns) == (50, 8)
    assert picture.size == (8 * 28, 7 * 28)


def test_wide_images_make_a_picture_about_as_wide_as_high() -> None:
    _, picture = pictures.sprite_sheet(noise_images(100, (1, 4, 64), classes=0))
    assert picture.size == (3 * 64, 34 * 4)


@pytest.mark.usefixtures("without_export")
def test_more_classes_than_a_byte_can_number(written: Any, tmp_path: Path) -> None:
    loaded = copied(written["mlp-vae-2d"][0], tmp_path)
    names = tuple(str(i) for i in range(257))

    def renamed(data: ImageData) -> ImageData:
        return replace(data, class_names=names)

    dataset = loaded.data
    many = replace(dataset, train=renamed(dataset.train), test=renamed(dataset.test))
    write_explorer(LoadedRun(loaded.run, dataset=many))
    with pytest.raises(InputError, match="at most 256 classes, found 257"):
        read_explorer(loaded.run)


@pytest.mark.usefixtures("without_export")
def test_outdated_missing_or_corrupt(written: Any, tmp_path: Path) -> None:
    loaded = copied(written["mlp-vae-2d"][0], tmp_path)
    folder = loaded.run.path / "explorer"

    def refused(match: str) -> None:
        with pytest.raises(InputError, match=match):
            read_explorer(loaded.run)
        write_explorer(loaded)
        read_explorer(loaded.run)

    for name in ("decoder.onnx", "prior.onnx"):
        (folder / name).unlink()
        refused(f"{name} is missing")
    (folder / "codes.safetensors").write_bytes(b"damaged")
    refused("cannot be read as safetensors")
    write_tensors(folder / "codes.safetensors", {"codes": torch.zeros(120, 2)})
    read_explorer(loaded.run)
    write_tensors(folder / "codes.safetensors", {"labels": torch.zeros(120)})
    refused("lacks codes")
    record = json.loads((folder / "explorer.json").read_text())
    for changes, match in (
        ({"sprite": {}}, "is corrupt"),
        ({"maps": [{}]}, "is corrupt"),
        ({"maps": None}, "is corrupt"),
        ({"schema_version": 1}, "another version"),
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
def test_a_failure_leaves_the_previous_folder(
    written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = copied(written["mlp-vae-2d"][0], tmp_path)
    before = (loaded.run.path / "explorer" / "explorer.json").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_json", full)
        with pytest.raises(InputError, match="No space left"):
            write_explorer(loaded)
    assert (loaded.run.path / "explorer" / "explorer.json").read_bytes() == before
    assert [path.name for path in loaded.run.path.glob("explorer*")] == ["explorer"]
