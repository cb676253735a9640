"""Samples made elsewhere: read from files, and refused in one line where they are no images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.data.data_files import follow_advice
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.evaluation import evaluate_samples
from vaelab.evaluation.samples import checked_samples, class_positions, read_samples

SHAPE = (1, 28, 28)
NAMES = ("T-shirt/top", "Trouser")
RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.random((120, 28, 28)).astype(np.float32)


def read(path: Path) -> Any:
    return read_samples(path, SHAPE, NAMES)


def check(images: Any, labels: Any = None) -> Any:
    return checked_samples(images, labels, SHAPE, len(NAMES), "X")


@pytest.mark.parametrize(
    "layout",
    [
        lambda x: x,
        lambda x: x[:, None],
        lambda x: x[..., None],
        lambda x: x.reshape(len(x), -1),
        lambda x: x.astype(np.float64),
    ],
    ids=["NHW", "NCHW", "NHWC", "flat", "float64"],
)
def test_every_usual_layout_is_the_same_image(layout: Any) -> None:
    assert np.array_equal(check(layout(PIXELS)).images[:, 0], PIXELS)


def test_bytes_stand_for_0_to_255() -> None:
    whole = np.rint(PIXELS * 255).astype(np.uint8)
    assert np.allclose(check(whole).images[:, 0], whole / 255)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x * 255, r"found float32 from 0\.\d+ to 25\d"),
        (lambda x: x * 2 - 1, r"found float32 from -0\.\d+ to 0\.\d+"),
        (lambda x: x * 1000 - 3, "expected whole numbers from 0 to 65535 or floats"),
        (lambda x: np.where(x > 0.999, np.nan, x), r"NaN or infinity, first in image \d+"),
        (lambda x: x[:99], "at least 100 samples, found 99"),
        (lambda x: x[:, :20], r"expected images of \(1, 28, 28\).*found an array of \(120, 20"),
        (lambda x: x[:0], "found an empty array"),
        (lambda x: (x * 9).astype(np.int64) - 1, "found int64 from -1 to 7"),
        (lambda x: x.astype(object), "expected numbers, found object"),
    ],
)
def test_arrays_that_are_no_images_are_refused_in_one_line(change: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        check(change(PIXELS))
    assert "\n" not in str(caught.value)


WHOLE = np.rint(PIXELS * 255)


@pytest.mark.parametrize(
    ("images", "expected", "note"),
    [
        (np.where(WHOLE == 255, np.float32(1.0000001), PIXELS), PIXELS, "clipped to [0, 1]"),
        (WHOLE, WHOLE / 255, "used as 8-bit values"),
        (WHOLE.astype(np.int64), WHOLE / 255, "used as 8-bit values"),
        (WHOLE.astype(np.uint16) * 257, WHOLE / 255, "16-bit values"),
        (WHOLE > 99, WHOLE > 99, "0 and 1 mapped to 0 and 255"),
    ],
)
def test_other_numbers_are_mapped_with_a_note(
    images: Any, expected: Any, note: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = check(images).images[:, 0].numpy()
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_allclose(found, expected, atol=1 / 500)
    said = capsys.readouterr().err
    assert said.startswith("vaelab: X: images: ")
    assert note in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "change", [lambda x: x * 254.5, lambda x: x * 2 - 1, lambda x: x * 9 - 3, lambda x: x * 1.2]
)
def test_advice_on_samples_is_right_to_the_letter(change: Any) -> None:
    images = change(PIXELS)
    with pytest.raises(InputError) as caught:
        check(images)
    mapped = check(follow_advice(caught.value, images=images)).images
    assert mapped.min() < 0.01
    assert mapped.max() > 0.99


def test_generators_may_compute_in_half_precision(wardrobe: Dataset) -> None:
    images = torch.from_numpy(PIXELS[:, None])
    for precision in (torch.bfloat16, torch.float16):
        results = evaluate_samples(images.to(precision), data=wardrobe, metrics=("frechet",))
        assert results["fid_proxy"].value > 0


def test_labels_are_names_or_positions() -> None:
    labels = np.arange(120) % 2
    assert class_positions(labels, 120, NAMES, "X").tolist() == labels.tolist()
    assert class_positions(labels[:, None], 120, NAMES, "X").tolist() == labels.tolist()
    text = np.array(NAMES)[labels]
    assert class_positions(text, 120, NAMES, "X").tolist() == labels.tolist()
    with pytest.raises(InputError, match="label boot of image 0 has no name"):
        class_positions(np.full(120, "boot"), 120, NAMES, "X")
    with pytest.raises(InputError, match="expected no labels"):
        class_positions(labels, 120, (), "X")


def test_labels_that_are_names_as_well_as_positions_are_refused() -> None:
    names = ("1", "2", "3")
    three = np.arange(120) % 3
    assert class_positions(three, 120, names, "X").tolist() == three.tolist()
    assert class_positions(three + 1, 120, names, "X").tolist() == three.tolist()
    labels = three % 2 + 1
    with pytest.raises(InputError, match="names as well as positions") as caught:
        class_positions(labels, 120, names, "X")
    as_text = follow_advice(caught.value, labels=labels)
    assert class_positions(as_text, 120, names, "X").tolist() == (labels - 1).tolist()


def test_numbered_folders_are_names_where_all_are(tmp_path: Path) -> None:
    for name, others in (("named", "123"), ("by position", "012")):
        for folder in others:
            (tmp_path / name / folder).mkdir(parents=True)
            for number in range(40):
                picture = Image.fromarray(np.full((28, 28), number, np.uint8))
                picture.save(tmp_path / name / folder / f"{number}.png")
        samples = read_samples(tmp_path / name, SHAPE, ("1", "2", "3"))
        assert np.bincount(samples.labels).tolist() == [40, 40, 40]
        assert samples.labels[:40].tolist() == [0] * 40


def test_labels_must_be_classes_of_the_data() -> None:
    labels = np.arange(120) % 2
    assert check(PIXELS, labels).labels.tolist() == labels.tolist()
    with pytest.raises(InputError, match="labels must lie in 0 to 1, found 0 to 2"):
        check(PIXELS, np.arange(120) % 3)
    for wrong in (labels[:3], labels[:, None], labels / 2):
        with pytest.raises(InputError, match=r"one integer label per image, \(120,\)"):
            check(PIXELS, wrong)


def test_arrays_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=PIXELS, labels=np.arange(120) % 2)
    np.save(tmp_path / "x.npy", PIXELS)
    assert torch.equal(read(tmp_path / "x.npz").images, read(tmp_path / "x.npy").images)
    assert read(tmp_path / "x.npz").labels[:3].tolist() == [0, 1, 0]
    assert read(tmp_path / "x.npy").labels is None
    np.savez(tmp_path / "y.npz", (PIXELS * 255).astype(np.uint8)[..., None], np.arange(120) % 2)
    assert read(tmp_path / "y.npz").labels[:3].tolist() == [0, 1, 0]


def test_folders_are_read_and_class_folders_make_them_conditional(tmp_path: Path) -> None:
    for number, image in enumerate(np.rint(PIXELS * 255).astype(np.uint8)):
        for folder in (
            "plain",
            f"named/{('tshirt_top', 'trouser')[number % 2]}",
            f"by/{number % 2}",
        ):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(tmp_path / folder / f"{number:03}.png")
    plain, named, numbered = (read(tmp_path / name) for name in ("plain", "named", "by"))
    assert plain.labels is None
    assert numbered.labels.tolist() == [0] * 60 + [1] * 60
    assert torch.equal(numbered.images, torch.cat([plain.images[::2], plain.images[1::2]]))
    # Folders are read in the order of their names, and "trouser" comes before "tshirt_top".
    assert named.labels.tolist() == [1] * 60 + [0] * 60
    assert torch.equal(named.images, torch.cat([plain.images[1::2], plain.images[::2]]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.npy", b"", "cannot be read as an array"),
        ("x.npy", b"\x80\x04N.", "cannot be read as an array"),
        ("x.npz", b"<html>", "web page"),
        ("x.txt", b"1 2 3", "an .npz, an .npy or a folder"),
    ],
)
def test_files_that_hold_no_samples(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)


def test_folders_that_hold_no_samples(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found none"):
        read(tmp_path)
    (tmp_path / "notes.txt").write_text("?")
    with pytest.raises(InputError, match=r"found notes\.txt"):
        read(tmp_path)
    (tmp_path / "Trouser").mkdir()
    with pytest.raises(InputError, match="either images or a folder per class"):
        read(tmp_path)
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "Hat").mkdir()
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "Hat" / "a.png")
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "Trouser" / "a.png")
    with pytest.raises(InputError, match="named by a class"):
        read(tmp_path)


def test_a_function_is_evaluated_like_its_images(wardrobe: Dataset) -> None:
    train = wardrobe.train
    labels = np.arange(200) % 10

    def make(asked: Any) -> Any:
        """An ideal generator: real images of the requested classes."""
        assert train.labels is not None
        of_class = [np.flatnonzero(train.labels == label) for label in range(10)]
        chosen = [of_class[label][i // 10] for i, label in enumerate(asked)]
        return train.images[chosen].astype(np.float32) / 255

    named = ("frechet", "conditional-accuracy")
    results = evaluate_samples(make, labels, data=wardrobe, metrics=named)
    same = evaluate_samples(make(labels), labels, data=wardrobe, metrics=named)
    assert results == same
    assert sum(map(sum, results.details["conditional_accuracy_confusion"])) == 200
    unconditional = evaluate_samples(make, data=wardrobe, count=200, metrics=("frechet",))
    assert unconditional["fid_proxy"].value == results["fid_proxy"].value
    with pytest.raises(InputError, match="not generated for given classes"):
        evaluate_samples(make, data=wardrobe, count=200, metrics=("conditional-accuracy",))
    with pytest.raises(InputError, match="called with 200 labels and returned 3 images"):
        evaluate_samples(lambda asked: make(asked)[:3], labels, data=wardrobe)
    with pytest.raises(InputError, match="samples without their model"):
        evaluate_samples(make, data=wardrobe, count=200, metrics=("losses",))
