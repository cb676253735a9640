import numpy as np
import pytest
from scipy.stats import chi2_contingency
from sklearn.linear_model import RidgeClassifier

from vaelab.config import DataConfig
from vaelab.data import wardrobe
from vaelab.data.image_data import ImageData
from vaelab.errors import InputError

CLASSES = range(len(wardrobe.CLASS_NAMES))
VARIED = [
    (column, categories)
    for column, categories in enumerate(wardrobe.FACTOR_CATEGORIES)
    if wardrobe.FACTOR_NAMES[column] != "class"
]


@pytest.fixture(scope="module")
def drawn() -> ImageData:
    return wardrobe.draw(3000, seed=5)


@pytest.fixture(scope="module")
def values(drawn):
    return drawn.factors.values


def renderings(settings, column, categories):
    """Pictures of the same settings with one factor at each of its categories, or at 0 and 1."""
    pictures = []
    for value in range(categories or 2):
        changed = settings.copy()
        changed[:, column] = value
        pictures.append(wardrobe.render(changed)[:, 0].astype(float))
    return pictures


def test_draw_returns_image_data(drawn):
    assert drawn.name == "wardrobe"
    assert drawn.images.shape == (3000, 1, 28, 28)
    assert drawn.images.dtype == np.uint8
    assert drawn.labels.dtype == np.int64
    assert drawn.factors.values.shape == (3000, len(wardrobe.FACTOR_NAMES))
    assert drawn.factors.values.dtype == np.float64
    assert drawn.factors.names == wardrobe.FACTOR_NAMES
    assert drawn.factors.names[0] == "class"
    assert drawn.factors.categories[0] == 10
    assert len(drawn.factors.categories) == len(drawn.factors.names)


def test_classes_have_the_names_and_the_order_of_fashion_mnist():
    assert wardrobe.CLASS_NAMES == (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


@pytest.mark.parametrize("count", [1, 9, 10, 25, 204])
def test_classes_are_as_balanced_as_the_count_allows(count):
    counts = np.bincount(wardrobe.draw(count, seed=0).labels, minlength=10)
    assert counts.sum() == count
    assert counts.max() - counts.min() <= 1


def test_class_order_is_shuffled(drawn):
    blocks = drawn.labels.reshape(-1, 10)
    assert len(np.unique(blocks, axis=0)) > 0.99 * len(blocks)
    assert np.allclose(blocks.mean(axis=0), 4.5, atol=0.7)


def test_the_first_factor_is_the_label(drawn, values):
    assert np.array_equal(values[:, 0], drawn.labels)


def test_factors_are_uniform_over_their_range(values):
    for column, categories in zip(values.T, wardrobe.FACTOR_CATEGORIES, strict=True):
        cells = np.floor(column * 10) if categories is None else column
        counts = np.bincount(cells.astype(int), minlength=categories or 10)
        expected = len(values) / (categories or 10)
        assert len(counts) == (categories or 10)
        assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_factors_are_independent(values):
    correlations = np.corrcoef(values.T) - np.eye(values.shape[1])
    assert np.abs(correlations).max() < 5 / np.sqrt(len(values))
    table = np.zeros((10, 4))
    texture = values[:, wardrobe.FACTOR_NAMES.index("texture")]
    np.add.at(table, (values[:, 0].astype(int), texture.astype(int)), 1)
    assert chi2_contingency(table).pvalue > 1e-4


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others():
    first, again, other = (wardrobe.draw(50, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.factors.values, again.factors.values)
    assert not np.any(first.factors.values[:, 1] == other.factors.values[:, 1])


def test_images_are_the_same_on_every_machine():
    # A change here changes the data set: every result on `wardrobe` becomes another one.
    assert (
        wardrobe.draw(200, seed=0).fingerprint()
        == "98fe1ffeade7f3af33bb62655d5406bfab4abe128ce624030206c60cf15f1eba"
    )


def test_fewer_images_are_the_first_of_more(drawn):
    fewer = wardrobe.draw(123, seed=5)
    assert np.array_equal(fewer.images, drawn.images[:123])
    assert np.array_equal(fewer.labels, drawn.labels[:123])
    assert np.array_equal(fewer.factors.values, drawn.factors.values[:123])


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_an_image_depends_on_its_factor_values_only(drawn, values, chunk):
    assert np.array_equal(wardrobe.render(values[:60], chunk=chunk), drawn.images[:60])
    assert np.array_equal(wardrobe.render(values[59::-1], chunk=chunk), drawn.images[59::-1])


@pytest.mark.parametrize("label", CLASSES, ids=wardrobe.CLASS_NAMES)
@pytest.mark.parametrize(
    ("column", "categories"), VARIED, ids=[wardrobe.FACTOR_NAMES[column] for column, _ in VARIED]
)
def test_every_factor_changes_every_class(values, label, column, categories):
    settings = values[values[:, 0] == label][:25]
    pictures = renderings(settings, column, categories)
    for index, first in enumerate(pictures):
        for second in pictures[index + 1 :]:
            per_inked_pixel = np.abs(first - second).sum((1, 2)) / (first > 20).sum((1, 2))
            assert per_inked_pixel.min() > 2.5
            assert per_inked_pixel.mean() > 5


@pytest.mark.parametrize("label", CLASSES, ids=wardrobe.CLASS_NAMES)
def test_width_and_length_are_the_extents_of_the_garment(values, label):
    settings = values[values[:, 0] == label][:25]
    for name, axis in (("width", 1), ("length", 2)):
        narrow, wide = renderings(settings, wardrobe.FACTOR_NAMES.index(name), None)
        extents = [(picture > 20).any(axis=axis).sum(axis=1) for picture in (narrow, wide)]
        assert (extents[1] - extents[0]).mean() > 1.5


@pytest.mark.parametrize("label", CLASSES, ids=wardrobe.CLASS_NAMES)
def test_garments_fill_the_frame_on_black_and_are_centered(drawn, label):
    inked = drawn.images[drawn.labels == label, 0] > 20
    height, width = inked.any(axis=2).sum(axis=1), inked.any(axis=1).sum(axis=1)
    assert np.maximum(height, width).min() >= 20
    assert 0.15 < inked.mean() < 0.65
    assert inked[:, :, [0, -1]].mean() < 0.15
    columns = (inked.sum(axis=1) * np.arange(28)).sum(axis=1) / inked.sum(axis=(1, 2))
    assert abs(columns.mean() - 13.5) < 2.5


@pytest.mark.parametrize("name", ["Sneaker", "Ankle boot"])
def test_shoes_point_left(drawn, name):
    shoes = drawn.images[drawn.labels == wardrobe.CLASS_NAMES.index(name), 0] > 20
    heights = shoes.sum(axis=1)
    assert np.all(heights[:, :9].mean(axis=1) < heights[:, -12:-3].mean(axis=1))


def test_images_are_anti_aliased_and_shaded(drawn):
    assert len(np.unique(drawn.images)) > 250
    assert np.median([len(np.unique(image)) for image in drawn.images]) > 80


def test_a_linear_classifier_separates_the_classes(drawn):
    pixels = drawn.images.reshape(len(drawn), -1) / 255
    classifier = RidgeClassifier(alpha=10.0).fit(pixels[:2000], drawn.labels[:2000])
    assert classifier.score(pixels[2000:], drawn.labels[2000:]) > 0.9


def test_load_uses_the_counts_of_the_configuration():
    dataset = wardrobe.load(DataConfig(name="wardrobe", train_count=40, test_count=30), None)
    assert (len(dataset.train), len(dataset.test)) == (40, 30)
    assert dataset.name == "wardrobe"
    assert dataset.source == "rendered by vaelab"


def test_load_draws_as_many_images_as_fashion_mnist_by_default(monkeypatch):
    asked = []
    few = wardrobe.draw(10, seed=0)

    def remember(count, *, seed):
        asked.append(count)
        return few

    monkeypatch.setattr(wardrobe, "draw", remember)
    wardrobe.load(DataConfig(name="wardrobe"), None)
    assert asked == [60_000, 10_000]


def test_training_and_test_images_differ():
    dataset = wardrobe.load(DataConfig(name="wardrobe", train_count=500, test_count=500), None)
    train = {image.tobytes() for image in dataset.train.images}
    assert not any(image.tobytes() in train for image in dataset.test.images)


@pytest.mark.parametrize("count", [0, -3])
def test_a_count_below_one_is_refused(count):
    with pytest.raises(InputError, match=f"at least 1, found {count}"):
        wardrobe.draw(count, seed=0)
    with pytest.raises(InputError, match=f"at least 1, found {count}"):
        wardrobe.load(DataConfig(name="wardrobe", train_count=count), None)


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="seed"):
        wardrobe.draw(10, seed=-1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("width", 1.1), ("tilt", -0.1), ("light", np.nan), ("class", 10), ("texture", 1.5)],
)
def test_invalid_factor_values_are_refused(values, name, value):
    broken = values[:4].copy()
    broken[2, wardrobe.FACTOR_NAMES.index(name)] = value
    with pytest.raises(InputError, match=name):
        wardrobe.render(broken)


def test_factor_values_of_another_shape_are_refused(values):
    with pytest.raises(InputError, match="must be"):
        wardrobe.render(values[:, 1:])
