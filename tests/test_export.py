"""ONNX files: the same numbers as PyTorch, for every preset and any batch size."""

import functools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch.onnx._internal.exporter._registration import ONNXRegistry

import vaelab
from tests.conftest import odd_data, tiny
from vaelab import export
from vaelab.data import Dataset
from vaelab.distributions import standard_normal_like
from vaelab.errors import InputError
from vaelab.export import export_onnx, run_onnx
from vaelab.loaded_run import LoadedRun
from vaelab.models.contract import LatentVariableModel
from vaelab.presets import PRESETS
from vaelab.randomness import generator
from vaelab.training import fit
from vaelab.training.derived import fit_prior


def exported(loaded: LoadedRun, folder: Path) -> list[bytes]:
    """The content of encoder, decoder and, where there is one, prior."""
    paths = export_onnx(loaded, folder / "model.onnx")
    parts = [
        "encoder",
        "decoder",
        *(["prior"] if loaded.capabilities.can_sample_from_noise else []),
    ]
    assert paths == [folder / f"model.{part}.onnx" for part in parts]
    return [path.read_bytes() for path in paths]


@pytest.fixture(scope="module")
def of_cvae(
    trained: Any, wardrobe: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LoadedRun, list[bytes]]:
    """A conditional run and its files."""
    loaded = LoadedRun(trained["cvae"], dataset=wardrobe)
    return loaded, exported(loaded, tmp_path_factory.mktemp("exported"))


def condition_of(
    model: LatentVariableModel, labels: torch.Tensor | None, like: torch.Tensor
) -> Any:
    return {"condition": model.condition(labels, like).numpy()} if model.is_conditional else {}


@torch.no_grad()
def assert_same_numbers(loaded: LoadedRun, files: list[bytes], size: int) -> None:
    """On real test images, on codes far from any image, and on new noise."""
    model, (encoder, decoder, *priors) = loaded.model, files
    batch = loaded.test_batch(list(range(size)))
    condition = condition_of(model, batch.labels, batch.x)
    code = model.encode(batch.x, batch.labels).flat()
    posterior = model.posterior(batch.x, batch.labels)
    found = run_onnx(encoder, {"images": batch.x.numpy(), **condition})
    assert list(found) == ["code", *([] if posterior is None else ["log_variance"])]
    for name, expected in zip(found, (code,) if posterior is None else posterior, strict=True):
        np.testing.assert_allclose(found[name], expected.numpy(), atol=1e-4)
    for codes in (code, 4 * standard_normal_like(code, generator(0, "codes"))):
        found = run_onnx(decoder, {"code": codes.numpy(), **condition})
        assert list(found) == ["images"]
        expected = model.decode(codes, batch.labels)
        np.testing.assert_allclose(found["images"], expected.numpy(), atol=1e-4)
        assert found["images"].min() >= 0
        assert found["images"].max() <= 1
    for prior in priors:
        noise = torch.empty(size, model.noise_size)
        noise.normal_(generator=generator(0, "noise"))
        found = run_onnx(prior, {"noise": noise.numpy(), **condition})
        assert list(found) == ["code"]
        expected = model.code_from_noise(noise, model.condition(batch.labels, noise))
        np.testing.assert_allclose(found["code"], expected.numpy(), atol=1e-4)


# One preset for each different model: an objective or a schedule does not change the files.
WITH_DIFFERENT_MODELS = list({repr(tiny(name).model): name for name in PRESETS}.values())


@pytest.mark.parametrize("name", WITH_DIFFERENT_MODELS)
def test_every_preset(name: str, trained: Any, wardrobe: Dataset, tmp_path: Path) -> None:
    loaded = LoadedRun(trained[name], dataset=wardrobe)
    if loaded.model.likelihood.is_sequential:
        with pytest.raises(InputError, match="decodes an image value after value"):
            export_onnx(loaded, tmp_path / "model.onnx")
        assert not [*tmp_path.iterdir()]
        return
    files = exported(loaded, tmp_path)
    for size in (1, 2, 33):
        assert_same_numbers(loaded, files, size)


@pytest.mark.parametrize("prior", ["gmm", "flow-matching", "autoregressive"])
def test_a_prior_fitted_after_training(
    prior: str, trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    changes = {"model.prior.components": "3"} if prior == "gmm" else {"model.prior.width": "16"}
    run = fit_prior(
        trained["cvae"],
        prior,
        tmp_path / "run",
        changes=changes | {"training.epochs": "1"},
        dataset=wardrobe,
        show_progress=False,
    )
    loaded = LoadedRun(run, dataset=wardrobe)
    assert_same_numbers(loaded, exported(loaded, tmp_path), 33)


def test_the_same_bits_twice(of_cvae: Any, tmp_path: Path) -> None:
    loaded, files = of_cvae
    assert exported(loaded, tmp_path) == files
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model.decoder.onnx",
        "model.encoder.onnx",
        "model.prior.onnx",
    ]


@pytest.mark.parametrize(
    ("kind", "preset"),
    [
        ("color", "conv-vae"),
        ("color", "cvae"),
        ("unlabeled", "flagship"),
    ],
)
def test_odd_data(kind: str, preset: str, tmp_path: Path) -> None:
    data = odd_data(kind)
    settings = {"data__train_count": "none", "data__test_count": "none"}
    run = fit(tiny(preset, **settings), tmp_path / "run", dataset=data, show_progress=False)
    loaded = LoadedRun(run, dataset=data)
    assert_same_numbers(loaded, exported(loaded, tmp_path), min(5, len(data.test)))


def test_another_likelihood_of_one_latent_dimension(wardrobe: Dataset, tmp_path: Path) -> None:
    config = tiny("mlp-vae", model__likelihood="continuous-bernoulli", model__latent_size="1")
    run = fit(config, tmp_path / "run", dataset=wardrobe, show_progress=False)
    loaded = LoadedRun(run, dataset=wardrobe)
    assert_same_numbers(loaded, exported(loaded, tmp_path), 5)


def test_a_condition_between_classes(of_cvae: Any) -> None:
    loaded, (_, decoder, _) = of_cvae
    draw = generator(0, "condition")
    codes = torch.randn(3, 10, generator=draw)
    condition = torch.softmax(torch.randn(3, 10, generator=draw), 1)
    found = run_onnx(decoder, {"code": codes.numpy(), "condition": condition.numpy()})
    expected = loaded.model.decode_condition(codes, condition)
    np.testing.assert_allclose(found["images"], expected.numpy(), atol=1e-4)


def test_the_metadata_of_the_files(of_cvae: Any, wardrobe: Dataset) -> None:
    for content in of_cvae[1]:
        model = onnx.load_from_string(content)
        onnx.checker.check_model(model, full_check=True)
        metadata = {each.key: each.value for each in model.metadata_props}
        assert metadata["run"] == "cvae"
        assert metadata["preset"] == "cvae"
        assert metadata["data"] == "wardrobe"
        assert json.loads(metadata["class_names"]) == list(wardrobe.test.class_names)
        assert json.loads(metadata["config"])["model"]["latent_size"] == 10
        assert metadata["vaelab_version"] == vaelab.__version__
        for end in (*model.graph.input, *model.graph.output):
            assert end.type.tensor_type.shape.dim[0].dim_param == "batch"
        assert not any(each.external_data for each in model.graph.initializer)
        # Paths of this machine are private.
        assert str(Path(vaelab.__file__).parent).encode() not in content


def test_the_path_of_the_images_is_private(tmp_path: Path) -> None:
    data = odd_data("color")
    config = tiny("mlp-vae", data__name="npz", data__path=str(tmp_path / "secret.npz"))
    run = fit(config, tmp_path / "run", dataset=data, show_progress=False)
    for content in exported(LoadedRun(run, dataset=data), tmp_path):
        assert b"secret" not in content


def test_other_numbers_than_pytorch_s_are_refused(
    trained: Any, wardrobe: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slightly_off(content: bytes, inputs: Any) -> Any:
        return {name: values + 3e-4 for name, values in run_onnx(content, inputs).items()}

    monkeypatch.setattr(export, "run_onnx", slightly_off)
    loaded = LoadedRun(trained["mlp-vae"], dataset=wardrobe)
    with pytest.raises(InputError, match=r"code in onnxruntime differs .* by 0.0003"):
        export_onnx(loaded, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_refused(
    trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    loaded = LoadedRun(trained["mlp-vae"], dataset=wardrobe)
    next(loaded.model.decoder.parameters()).fill_(math.nan)
    with pytest.raises(InputError, match="finite"):
        export_onnx(loaded, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_file_names_that_do_not_end_in_onnx(
    trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    loaded = LoadedRun(trained["mlp-vae"], dataset=wardrobe)
    with pytest.raises(InputError, match=r"ends in \.onnx"):
        export_onnx(loaded, tmp_path / "model.pt")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        export_onnx(loaded, tmp_path / "file" / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nothing_is_printed(
    trained: Any, wardrobe: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    loaded = LoadedRun(trained["conv-vae"], dataset=wardrobe)
    _ = loaded.model
    capfd.readouterr()
    exported(loaded, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_model_that_onnx_cannot_express_is_refused_in_one_line(
    trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    loaded = LoadedRun(trained["mlp-vae"], dataset=wardrobe)

    def forward(codes: torch.Tensor) -> torch.Tensor:
        if codes.sum() > 0:  # depends on data, which a traced graph cannot
            return torch.zeros(len(codes), 1, 28, 28)
        return torch.ones(len(codes), 1, 28, 28)

    loaded.model.decoder.forward = forward
    with pytest.raises(InputError, match="mlp-vae cannot be exported as ONNX: ") as caught:
        export_onnx(loaded, tmp_path / "model.onnx")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_code_that_fixes_the_batch_size_is_refused_with_a_remedy(
    trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    loaded = LoadedRun(trained["mlp-vae"], dataset=wardrobe)
    decoder = loaded.model.decoder.forward
    loaded.model.decoder.forward = lambda codes: decoder(codes.reshape(len(codes), -1))
    with pytest.raises(InputError, match=r"use x\.shape\[0\] in place of len\(x\)"):
        export_onnx(loaded, tmp_path / "model.onnx")


def test_all_graphs_share_one_table_of_translations_and_others_keep_theirs(
    trained: Any, wardrobe: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(**options: Any) -> Any:
        made.append(options)
        return table(**options)

    table = ONNXRegistry.from_torchlib
    monkeypatch.setattr(export, "_translations", functools.cache(make))
    exported(LoadedRun(trained["mlp-vae"], dataset=wardrobe), tmp_path)
    assert len(made) == 1
    assert ONNXRegistry.from_torchlib == table
