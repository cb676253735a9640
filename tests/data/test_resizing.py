"""Photographs of any size are read at one size, as the settings of the data say."""

import tracemalloc
from pathlib import Path

import numpy as np
from PIL import Image

from tests.data.data_files import refused
from tests.data.test_image_formats import read, save, save_all
from vaelab.config import DataConfig
from vaelab.data import load_data
from vaelab.data.image_files import read_images

RANDOM = np.random.default_rng(0)


def bars(height: int, width: int) -> np.ndarray:
    """Three bars from left to right: red, green and blue, the middle one half of the width."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 4, 0] = 255
    image[:, width // 4 : -(width // 4), 1] = 255
    image[:, -(width // 4) :, 2] = 255
    return image


def test_images_of_several_sizes_need_resizing(tmp_path):
    first = save(tmp_path / "0.png", bars(40, 80))
    second = save(tmp_path / "1.png", bars(60, 30))
    advice = "--resize N with --crop or --pad reads images of any size at N x N pixels"
    with refused(second, "expected 80 x 40 pixels like", first, "found 30 x 60", advice):
        read(first, second)
    with refused(second, "found 30 x 60; resize it"):
        read_images([first, second])


def test_an_image_that_is_not_square_needs_a_choice(tmp_path):
    path = save(tmp_path / "0.png", bars(40, 80))
    with refused(path, "square image", "16 x 16", "found 80 x 40", "--crop", "--pad"):
        read(path, resize=16)
    # A JPEG file is not decoded at its full size, which the message states.
    path = save(tmp_path / "0.jpg", bars(400, 800))
    with refused(path, "found 800 x 400"):
        read(path, resize=16)
    square = read(save(tmp_path / "1.png", bars(40, 40)), resize=16)
    assert square.images.shape == (1, 3, 16, 16)


def test_crop_keeps_the_middle(tmp_path):
    wide, tall = bars(40, 80), bars(40, 80).transpose(1, 0, 2).copy()
    found = read(*save_all(tmp_path, [wide, tall]), resize=16, fit="crop")
    green = np.zeros((3, 16, 16), np.uint8)
    green[1] = 255
    # Interpolation reaches a little beyond the cut.
    np.testing.assert_allclose(found.images, [green, green], atol=20)


def test_pad_keeps_everything_and_adds_black(tmp_path):
    wide, tall = bars(40, 80), bars(40, 80).transpose(1, 0, 2).copy()
    found = read(*save_all(tmp_path, [wide, tall]), resize=16, fit="pad")
    np.testing.assert_array_equal(found.images[1], found.images[0].transpose(0, 2, 1))
    red, green, blue = found.images[0]
    assert not found.images[0][:, :4].any()
    assert not found.images[0][:, 12:].any()
    assert (red[4:12, :3] > 240).all()
    assert (green[4:12, 5:11] > 240).all()
    assert (blue[4:12, 13:] > 240).all()


def test_small_images_are_enlarged_and_counted(tmp_path):
    paths = save_all(tmp_path, [bars(8, 8), bars(40, 40), bars(8, 40)])
    cropped = read(*paths, resize=16, fit="crop")
    assert "2 of 3 images: each was enlarged to 16 x 16 pixels" in cropped.notes
    assert "1 of 3 images: each was cut to its middle square" in cropped.notes
    padded = read(*paths, resize=16, fit="pad")
    assert "1 of 3 images: each was enlarged to 16 x 16 pixels" in padded.notes
    assert "1 of 3 images: each was padded to a square" in padded.notes


def test_a_large_jpeg_is_close_to_its_mean_colors(tmp_path):
    path = save(tmp_path / "0.jpg", bars(1200, 1200), quality=95)
    found = read(path, resize=16).images[0]
    np.testing.assert_allclose(found[1, :, 5:11], 255, atol=8)
    np.testing.assert_allclose(found[0, :, :3], 255, atol=8)


def test_a_photograph_turned_by_exif_is_cropped_upright(tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6
    lying = np.rot90(bars(400, 800))
    path = save(tmp_path / "0.jpg", np.ascontiguousarray(lying), exif=exif, quality=95)
    found = read(path, resize=16, fit="pad").images[0]
    assert not found[:, :4].any()
    assert found[0, 8, 1] > 200
    assert found[2, 8, 14] > 200


def test_an_image_larger_than_the_limit_can_be_resized(tmp_path):
    path = save(tmp_path / "0.png", np.zeros((1, 5000), np.uint8))
    with refused(path, "at most 4096 pixels"):
        read(path)
    assert read(path, resize=8, fit="pad").images.shape == (1, 1, 8, 8)


def test_masks_and_deep_values_are_resized_before_they_are_mapped(tmp_path):
    half = np.zeros((8, 8), np.uint8)
    half[:, ::2] = 1
    (mask,) = read(save(tmp_path / "0.png", half), resize=2).images
    (deep,) = read(save(tmp_path / "1.png", half.astype(np.uint16) * 4095), resize=2).images
    (bits,) = read(save(tmp_path / "2.png", Image.fromarray(half > 0)), resize=2).images
    for image in (mask, deep, bits):
        assert ((image > 90) & (image < 165)).all()


def test_transparent_drawings_are_padded_with_their_ground(tmp_path):
    drawing = np.zeros((20, 40, 4), np.uint8)
    drawing[8:12, :, 3] = 255
    found = read(save(tmp_path / "0.png", drawing), resize=16, fit="pad")
    assert (found.images[0, 0, :2] == 255).all()
    assert found.images[0, 0, 8].max() < 128


def test_colors_behind_transparent_parts_do_not_leak(tmp_path):
    drawing = np.zeros((32, 32, 4), np.uint8)
    drawing[..., 0] = 255
    drawing[8:24, 8:24] = (0, 255, 0, 255)
    (found,) = read(save(tmp_path / "0.png", drawing), resize=8).images
    assert found[0].max() == 0
    assert found[1].max() > 240


def test_resized_gray(tmp_path):
    found = read(save(tmp_path / "0.png", bars(32, 32)), resize=8, gray=True)
    assert found.images.shape == (1, 1, 8, 8)
    assert found.images[0, 0, :, 4].tolist() == [150] * 8


def test_one_photograph_at_a_time_is_in_memory(tmp_path):
    photograph = RANDOM.integers(0, 256, (600, 600, 3)).astype(np.uint8)
    path = save(tmp_path / "0.png", photograph)
    peaks = []
    for count in (2, 30):
        tracemalloc.start()
        read(*[path] * count, resize=8)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < photograph.nbytes


def photographs(folder: Path) -> Path:
    for index in range(20):
        height, width = RANDOM.integers(20, 60, 2)
        save(folder / "ab"[index % 2] / f"{index:02}.png", bars(height, width))
    return folder


def test_a_folder_of_photographs(tmp_path):
    config = DataConfig(
        name="folder", path=str(photographs(tmp_path)), resize=16, fit="crop", gray=True
    )
    dataset = load_data(config)
    assert dataset.train.images.shape == (18, 1, 16, 16)


def test_other_sources_cannot_be_resized(tmp_path):
    np.savez(tmp_path / "mine.npz", images=np.zeros((20, 4, 4), np.uint8))
    npz = {"name": "npz", "path": str(tmp_path / "mine.npz")}
    for settings in ({"name": "wardrobe", "gray": True}, {**npz, "resize": 8}):
        with refused("--resize, --pad, --crop and --gray", "not for", settings["name"]):
            load_data(DataConfig(**settings))


def test_an_unknown_fit(tmp_path):
    path = save(tmp_path / "0.png", bars(8, 8))
    with refused("data.fit 'corp'", "crop"):
        read(path, resize=4, fit="corp")
