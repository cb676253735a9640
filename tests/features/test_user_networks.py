"""Feature extractors of the user: modules, functions, ONNX files and registered names."""

from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from tests.conftest import noise_images
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.features import FEATURES, FeatureExtractor, feature_extractor

TALL = noise_images(40, (2, 9, 5), classes=0)
DATASET = Dataset(train=TALL, test=TALL, source="noise")
IMAGES = torch.from_numpy(TALL.images).float() / 255


class Pooled(nn.Module):
    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, size, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.convolution(x)).mean((2, 3))


def row_means(images: Tensor) -> Tensor:
    return images.mean(3).flatten(1)


def write_onnx(path: Path, *, shape: tuple[Any, ...] = ("N", 2, 9, 5), keep: int = 0) -> Path:
    """A graph that averages over the image, or keeps its dimensions."""
    mean = helper.make_node("ReduceMean", ["images"], ["features"], axes=[2, 3], keepdims=keep)
    output = ("N", shape[1], 1, 1) if keep else ("N", shape[1])
    graph = helper.make_graph(
        [mean],
        "means",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, output)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def extract(features: Any) -> Tensor:
    return feature_extractor(features, DATASET)(IMAGES).features


def test_a_module_is_used_in_evaluation_mode_and_left_as_it_is() -> None:
    module = Pooled().train()
    expected = module.convolution(IMAGES).mean((2, 3))
    assert torch.allclose(extract(module), expected, atol=1e-6)
    assert module.training
    assert module.convolution.weight.requires_grad


def test_a_function_gives_features() -> None:
    assert torch.equal(extract(row_means), IMAGES.mean(3).flatten(1))


def test_an_onnx_file_gives_features(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx")
    extractor = feature_extractor(str(path), DATASET)
    assert torch.allclose(extractor(IMAGES).features, IMAGES.mean((2, 3)), atol=1e-6)
    assert extractor.name == "net.onnx"


def test_a_registered_name_gives_the_extractor_of_the_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(FEATURES, "row-means", lambda _dataset: row_means)
    extractor = feature_extractor("row-means", DATASET)
    assert extractor.name == "row-means"
    assert torch.equal(extractor(IMAGES).features, extract(row_means))


def test_the_fingerprint_identifies_what_is_computed(tmp_path: Path) -> None:
    def fingerprint(features: Any) -> str:
        return feature_extractor(features, DATASET).fingerprint

    module, same = Pooled(), Pooled()
    same.load_state_dict(module.state_dict())
    assert fingerprint(module) == fingerprint(same)
    with torch.no_grad():
        same.convolution.bias.add_(1)
    different = [
        module,
        same,
        Pooled(4),
        row_means,
        lambda images: row_means(images) + 1,
        write_onnx(tmp_path / "net.onnx"),
    ]
    assert len({fingerprint(each) for each in different}) == len(different)


def test_batches_do_not_change_features(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Pooled()
    whole = extract(module)
    monkeypatch.setattr("vaelab.features.extractor.BATCH_SIZE", 7)
    assert torch.allclose(extract(module), whole, atol=1e-6)
    monkeypatch.setattr("vaelab.features.extractor.BATCH_PIXELS", 1)
    assert torch.allclose(extract(module), whole, atol=1e-6)


def fails(_images: Tensor) -> Tensor:
    raise KeyError("no such layer")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (nn.Conv2d(3, 4, 3), r"Conv2d fails on images of shape \(\d+, 2, 9, 5\): Given groups=1"),
        (nn.Conv2d(2, 4, 3), r"expected features of shape \(\d+, F\).*found a tensor of shape"),
        (lambda images: images.mean(), "found a tensor of shape"),
        (lambda images: row_means(images)[:3], "found a tensor of shape"),
        (lambda images: {"features": images}, "found dict"),
        (lambda images: row_means(images) / 0, "NaN or infinite"),
        (fails, "fails on images of shape .*no such layer"),
        ("row-maens", "unknown feature extractor 'row-maens'; known: reference-classifier"),
        ("missing.onnx", r"missing\.onnx cannot be read: No such file"),
    ],
)
def test_what_gives_no_features_is_refused_in_one_line(features: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        feature_extractor(features, DATASET)
    assert "\n" not in str(caught.value)


def test_onnx_files_that_give_no_features_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a graph")
    with pytest.raises(InputError, match="is not an ONNX file that onnxruntime can run"):
        feature_extractor(broken, DATASET)
    with pytest.raises(InputError, match="takes batches of 1 alone"):
        feature_extractor(write_onnx(tmp_path / "one.onnx", shape=(1, 2, 9, 5)), DATASET)
    with pytest.raises(InputError, match="found a tensor of shape"):
        feature_extractor(write_onnx(tmp_path / "maps.onnx", keep=1), DATASET)
    with pytest.raises(InputError, match="fails on images of shape"):
        feature_extractor(write_onnx(tmp_path / "gray.onnx", shape=("N", 1, 28, 28)), DATASET)


def test_images_of_another_shape_or_range_are_refused() -> None:
    extractor = FeatureExtractor("means", "f", row_means, shape=(2, 9, 5))
    with pytest.raises(InputError, match=r"expected images of shape \(2, 9, 5\)"):
        extractor(IMAGES[:, :1])
    with pytest.raises(InputError, match=r"found values from 0 to 255"):
        extractor(IMAGES * 255)
