"""Reference classifiers: training, storage, and independence of the batch."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import noise_images
from vaelab.config import ClassifierConfig, DataConfig
from vaelab.data import Dataset, load_data
from vaelab.errors import InputError
from vaelab.features import (
    ReferenceClassifier,
    classifiers_for,
    load_classifier,
    shipped_classifiers,
    train_classifier,
)
from vaelab.features.training import augmented
from vaelab.presets import CLASSIFIER_PRESETS
from vaelab.randomness import generator
from vaelab.settings import with_settings
from vaelab.training import Hardware


def tiny_config(name: str = "classifier", **settings: str) -> ClassifierConfig:
    small = {
        "data.name": "wardrobe",
        "network.widths": "4,8,8",
        "training.epochs": "2",
        "training.batch_size": "50",
    }
    return with_settings(
        CLASSIFIER_PRESETS[name](), small | {k.replace("__", "."): v for k, v in settings.items()}
    )


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, wardrobe: Dataset) -> ReferenceClassifier:
    folder = tmp_path_factory.mktemp("classifier")
    return train_classifier(tiny_config(), folder / "classifier", wardrobe, show_progress=False)


def pixels(dataset: Dataset) -> torch.Tensor:
    return torch.from_numpy(dataset.test.images).float() / 255


@pytest.mark.parametrize("name", CLASSIFIER_PRESETS)
def test_the_card_has_the_test_accuracy_and_the_confusion(
    name: str, tmp_path: Path, wardrobe: Dataset
) -> None:
    folder = tmp_path / "classifier"
    classifier = train_classifier(tiny_config(name), folder, wardrobe, show_progress=False)
    card = classifier.card
    named = classifier.extractor(pixels(wardrobe)).logits.argmax(1).numpy()
    assert wardrobe.test.labels is not None
    assert card.test_accuracy == (named == wardrobe.test.labels).mean()
    counts = torch.zeros(10, 10, dtype=torch.int64)
    for true, given in zip(wardrobe.test.labels, named, strict=True):
        counts[true, given] += 1
    assert counts.tolist() == [list(row) for row in card.confusion]
    weights = (folder / "classifier.safetensors").read_bytes()
    assert card.fingerprint == hashlib.sha256(weights).hexdigest()
    assert card.parameter_count == sum(p.numel() for p in classifier.network.parameters())
    assert card.command.startswith(f"vaelab train {name} --set data.name=wardrobe")
    assert card.data.test_fingerprint == wardrobe.test.fingerprint()


def test_the_mean_and_deviation_of_training_are_stored_with_the_weights(
    classifier: ReferenceClassifier, wardrobe: Dataset
) -> None:
    # Nine of ten images are trained on.
    scale = torch.from_numpy(wardrobe.train.images).double() / 255
    assert classifier.network.mean.item() == pytest.approx(scale.mean().item(), rel=0.02)
    assert classifier.network.deviation.item() == pytest.approx(scale.std().item(), rel=0.02)
    x = pixels(wardrobe)
    inside = classifier.network.classifier(
        (x - classifier.network.mean) / classifier.network.deviation
    )
    assert torch.allclose(classifier.extractor(x).logits, inside.logits, atol=1e-4)


def test_an_image_has_the_same_features_in_any_batch(
    classifier: ReferenceClassifier, wardrobe: Dataset
) -> None:
    x = pixels(wardrobe)
    together = classifier.extractor(x).features
    alone = torch.cat([classifier.extractor(part).features for part in x.split(7)])
    assert torch.allclose(together, alone, rtol=0, atol=1e-6)
    order = torch.randperm(len(x), generator=generator(0, "order"))
    assert torch.allclose(
        classifier.extractor(x[order]).features, together[order], rtol=0, atol=1e-6
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x * 255, r"raw, in \[0, 1\], found values from 0 to"),
        (lambda x: x * 2 - 1, "found values from -1 to"),
        (lambda x: x / 0, "found values from nan"),
        (lambda x: x[:, :, :20], r"shape \(1, 28, 28\) .*found \(1, 20, 28\)"),
    ],
)
def test_images_out_of_range_are_refused(
    change: Any, message: str, classifier: ReferenceClassifier, wardrobe: Dataset
) -> None:
    with pytest.raises(InputError, match=message):
        classifier.extractor(change(pixels(wardrobe)))


def test_interrupted_training_resumes_to_the_same_bits(
    tmp_path: Path,
    classifier: ReferenceClassifier,
    wardrobe: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "classifier"
    with monkeypatch.context() as patch:
        patch.setattr("vaelab.features.training._train_epoch", _interrupted_in_epoch(2))
        with pytest.raises(KeyboardInterrupt):
            train_classifier(tiny_config(), folder, wardrobe, show_progress=False)
    assert not (folder / "classifier.safetensors").exists()
    again = train_classifier(tiny_config(), folder, wardrobe, show_progress=False)
    assert again.fingerprint == classifier.fingerprint
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]


def _interrupted_in_epoch(number: int) -> Any:
    from vaelab.features import training

    whole = training._train_epoch

    def train_epoch(*arguments: Any, **named: Any) -> float:
        if arguments[4] == number - 1:
            raise KeyboardInterrupt
        return whole(*arguments, **named)

    return train_epoch


def test_a_folder_with_another_classifier_is_refused(tmp_path: Path, wardrobe: Dataset) -> None:
    folder = tmp_path / "classifier"
    train_classifier(tiny_config(), folder, wardrobe, show_progress=False)
    with pytest.raises(InputError, match=r"other settings .* seed: 0 / 1"):
        train_classifier(tiny_config(seed="1"), folder, wardrobe, show_progress=False)
    other = replace(wardrobe, train=wardrobe.test)
    with pytest.raises(InputError, match="training images"):
        train_classifier(tiny_config(), folder, other, show_progress=False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="holds no classifier"):
        train_classifier(tiny_config(), tmp_path / "full", wardrobe, show_progress=False)


def test_damaged_files_are_refused(tmp_path: Path, wardrobe: Dataset) -> None:
    folder = tmp_path / "classifier"
    train_classifier(tiny_config(), folder, wardrobe, show_progress=False)
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    content = bytearray((broken / "classifier.safetensors").read_bytes())
    content[-1] ^= 1
    (broken / "classifier.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="is damaged: its SHA-256"):
        load_classifier(broken)
    (broken / "classifier.json").write_text("{}")
    with pytest.raises(InputError, match=r"classifier\.json"):
        load_classifier(broken)
    with pytest.raises(InputError, match="is missing"):
        load_classifier(tmp_path)


def test_a_classifier_needs_one_process(tmp_path: Path, wardrobe: Dataset) -> None:
    with pytest.raises(InputError, match="in one process, in float32"):
        train_classifier(
            tiny_config(), tmp_path / "classifier", wardrobe, hardware=Hardware(devices=2)
        )
    assert not (tmp_path / "classifier").exists()


def test_training_needs_labels(tmp_path: Path) -> None:
    plain = noise_images(40, (1, 28, 28), classes=0)
    dataset = Dataset(train=plain, test=plain, source="noise")
    with pytest.raises(InputError, match="has no labels"):
        train_classifier(tiny_config(), tmp_path / "classifier", dataset, show_progress=False)


def test_augmentation_moves_and_mirrors_whole_images() -> None:
    x = torch.zeros(200, 1, 9, 9)
    x[:, :, 4, 3] = 1  # one bright pixel, left of the middle
    moved = augmented(x, 1, generator(0, "augmentation"), is_flipped=True)
    assert moved.shape == x.shape
    assert moved.flatten(1).sum(1).tolist() == [1.0] * 200
    rows, columns = moved.squeeze(1).nonzero()[:, 1], moved.squeeze(1).nonzero()[:, 2]
    assert set(rows.tolist()) == {3, 4, 5}
    assert set(columns.tolist()) == {2, 3, 4, 5, 6}  # 3 and its mirror 5, each moved by up to 1
    assert torch.equal(augmented(x, 0, generator(0, "augmentation"), is_flipped=False), x)


def test_the_classifiers_of_wardrobe_are_trained_once(wardrobe: Dataset) -> None:
    first, again = classifiers_for(wardrobe), classifiers_for(wardrobe)
    assert first.reference.fingerprint == again.reference.fingerprint
    assert first.reference.fingerprint != first.second.fingerprint
    assert first.reference.card.config.network.kind != first.second.card.config.network.kind
    assert first.reference.card.config.seed != first.second.card.config.seed


def test_images_without_labels_and_of_another_shape_have_no_classifier() -> None:
    odd = noise_images(40, (3, 16, 16), classes=0)
    with pytest.raises(InputError, match="no labels to train a classifier on"):
        classifiers_for(Dataset(train=odd, test=odd, source="noise"))
    gray = noise_images(40, (1, 28, 28), classes=0)
    classifiers = classifiers_for(Dataset(train=gray, test=gray, source="noise"))
    assert classifiers.reference.fingerprint == shipped_classifiers().reference.fingerprint


def test_shipped_classifiers_have_the_settings_of_their_presets() -> None:
    classifiers = shipped_classifiers()
    for classifier in (classifiers.reference, classifiers.second):
        card = classifier.card
        assert card.data.name == "fashion-mnist"
        assert card.test_count == 10_000
        assert card.command == f"vaelab train {card.config.preset}"
        assert card.config == CLASSIFIER_PRESETS[card.config.preset]()
        assert sum(map(sum, card.confusion)) == 10_000
    folder = Path(classifiers.reference.card.config.preset)
    assert folder.name == "classifier"
    assert classifiers.reference.card.test_accuracy >= 0.94


@pytest.mark.real_data
def test_shipped_classifiers_have_the_accuracy_of_their_cards() -> None:
    test = load_data(DataConfig()).test
    x, labels = torch.from_numpy(test.images).float() / 255, torch.from_numpy(test.labels)
    classifiers = shipped_classifiers()
    for classifier in (classifiers.reference, classifiers.second):
        right = (classifier.extractor(x).logits.argmax(1) == labels).double().mean().item()
        # Another processor may round a handful of images across a border.
        assert right == pytest.approx(classifier.card.test_accuracy, abs=5e-4)
        assert classifier.card.data.test_fingerprint == test.fingerprint()
