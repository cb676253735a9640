"""What every figure promises: drawn, complete, of legible size, the same each time."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from tests.conftest import ODD_DATA, odd_data, tiny
from vaelab.config import DataConfig
from vaelab.data import Dataset, ImageData
from vaelab.data.summary import summarize
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.figures import (
    COMPARISON_FIGURES,
    DATA_FIGURES,
    FIGURES,
    compare_figure,
    draw_comparison,
    draw_data,
    draw_figures,
    figure,
    possible_figures,
)
from vaelab.figures.spec import Drawing
from vaelab.loaded_run import LoadedRun
from vaelab.presets import PRESETS
from vaelab.training import fit
from vaelab.training.derived import fit_prior

# A preset of which each figure can be drawn.
SUBJECTS = {
    "kl-levels": "hierarchical-vae",
    "class-samples": "cvae",
    "class-interpolations": "cvae",
    "conditional-accuracy": "cvae",
    "latent": "mlp-vae-2d",
    "manifold": "mlp-vae-2d",
    "class-manifolds": "cvae-2d",
}


# Drawn once, by name; the code is the same for every run.
SLOW = {"tsne", "umap"}


def quick_figures(run: LoadedRun) -> list[str]:
    return [name for name in possible_figures(run) if name not in SLOW]


def assert_publishable(png: Path) -> None:
    """A picture of legible size, with content, and nothing cut off at its edges."""
    with Image.open(png) as image:
        pixels = np.asarray(image.convert("L"))
    assert pixels.shape[0] >= 200  # a title and one row of images
    assert pixels.shape[1] >= 600
    assert pixels.std() > 5
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert edges.min() > 200, "something is cut off at the edge"
    root = ElementTree.parse(png.with_suffix(".svg")).getroot()  # noqa: S314
    assert root.tag.endswith("svg")


def texts_of(drawn: Figure) -> str:
    """Title and detail of a figure, on one line."""
    texts = [drawn.get_suptitle(), *(text.get_text() for text in drawn.texts)]
    return " ".join(" ".join(texts).split())


def loaded(trained: Any, wardrobe: Dataset, name: str) -> LoadedRun:
    subject = LoadedRun(trained[name], dataset=wardrobe)
    if not subject.run.read_evaluation():
        evaluate(subject, metrics=("losses",))
    return subject


def trained_on(
    dataset: Dataset, preset: str, folder: Path, *metrics: str, **settings: str
) -> LoadedRun:
    config = tiny(preset, training__epochs="1", **settings)
    run = fit(config, folder / "run", dataset=dataset, show_progress=False)
    subject = LoadedRun(run, dataset=dataset)
    evaluate(subject, metrics=("losses", *metrics))
    return subject


def noise(count: int, shape: tuple[int, int, int], classes: int) -> Dataset:
    random = np.random.default_rng(0)
    data = ImageData(
        name="noise",
        images=random.integers(0, 256, (count, *shape), dtype=np.uint8),
        labels=np.arange(count) % classes if classes else None,
        class_names=tuple(f"class {label}" for label in range(classes)),
    )
    return Dataset(train=data, test=data, source="noise")


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_a_run(name: str, trained: Any, wardrobe: Dataset) -> None:
    subject = loaded(trained, wardrobe, SUBJECTS.get(name, "mlp-vae"))
    if name == "conditional-accuracy":
        evaluate(subject, metrics=("conditional-accuracy",))
    evaluation = subject.run.read_evaluation()
    threads = torch.get_num_threads()
    (path,) = draw_figures(subject, [name])
    assert torch.get_num_threads() == threads  # or later sums differ in their last bits
    assert path == subject.run.figures / f"{name}.png"
    assert_publishable(path)
    before = path.read_bytes(), path.with_suffix(".svg").read_bytes()
    draw_figures(subject, [name])
    assert (path.read_bytes(), path.with_suffix(".svg").read_bytes()) == before
    assert subject.run.read_evaluation() == evaluation


@pytest.mark.parametrize("preset", PRESETS)
def test_which_figures_each_preset_has(preset: str, trained: Any, wardrobe: Dataset) -> None:
    subject = loaded(trained, wardrobe, preset)
    # Drawn and not saved, which takes most of the time; the files are tested above.
    drawn = {figure(subject, name).name for name in quick_figures(subject)}
    drawn |= SLOW & set(possible_figures(subject))
    assert drawn >= {"curves", "reconstructions", "interpolations", "traversals"}
    can = subject.capabilities
    assert ("samples" in drawn) == can.has_prior
    assert ("class-samples" in drawn) == can.is_conditional
    assert ("latent" in drawn) == (can.latent_size == 2)
    assert ("tsne" in drawn) == ("umap" in drawn) == (can.latent_size > 2)
    assert ("kl-levels" in drawn) == (len(can.kl_levels) > 1)


@pytest.mark.parametrize("name", COMPARISON_FIGURES)
def test_every_figure_of_several_runs(
    name: str, trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    presets = ("autoencoder", "mlp-vae") if "autoencoder" in name else ("mlp-vae", "beta-vae")
    runs = [loaded(trained, wardrobe, preset) for preset in presets]
    assert_publishable(draw_comparison(name, runs, tmp_path))


def test_a_sweep_is_labeled_by_its_setting(wardrobe: Dataset, tmp_path: Path) -> None:
    runs = [
        trained_on(wardrobe, "mlp-vae", tmp_path / size, model__latent_size=size)
        for size in ("12", "2")
    ]
    for name in ("rate-distortion", "sweep-images", "sweep-kl"):
        assert_publishable(draw_comparison(name, runs, tmp_path))
        assert "by latent size" in texts_of(compare_figure(runs, name).figure)
    axes = compare_figure(runs, "rate-distortion").figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["latent size 2", "latent size 12"]
    (line,) = axes.lines
    assert line.get_linestyle() == "-"


def test_runs_that_differ_in_several_settings_are_labeled_by_name(
    trained: Any, wardrobe: Dataset
) -> None:
    runs = [loaded(trained, wardrobe, name) for name in ("mlp-vae-2d", "conv-vae")]
    axes = compare_figure(runs, "rate-distortion").figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["mlp-vae-2d", "conv-vae"]
    (line,) = axes.lines
    assert line.get_linestyle() == "None"


def test_every_figure_of_the_data(wardrobe: Dataset, tmp_path: Path) -> None:
    paths = draw_data(wardrobe, summarize(wardrobe, DataConfig()), tmp_path)
    assert [path.stem for path in paths] == list(DATA_FIGURES)
    for path in paths:
        assert_publishable(path)


@pytest.mark.parametrize(
    ("preset", "name", "message"),
    [
        ("autoencoder", "samples", "it needs a prior"),
        ("mlp-vae", "class-samples", "it needs a conditional model"),
        ("mlp-vae", "latent", "it needs 2 latent dimensions"),
        ("mlp-vae-2d", "pca", "it needs more than 2 latent dimensions"),
        ("cvae-2d", "manifold", "it needs an unconditional model"),
        ("mlp-vae", "sampels", "did you mean 'samples'"),
    ],
)
def test_impossible_figures_are_refused(
    preset: str, name: str, message: str, trained: Any, wardrobe: Dataset
) -> None:
    with pytest.raises(InputError) as caught:
        draw_figures(loaded(trained, wardrobe, preset), [name])
    assert message in str(caught.value)


def test_a_figure_that_fails_takes_no_other_with_it(
    trained: Any,
    wardrobe: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_run: LoadedRun) -> Drawing:
        raise ZeroDivisionError("of 1 by 0")

    subject = loaded(trained, wardrobe, "mlp-vae")
    for name in [name for name in FIGURES if name not in ("curves", "samples", "latent")]:
        monkeypatch.delitem(FIGURES, name)
    monkeypatch.setitem(FIGURES, "curves", replace(FIGURES["curves"], draw=fail))
    assert [path.stem for path in draw_figures(subject)] == ["samples"]
    assert capsys.readouterr().err.splitlines() == [
        "vaelab: left out: figure curves, it failed with ZeroDivisionError: of 1 by 0",
        "vaelab: left out: figure latent, it needs 2 latent dimensions, but the model has 10",
    ]
    # Named, it is an error, after the others are drawn.
    (subject.run.figures / "samples.png").unlink()
    with pytest.raises(ZeroDivisionError):
        draw_figures(subject, ["curves", "samples"])
    assert (subject.run.figures / "samples.png").exists()


def test_a_figure_of_the_data_that_fails_takes_no_other_with_it(
    wardrobe: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_dataset: Dataset, _summary: dict[str, Any]) -> Drawing:
        raise InputError("no images")

    monkeypatch.setitem(DATA_FIGURES, "images", replace(DATA_FIGURES["images"], draw=fail))
    paths = draw_data(wardrobe, summarize(wardrobe, DataConfig()), tmp_path)
    assert [path.stem for path in paths] == ["distributions"]
    assert capsys.readouterr().err == "vaelab: left out: figure images, no images\n"


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 3), (3, 5, 7), (1, 1, 28)])
def test_images_of_a_few_pixels_are_enlarged(shape: tuple[int, int, int], tmp_path: Path) -> None:
    dataset = noise(40, shape, classes=2)
    (path, _) = draw_data(dataset, summarize(dataset, DataConfig()), tmp_path)
    assert_publishable(path)


def test_figures_of_stored_numbers_need_them(tmp_path: Path) -> None:
    subject = trained_on(odd_data("three classes"), "cvae", tmp_path)
    assert "conditional-accuracy" not in possible_figures(subject)
    with pytest.raises(InputError, match=r"not evaluated yet; run `vaelab evaluate .*run`"):
        figure(subject, "conditional-accuracy")
    evaluate(subject, metrics=("conditional-accuracy",))
    assert "conditional-accuracy" in possible_figures(subject)


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        *((kind, "cvae" if classes else "mlp-vae") for kind, (classes, *_) in ODD_DATA.items()),
        ("color", "mlp-vae"),
        ("color", "autoencoder"),
        ("one test image", "autoencoder"),
    ],
)
def test_all_figures_of_odd_data(kind: str, network: str, tmp_path: Path) -> None:
    dataset = odd_data(kind)
    subject = trained_on(dataset, network, tmp_path)
    for path in [
        *draw_figures(subject, quick_figures(subject)),
        *draw_data(dataset, summarize(dataset, DataConfig()), tmp_path),
        draw_comparison("autoencoder-vs-vae", [subject, subject], tmp_path),
    ]:
        assert_publishable(path)


@pytest.mark.parametrize("shape", [(2, 12, 12), (5, 8, 20), (1, 40, 8)])
def test_images_of_any_shape(shape: tuple[int, int, int], tmp_path: Path) -> None:
    dataset = noise(40, shape, classes=0)
    subject = trained_on(dataset, "mlp-vae", tmp_path)
    for path in [
        *draw_figures(subject, quick_figures(subject)),
        *draw_data(dataset, summarize(dataset, DataConfig()), tmp_path),
    ]:
        assert_publishable(path)
    remark = f"images of {shape[0]} channels: their mean is shown"
    assert (remark in texts_of(figure(subject, "samples").figure)) == (shape[0] != 1)


def test_more_classes_than_a_figure_has_room_for(tmp_path: Path) -> None:
    dataset = noise(130, (1, 12, 12), classes=25)
    subject = trained_on(dataset, "cvae", tmp_path, "conditional-accuracy")
    paths = draw_figures(subject, quick_figures(subject))
    paths += draw_data(dataset, summarize(dataset, DataConfig()), tmp_path)
    for path in paths:
        assert_publishable(path)
    for name in ("class-samples", "conditional-accuracy"):
        drawn = figure(subject, name).figure
        assert "the first 20 of 25 classes" in texts_of(drawn)
    assert "20 of 25 classes are named" in texts_of(figure(subject, "pca").figure)
    assert "10 of 25 classes" in texts_of(figure(subject, "reconstructions").figure)


def test_runs_that_cannot_be_compared_are_refused(
    trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    runs = [loaded(trained, wardrobe, name) for name in ("mlp-vae", "autoencoder")]
    with pytest.raises(InputError, match="it needs KL by dimension"):
        draw_comparison("sweep-kl", runs, tmp_path)
    card = replace(runs[0].run.data, test_fingerprint="of something else")
    other = LoadedRun(replace(runs[0].run, data=card), dataset=wardrobe)
    with pytest.raises(InputError, match=r"can be compared: .* has different test images"):
        draw_comparison("rate-distortion", [runs[0], other], tmp_path)


def test_every_figure_has_its_texts() -> None:
    for spec in [*FIGURES.values(), *COMPARISON_FIGURES.values(), *DATA_FIGURES.values()]:
        assert spec.title
        assert spec.alt.endswith(".")


def test_dimensions_of_several_levels_are_named_by_level(trained: Any, wardrobe: Dataset) -> None:
    subject = loaded(trained, wardrobe, "hierarchical-vae")
    levels = [level.name for level in subject.capabilities.levels]
    assert len(levels) == 2
    rows = figure(subject, "traversals").figure.axes[0].get_yticklabels()
    names = {label.get_text().split(".")[0] for label in rows}
    assert names == set(levels)
    assert f"levels {', '.join(levels)} together" in texts_of(figure(subject, "pca").figure)
    bars = figure(subject, "kl-levels").figure.axes[0].get_yticklabels()
    assert [label.get_text() for label in bars] == list(subject.capabilities.kl_levels)


def test_a_prior_fitted_after_training_has_figures(
    trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    parent = trained["autoencoder"]
    run = fit_prior(parent, "gmm", tmp_path / "fitted", dataset=wardrobe, show_progress=False)
    subject = LoadedRun(run, dataset=wardrobe)
    paths = draw_figures(subject, quick_figures(subject))
    assert {"samples", "curves"} <= {path.stem for path in paths}
    for path in paths:
        assert_publishable(path)
