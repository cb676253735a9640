"""The folder that keeps the evaluation of samples made elsewhere."""

import json
from pathlib import Path

import numpy as np
import pytest

from vaelab.config import DataConfig
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.evaluation import evaluate_file, open_samples

CONFIG = DataConfig(name="wardrobe", train_count=300, test_count=120)


@pytest.fixture
def samples(tmp_path: Path, wardrobe: Dataset) -> Path:
    path = tmp_path / "mine.npz"
    np.savez(path, images=wardrobe.train.images[:150], labels=wardrobe.train.labels[:150])
    return path


def test_the_numbers_of_samples_are_kept(samples: Path, tmp_path: Path, wardrobe: Dataset) -> None:
    out = tmp_path / "runs" / "theirs"
    results = evaluate_file(samples, CONFIG, metrics=("fid", "conditional-accuracy"), out=out)
    stored = open_samples(out)
    assert (stored.name, stored.card.count, stored.card.has_labels) == ("theirs", 150, True)
    assert stored.card.source == str(samples)
    assert stored.data.test_fingerprint == wardrobe.test.fingerprint()
    evaluation = stored.read_evaluation()
    assert evaluation["metrics"]["fid_proxy"]["value"] == results["fid_proxy"].value
    assert evaluation["details"] == results.details
    evaluate_file(samples, CONFIG, metrics=("memorization",), out=out)
    stored_metrics = open_samples(out).read_evaluation()["metrics"]
    assert {"fid_proxy", "memorization_rate"} <= stored_metrics.keys()


def test_without_a_folder_nothing_is_written(samples: Path, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    assert evaluate_file(samples, CONFIG, metrics=("memorization",))
    assert set(tmp_path.rglob("*")) == before


def test_a_folder_that_holds_something_else_is_refused(samples: Path, tmp_path: Path) -> None:
    out = tmp_path / "theirs"
    evaluate_file(samples, CONFIG, metrics=("memorization",), out=out)
    other = tmp_path / "other.npy"
    np.save(other, np.load(samples)["images"][::-1])
    with pytest.raises(InputError, match=r"evaluation of other samples \(.*mine\.npz\)"):
        evaluate_file(other, CONFIG, metrics=("memorization",), out=out)
    with pytest.raises(InputError, match="exists and holds no samples"):
        evaluate_file(samples, CONFIG, metrics=("memorization",), out=tmp_path)


def test_a_folder_without_samples_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it has no samples\.json"):
        open_samples(tmp_path)
    (tmp_path / "samples.json").write_text(json.dumps({"source": "x", "data_card": {}}))
    with pytest.raises(InputError, match=r"samples\.json: "):
        open_samples(tmp_path)
