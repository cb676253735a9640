"""Names in figures are data: drawn letter by letter, in any script, and never markup."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib.font_manager
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.figure import Figure
from matplotlib.text import Text

from tests.conftest import noise_images, tiny
from tests.figures.test_figures import assert_publishable, quick_figures
from vaelab.config import DataConfig
from vaelab.data import Dataset, ImageData
from vaelab.data.summary import summarize
from vaelab.evaluation import evaluate
from vaelab.figures import compare_figure, draw_comparison, draw_data, draw_figures, figure
from vaelab.figures.fonts import font_families
from vaelab.loaded_run import LoadedRun
from vaelab.names import displayed
from vaelab.runs import DataCard
from vaelab.training import fit

NAMES = (
    "$a^2_1$",
    r"$\frac{",
    "_leading",
    "__class__",
    "קטגוריה",
    "日本語",
    120 * "x",
    "caf\udce9",
    "<b>&\n\x1b[31m|",
    "%s {0}",
)
# As they are drawn.
SHOWN = {
    "$a^2_1$",
    r"$\frac{",
    "_leading",
    "__class__",
    "קטגוריה",
    "日本語",
    f"{12 * 'x'}…{11 * 'x'}",
    r"caf\xe9",
    r"<b>&\n\x1b[31m|",
    "%s {0}",
}
RUN_NAME = "$_x_$ שלום 日本"
RUN_SHOWN = displayed(RUN_NAME)


def named_dataset() -> Dataset:
    noise = noise_images(120, (1, 12, 12), classes=len(NAMES))
    data = replace(noise, name="folder:" + RUN_NAME, class_names=NAMES)
    return Dataset(train=data, test=data.first(40), source="noise")


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    dataset = named_dataset()
    folder = tmp_path_factory.mktemp("named") / RUN_NAME
    config = tiny("cvae", training__epochs="1", model__latent_size="3")
    loaded = LoadedRun(fit(config, folder, dataset=dataset, show_progress=False), dataset=dataset)
    evaluate(loaded, metrics=("losses", "conditional-accuracy"))
    return loaded


def texts_in(drawn: Figure) -> set[str]:
    return {text.get_text() for text in drawn.findobj(Text)}


@pytest.fixture(autouse=True)
def _no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_every_figure_is_drawn_whatever_the_names(named: LoadedRun, tmp_path: Path) -> None:
    paths = draw_figures(named, quick_figures(named))
    paths += draw_data(named.data, summarize(named.data, DataConfig()), tmp_path)
    paths += [
        draw_comparison(name, [named, named], tmp_path) for name in ("sweep-kl", "sweep-images")
    ]
    assert len(paths) > 10
    for path in paths:
        assert_publishable(path)


@pytest.mark.parametrize("name", ["class-samples", "conditional-accuracy", "pca"])
def test_class_names_are_drawn_as_they_are(name: str, named: LoadedRun) -> None:
    drawn = figure(named, name).figure
    assert texts_in(drawn) >= SHOWN
    assert not any(text.get_parse_math() for text in drawn.findobj(Text))
    assert drawn.get_suptitle().strip().endswith(f": {RUN_SHOWN}")


def test_a_legend_has_every_name(named: LoadedRun) -> None:
    (axes,) = figure(named, "pca").figure.axes
    assert {text.get_text() for text in axes.get_legend().get_texts()} == SHOWN
    (axes,) = compare_figure([named, replace(named)], "sweep-kl").figure.axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == 2 * [RUN_SHOWN]


def test_a_leading_underscore_hides_no_run(tmp_path: Path) -> None:
    data = noise_images(60, (1, 12, 12), classes=0)
    dataset = Dataset(train=data, test=data, source="noise")
    runs = []
    for name, preset in (("_hidden", "mlp-vae"), ("shown", "beta-vae")):
        config = tiny(preset, training__epochs="1", training__learning_rate="0.01")
        run = fit(config, tmp_path / name, dataset=dataset, show_progress=False)
        runs.append(LoadedRun(run, dataset=dataset))
        evaluate(runs[-1], metrics=("losses",))
    (axes,) = compare_figure(runs, "sweep-kl").figure.axes
    assert len(axes.get_legend().get_texts()) == 2


def test_the_svg_has_the_names_as_text(named: LoadedRun) -> None:
    (path,) = draw_figures(named, ["class-samples"])
    root = ElementTree.parse(path.with_suffix(".svg")).getroot()  # noqa: S314
    texts = {"".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"$a^2_1$", "日本語", r"<b>&\n\x1b[31m|"} <= texts


def test_long_titles_are_wrapped(named: LoadedRun, tmp_path: Path) -> None:
    path = tmp_path / (200 * "long ")[:250]
    run = replace(named.run, path=path)
    data = replace(named.data.train, name=300 * "long")
    dataset = replace(named.data, train=data)
    loaded = LoadedRun(replace(run, data=DataCard.of(dataset)), dataset=dataset)
    loaded.__dict__["model"] = named.model
    loaded.__dict__["capabilities"] = named.capabilities
    assert_publishable(figure(loaded, "class-samples").save_in(tmp_path))


def font_of(characters: str, file: Path) -> Path:
    """A font in which each character is a square."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 800), (900, 800), (900, 0)):
        pen.lineTo(point)
    pen.closePath()
    glyphs = {".notdef": pen.glyph()}
    names = [f"u{ord(each):X}" for each in characters]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap(dict(zip(map(ord, characters), names, strict=True)))
    builder.setupGlyf(glyphs | dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names], (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": file.stem, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(file)
    return file


# From a private range, so that no installed font has them.
HAVE, ALSO, LACK = "\U000f1a00\U000f1a01", "\U000f1a02", "\U000f1a03"


@pytest.fixture
def fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = matplotlib.font_manager.fontManager
    monkeypatch.setattr(manager, "ttflist", list(manager.ttflist))
    for characters, name in ((HAVE, "Two Signs"), (HAVE[0] + ALSO, "Other Signs")):
        manager.addfont(font_of(characters, tmp_path / f"{name}.ttf"))


@pytest.mark.usefixtures("fonts")
def test_installed_fonts_fill_in_what_the_default_lacks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert font_families(frozenset("abc שלום قميص")) == ("DejaVu Sans",)
    assert font_families(frozenset("a" + HAVE)) == ("DejaVu Sans", "Two Signs")
    assert set(font_families(frozenset(HAVE + ALSO))) == {"DejaVu Sans", "Two Signs", "Other Signs"}
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("fonts")
def test_characters_without_a_font_are_noted_once(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        families = font_families(frozenset("x" + HAVE + LACK))
        assert families == ("DejaVu Sans", "Two Signs")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("vaelab: no installed font has these characters")


@pytest.mark.usefixtures("fonts")
def test_a_name_is_drawn_with_the_glyphs_of_a_fallback_font(tmp_path: Path) -> None:
    noise = noise_images(40, (1, 12, 12), classes=1)
    drawn = []
    for name in (HAVE, "ab"):
        data: ImageData = replace(noise, class_names=(name,))
        dataset = Dataset(train=data, test=data, source="noise")
        (_, path) = draw_data(dataset, summarize(dataset, DataConfig()), tmp_path / name)[::-1]
        drawn.append(path.read_bytes())
    assert drawn[0] != drawn[1]
    families = np.array(font_families(frozenset("folder:noise" + HAVE)))
    assert "Two Signs" in families
