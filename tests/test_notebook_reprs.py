"""What runs, numbers, samples, figures, comparisons and data show of themselves."""

import base64
import io
import json
import math
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import vaelab
from tests.conftest import TrainedRuns, odd_data, tiny
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.evaluation import MetricValue, Results, evaluate
from vaelab.figures import draw_comparison, draw_figures
from vaelab.loaded_run import LoadedRun
from vaelab.pictures import to_pixels
from vaelab.runs import Run, open_run
from vaelab.sampling import Samples, save_samples
from vaelab.training import fit

HARMLESS_TAGS = {"div", "strong", "table", "tr", "th", "td", "img"}
HARMLESS_ATTRIBUTES = {"style", "src", "alt"}
NASTY = "<script>alert(\"1\")</script>&amp;'x'"


class Cell(HTMLParser):
    """A notebook cell's HTML, checked while it is read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.styles: list[str] = []
        self.images: list[np.ndarray] = []
        self.captions: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in HARMLESS_TAGS
        named = {name: value or "" for name, value in attrs}
        assert named.keys() <= HARMLESS_ATTRIBUTES
        self.styles.append(named.get("style", ""))
        if tag == "img":
            data = named["src"].removeprefix("data:image/png;base64,")
            with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as image:
                self.images.append(np.asarray(image))
            self.captions.append(named["alt"])
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def cell(thing: Any) -> Cell:
    read = Cell(thing._repr_html_())
    assert not any("color" in style or "background" in style for style in read.styles), (
        "colors are the notebook's, light or dark"
    )
    return read


@pytest.fixture(scope="module")
def vae(trained: TrainedRuns, wardrobe: Dataset) -> LoadedRun:
    loaded = LoadedRun(trained["mlp-vae"], dataset=wardrobe)
    evaluate(loaded, metrics=("losses",))
    return loaded


@pytest.fixture(scope="module")
def cvae(trained: TrainedRuns, wardrobe: Dataset) -> LoadedRun:
    return LoadedRun(trained["cvae"], dataset=wardrobe)


@pytest.fixture(scope="module")
def autoencoder(trained: TrainedRuns, wardrobe: Dataset) -> LoadedRun:
    loaded = LoadedRun(trained["autoencoder"], dataset=wardrobe)
    evaluate(loaded, metrics=("losses",))
    return loaded


def copied(run: Run, folder: Path) -> Run:
    shutil.copytree(run.path, folder)
    return open_run(folder)


def test_a_run_shows_its_summary(vae: LoadedRun) -> None:
    records = vae.run.read_metrics()
    best = min(records, key=lambda record: record["selection_loss"])
    total = f"{best['validation']['negative_elbo']:.2f} nats"
    assert vae.run.summary() | {"best epoch": ""} == {
        "preset": "mlp-vae",
        "data": "wardrobe",
        "epochs": "2 of 2",
        "best epoch": "",
    }
    texts = cell(vae.run).texts
    for text in ("Run mlp-vae", "wardrobe", "2 of 2", str(vae.run.path)):
        assert text in texts
    for name in ("reconstruction", "kl", "negative_elbo"):
        assert name in texts
        result = vae.run.read_evaluation()["metrics"][name]
        for part in ("value", "floor", "baseline"):
            assert result[part] is None or f"{result[part]:.2f}" in texts
    for plain in (repr(vae.run), repr(vae)):
        assert "mlp-vae" in plain
        assert "epochs 2 of 2" in plain
        assert total in plain
        assert "\n" not in plain


def test_an_unfinished_run_shows_its_progress(vae: LoadedRun, tmp_path: Path) -> None:
    nothing = Run(tmp_path / "nothing", vae.run.config, vae.run.data)
    assert "epochs 0 of 2, not finished" in repr(nothing)
    assert "not evaluated yet" in cell(nothing).texts
    assert "config.json is missing" in "".join(cell(LoadedRun(nothing)).texts)

    run = copied(vae.run, tmp_path / "run")
    longer = replace(
        run, config=replace(run.config, training=replace(run.config.training, epochs=9))
    )
    assert longer.summary()["epochs"] == "2 of 9, stopped early"
    shutil.rmtree(run.path / "checkpoint")
    shutil.rmtree(run.path / "checkpoint.before", ignore_errors=True)
    assert longer.summary()["epochs"] == "2 of 9, not finished"


def test_a_damaged_run_says_so(vae: LoadedRun, tmp_path: Path) -> None:
    run = copied(vae.run, tmp_path / "run")
    for name in ("checkpoint", "checkpoint.before"):  # which have the records too
        shutil.rmtree(run.path / name)
    (run.path / "metrics.jsonl").write_text("{<nonsense>")
    assert "metrics.jsonl line 1 is not JSON" in repr(run)
    assert "metrics.jsonl line 1 is not JSON" in "".join(cell(run).texts)
    assert "metrics.jsonl line 1 is not JSON" in "".join(cell(LoadedRun(run)).texts)


def test_a_stored_number_that_is_not_finite_is_blank(vae: LoadedRun, tmp_path: Path) -> None:
    run = copied(vae.run, tmp_path / "run")
    stored = run.read_evaluation()
    stored["metrics"]["negative_elbo"] |= {"value": math.nan, "floor": None, "unit": NASTY}
    (run.path / "evaluation.json").write_text(json.dumps(stored))
    texts = cell(run).texts
    assert NASTY in texts
    assert "nan" not in [*texts, *cell(vaelab.compare([run])).texts]


def test_names_are_never_markup(tmp_path: Path) -> None:
    color = odd_data("color")
    names = (NASTY, '"><img src=x onerror=alert(1)>', "plain")
    dataset = replace(
        color,
        train=replace(color.train, name=NASTY, class_names=names),
        test=replace(color.test, name=NASTY, class_names=names),
        source=NASTY,
    )
    config = tiny("cvae", training__epochs="1")
    folder = tmp_path / '<script>&"x"'
    loaded = LoadedRun(fit(config, folder, dataset=dataset, show_progress=False), dataset=dataset)
    evaluate(loaded, metrics=("losses",))
    assert f"Run {folder.name}" in cell(loaded).texts
    assert f"Data {NASTY}" in cell(dataset).texts
    assert cell(dataset).captions == list(names)
    assert folder.name in cell(vaelab.compare([loaded])).texts
    samples = vaelab.sample(loaded, 6)
    shown = cell(samples)
    assert shown.captions == [*names, *names]
    assert [image.shape for image in shown.images] == [(12, 12, 3)] * 6, "color, pixel for pixel"
    assert cell(vaelab.sample(loaded, 2, class_name=NASTY)).texts[0].endswith(f", {NASTY}")


def test_a_loaded_run_shows_what_it_makes(
    vae: LoadedRun, cvae: LoadedRun, autoencoder: LoadedRun
) -> None:
    assert len(cell(vae).images) == 10
    assert len(cell(vae.run).images) == 0
    shown = cell(cvae)
    assert shown.captions == list(cvae.run.data.class_names)
    shown = cell(autoencoder)
    assert len(shown.images) == 10
    assert "reconstructions of the first test images" in shown.texts
    assert not any("KL" in text for text in shown.texts)
    # Without images at hand none are loaded only to be shown.
    bare = LoadedRun(autoencoder.run)
    assert cell(bare).images == []
    assert "data" not in vars(bare)


@pytest.mark.parametrize("kind", ["unlabeled", "one test image", "one class"])
def test_odd_data_is_shown(kind: str, tmp_path: Path) -> None:
    dataset = odd_data(kind)
    loaded = LoadedRun(
        fit(
            tiny("autoencoder", training__epochs="1"),
            tmp_path / "run",
            dataset=dataset,
            show_progress=False,
        ),
        dataset=dataset,
    )
    assert len(cell(loaded).images) == min(10, len(dataset.test))
    assert len(cell(dataset).images) == (1 if kind == "one class" else 10)


def test_data_shows_an_image_of_each_class(wardrobe: Dataset) -> None:
    shown = cell(wardrobe)
    assert "300 training and 120 test images of 1 x 28 x 28" in shown.texts
    assert shown.captions == list(wardrobe.train.class_names)
    assert wardrobe.train.labels is not None
    for label, image in enumerate(shown.images):
        first = int(np.flatnonzero(wardrobe.train.labels == label)[0])
        assert np.array_equal(image, wardrobe.train.images[first, 0])
    assert repr(wardrobe) == (
        f"<Dataset wardrobe: 300 training and 120 test images of 1 x 28 x 28; {wardrobe.source}>"
    )


def test_samples_are_seen_pixel_for_pixel(vae: LoadedRun) -> None:
    samples = vaelab.sample(vae, 12, seed=3)
    assert samples.images.shape == (12, 1, 28, 28)
    assert samples.labels is None
    assert float(samples.images.min()) >= 0
    assert float(samples.images.max()) <= 1
    assert torch.equal(samples.images, vaelab.sample(vae, 12, seed=3).images)
    assert not torch.equal(samples.images, vaelab.sample(vae, 12, seed=4).images)
    shown = cell(samples)
    expected = to_pixels(samples.images.numpy())
    assert len(shown.images) == 12
    for image, pixels in zip(shown.images, expected, strict=True):
        assert np.array_equal(image, pixels[:, :, 0])
    assert sum("image-rendering:pixelated" in style for style in shown.styles) == 12
    assert "12 samples of mlp-vae" in shown.texts
    assert repr(samples) == "<12 samples of mlp-vae: 1 x 28 x 28>"


def test_samples_of_classes_are_named(cvae: LoadedRun) -> None:
    names = list(cvae.run.data.class_names)
    samples = vaelab.sample(cvae, 12)
    assert samples.labels is not None
    assert samples.labels.tolist() == [*range(10), 0, 1]
    assert cell(samples).captions == [*names, *names[:2]]
    sneakers = vaelab.sample(cvae, 3, class_name="Sneaker")
    assert sneakers.labels is not None
    assert sneakers.labels.tolist() == [7, 7, 7]
    assert "3 samples of cvae, Sneaker" in cell(sneakers).texts
    assert cell(sneakers).captions == ["", "", ""], "said once, not below each"
    unnamed = Samples(samples.images, samples.labels, "mine")
    assert cell(unnamed).captions[:2] == ["class 0", "class 1"]


def test_a_cell_holds_a_hundred_samples_at_most(vae: LoadedRun) -> None:
    shown = cell(vaelab.sample(vae, 1234))
    assert len(shown.images) == 100
    assert "1,234 samples of mlp-vae" in shown.texts
    assert "and 1,134 more" in shown.texts


def test_samples_are_saved_as_the_command_does(cvae: LoadedRun, tmp_path: Path) -> None:
    samples = vaelab.sample(cvae, 12, seed=5, class_name="Bag")
    for suffix in (".png", ".npz"):
        path = samples.save(str(tmp_path / f"mine{suffix}"))
        other = tmp_path / f"command{suffix}"
        save_samples(cvae, other, count=12, class_name="Bag", seed=5)
        if suffix == ".png":
            assert path.read_bytes() == other.read_bytes()
            continue
        with np.load(path) as mine, np.load(other) as theirs:
            assert set(mine) == {"images", "labels"}
            assert np.array_equal(mine["images"], theirs["images"])
            assert np.array_equal(mine["images"], samples.images.numpy())
            assert mine["labels"].tolist() == theirs["labels"].tolist() == [8] * 12
    with pytest.raises(InputError, match=r"\.png or \.npz"):
        samples.save(tmp_path / "x.gif")
    many = Samples(torch.zeros(10_001, 1, 1, 1), None, "many")
    with pytest.raises(InputError, match="too many for a picture"):
        many.save(tmp_path / "x.png")


def test_samples_that_cannot_be_are_refused(
    vae: LoadedRun, cvae: LoadedRun, autoencoder: LoadedRun
) -> None:
    with pytest.raises(InputError, match="no prior to sample from"):
        vaelab.sample(autoencoder, 3)
    with pytest.raises(InputError, match="cannot generate a requested class"):
        vaelab.sample(vae, 3, class_name="Bag")
    with pytest.raises(InputError, match="did you mean 'Bag'"):
        vaelab.sample(cvae, 3, class_name="Bagg")
    with pytest.raises(InputError, match="must be at least 1, found 0"):
        vaelab.sample(cvae, 0)


def test_samples_can_be_evaluated_directly(cvae: LoadedRun, wardrobe: Dataset) -> None:
    samples = vaelab.sample(cvae, 100)
    assert samples.labels is not None
    results = vaelab.evaluate_samples(samples, data=wardrobe, metrics=("conditional-accuracy",))
    raw = samples.images.numpy(), samples.labels.numpy()
    same = vaelab.evaluate_samples(*raw, data=wardrobe, metrics=("conditional-accuracy",))
    assert results == same
    with pytest.raises(InputError, match="cvae: expected at least 100 samples, found 99"):
        vaelab.evaluate_samples(vaelab.sample(cvae, 99), data=wardrobe)
    with pytest.raises(InputError, match="cvae: expected images of"):
        vaelab.evaluate_samples(samples, data=odd_data("color"))


def test_a_figure_shows_what_is_saved(vae: LoadedRun, tmp_path: Path) -> None:
    figure = vaelab.figure(vae, "traversals")
    png, size = figure._repr_png_()
    (drawn,) = draw_figures(vae, ["traversals"])
    assert png == drawn.read_bytes()
    assert figure.save(str(tmp_path / "own.png")).read_bytes() == png
    svg = figure.save(tmp_path / "own.svg")
    assert svg.read_bytes() == drawn.with_suffix(".svg").read_bytes()
    with Image.open(io.BytesIO(png)) as image:
        assert image.width > 1.5 * size["width"], "sharp on fine screens"
    assert repr(figure) == "<figure traversals of mlp-vae>"
    with pytest.raises(InputError, match=r"written as \.png or \.svg"):
        figure.save(tmp_path / "own.gif")


def test_a_figure_of_several_runs_shows_what_is_saved(
    vae: LoadedRun, autoencoder: LoadedRun, tmp_path: Path
) -> None:
    figure = vaelab.compare_figure([autoencoder, vae], "autoencoder-vs-vae")
    drawn = draw_comparison("autoencoder-vs-vae", [autoencoder, vae], tmp_path)
    assert figure._repr_png_()[0] == drawn.read_bytes()
    assert repr(figure) == "<figure autoencoder-vs-vae of autoencoder, mlp-vae>"


def test_figures_that_cannot_be_are_refused(vae: LoadedRun, autoencoder: LoadedRun) -> None:
    with pytest.raises(InputError, match="did you mean 'samples'"):
        vaelab.figure(vae, "sampels")
    with pytest.raises(InputError, match="it needs a prior"):
        vaelab.figure(autoencoder, "samples")
    with pytest.raises(InputError, match="it needs a prior"):
        vaelab.compare_figure([vae, autoencoder], "rate-distortion")
    with pytest.raises(InputError, match="did you mean 'sweep-kl'"):
        vaelab.compare_figure([vae], "sweep-kll")


def test_nothing_is_drawn_where_one_figure_is_refused(vae: LoadedRun, tmp_path: Path) -> None:
    run = LoadedRun(copied(vae.run, tmp_path / "run"), dataset=vae.dataset)
    shutil.rmtree(run.run.figures, ignore_errors=True)
    with pytest.raises(InputError):
        draw_figures(run, ["curves", "latent"])
    assert not run.run.figures.exists()


def test_results_are_a_table(vae: LoadedRun) -> None:
    results = evaluate(vae, metrics=("losses",))
    assert results["negative_elbo"].value > 0
    texts = cell(results).texts
    for text in ("value", "floor", "baseline", "negative_elbo", "nats", "on 120 images, seed 0"):
        assert text in texts
    assert f"{results['negative_elbo'].value:.2f}" in texts
    assert repr(results).splitlines()[-1] == "  on 120 images, seed 0"


def test_results_of_any_kind_are_a_table() -> None:
    value = MetricValue(value=3.0, unit=NASTY, count=3, seed=7, floor=-math.inf)
    odd = Results({NASTY: value}, {NASTY: NASTY})
    texts = cell(odd).texts
    assert texts.count(NASTY) == 2
    assert "3" in texts
    assert f"left out: {NASTY}, {NASTY}" in texts
    assert "nothing was measured" in cell(Results()).texts
    assert "nothing was measured" in repr(Results())


def test_a_comparison_is_a_table(vae: LoadedRun, autoencoder: LoadedRun) -> None:
    compared = vaelab.compare([autoencoder, vae.run])
    texts = cell(compared).texts
    for text in (
        "autoencoder",
        "mlp-vae",
        "reconstruction (nats)",
        "negative_elbo (nats)",
        "(floor)",
    ):
        assert text in texts
    total = vae.run.read_evaluation()["metrics"]["negative_elbo"]["value"]
    assert f"{total:.2f}" in texts
    assert f"{total:.2f}" in repr(compared)
    assert cell(vaelab.compare([vae], columns=("kl",))).texts.count("kl (nats)") == 1
    with pytest.raises(InputError, match="no run"):
        vaelab.compare([])


def test_the_best_is_bold_and_what_cannot_be_compared_is_apart(
    vae: LoadedRun, tmp_path: Path
) -> None:
    better = copied(vae.run, tmp_path / "better")
    stored = better.read_evaluation()
    stored["metrics"]["negative_elbo"]["value"] -= (
        1e3 * stored["metrics"]["negative_elbo"]["standard_error"]
    )
    better.write_evaluation(stored)
    html = vaelab.compare([vae, better])._repr_html_()
    best = f"{stored['metrics']['negative_elbo']['value']:.2f}"
    assert f"<strong>{best}</strong>" in html
    assert html.count("<strong>") == 1

    stored["metrics"]["negative_elbo"]["count"] = 7
    better.write_evaluation(stored)
    apart = vaelab.compare([vae, better])
    assert len(apart.tables) == 2
    expected = "Not comparable with the first table: negative_elbo by a different number of images."
    assert expected in cell(apart).texts
