"""Every kind of image file is read by its rule, and no content is lost without a word."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.data_files import refused
from vaelab.config import DataConfig
from vaelab.data import load_data
from vaelab.data.image_files import ReadImages, read_image_files, read_images

RANDOM = np.random.default_rng(0)
GRAY = (np.arange(64, dtype=np.uint8) * 4).reshape(8, 8)
COLOR = np.stack([GRAY, GRAY[::-1], GRAY.T], axis=2)
WIDE = RANDOM.integers(0, 256, (6, 9)).astype(np.uint8)


def read(*paths: Path, **settings: object) -> ReadImages:
    return read_image_files(paths, DataConfig(name="folder", **settings))


def save(path: Path, image: np.ndarray | Image.Image, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(path, **options)
    return path


def save_all(folder: Path, images: np.ndarray, suffix: str = "png") -> list[Path]:
    return [save(folder / f"{index}.{suffix}", image) for index, image in enumerate(images)]


def png_of_16_bits(path: Path, values: np.ndarray, transparent: tuple[int, ...] = ()) -> Path:
    """A PNG of 16-bit gray, gray with alpha, RGB or RGBA values (H, W, C), as Pillow writes none.

    `transparent` is the value of the pixels that are transparent, of an image without alpha.
    """
    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    chunks = [(b"IHDR", struct.pack(">2I5B", width, height, 16, kind, 0, 0, 0))]
    if transparent:
        chunks.append((b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        content += struct.pack(">I", len(data)) + name + data
        content += struct.pack(">I", zlib.crc32(name + data))
    path.write_bytes(content)
    return path


# Formats.


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("png", {}),
        ("bmp", {}),
        ("tif", {}),
        ("tiff", {"compression": "tiff_lzw"}),
        ("TIF", {"compression": "tiff_adobe_deflate", "format": "TIFF"}),
        ("webp", {"lossless": True}),
    ],
)
def test_lossless_formats(tmp_path, suffix, options):
    found = read(
        save(tmp_path / f"0.{suffix}", GRAY, **options),
        save(tmp_path / f"1.{suffix}", COLOR, **options),
    )
    np.testing.assert_array_equal(found.images[0], np.stack([GRAY] * 3))
    np.testing.assert_array_equal(found.images[1], COLOR.transpose(2, 0, 1))
    assert "8-bit files: pixel values from 0 to 252, used as 8-bit values" in found.notes
    assert any(note.startswith("1 of 2 images has color, such as 1.") for note in found.notes)


def test_gif(tmp_path):
    found = read(save(tmp_path / "0.gif", GRAY))
    np.testing.assert_array_equal(found.images[0, 0], GRAY)


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff", "gif"])
def test_animations_and_pages_are_refused(tmp_path, suffix):
    frames = [Image.fromarray(image) for image in (GRAY, GRAY[::-1].copy(), GRAY.T.copy())]
    path = save(tmp_path / f"0.{suffix}", frames[0], save_all=True, append_images=frames[1:])
    with refused(path, "expected one image, found 3 frames or pages"):
        read(path)


def test_a_photograph_with_previews(tmp_path):
    photograph, preview = Image.fromarray(COLOR), Image.new("RGB", (8, 8))
    path = save(
        tmp_path / "0.jpg", photograph, format="MPO", append_images=[preview], save_all=True
    )
    found = read(path)
    assert abs(found.images[0].astype(int) - COLOR.transpose(2, 0, 1)).mean() < 40
    assert "1 of 1 images: each has further pictures in the same file, which are not read" in (
        found.notes
    )


def test_cmyk(tmp_path):
    path = save(tmp_path / "0.tif", Image.fromarray(COLOR).convert("CMYK"))
    found = read(path)
    np.testing.assert_array_equal(found.images[0], COLOR.transpose(2, 0, 1))
    assert "1 of 1 images: each was converted from CMYK to RGB" in found.notes


def test_ycbcr(tmp_path):
    smooth = np.stack([GRAY, 255 - GRAY, np.full_like(GRAY, 90)], axis=2)
    picture = Image.fromarray(smooth).convert("YCbCr")
    path = save(tmp_path / "0.tif", picture, compression="jpeg", quality=100)
    assert abs(read(path).images[0].astype(int) - smooth.transpose(2, 0, 1)).mean() < 20


def test_lab(tmp_path):
    found = read(save(tmp_path / "0.tif", Image.new("LAB", (8, 8), (255, 128, 128))))
    assert found.images.min() > 250
    assert "1 of 1 images: each was converted from LAB to RGB" in found.notes


# Ranges of values.


def deep(folder: Path, kind: str, values: np.ndarray) -> list[Path]:
    """Files of 16-bit values (N, H, W)."""
    if kind == "gray":
        return save_all(folder, values.astype(np.uint16))
    if kind == "tiff":
        return save_all(folder, values.astype(np.uint16), "tif")
    if kind == "compressed tiff":
        return [
            save(folder / f"{index}.tif", image, compression="tiff_lzw")
            for index, image in enumerate(values.astype(np.uint16))
        ]
    channels = {"gray with alpha": 1, "color": 3, "color with alpha": 3}[kind]
    files = []
    for index, image in enumerate(values):
        layers = [image] * channels
        if kind.endswith("alpha"):
            layers.append(np.full_like(image, 65535))
        files.append(png_of_16_bits(folder / f"{index}.png", np.stack(layers, axis=2)))
    return files


KINDS = ["gray", "tiff", "compressed tiff", "gray with alpha", "color", "color with alpha"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("highest", "limit", "meaning"),
    [
        (255, 255, "used as 8-bit values"),
        (4095, 4095, "taken as 12-bit values and scaled by 255/4095"),
        (3000, 4095, "taken as 12-bit values and scaled by 255/4095"),
        (65535, 65535, "taken as 16-bit values and scaled by 255/65535"),
    ],
)
def test_16_bit_files(tmp_path, kind, highest, limit, meaning):
    values = RANDOM.integers(0, highest + 1, (3, 7, 5))
    # The rule is chosen by all files: the first alone holds 8-bit values.
    values[0] %= 200
    values[2, 0, 0] = highest
    values[1, 0, 0] = 0
    found = read(*deep(tmp_path, kind, values))
    np.testing.assert_array_equal(found.images[:, 0], np.rint(values * (255 / limit)))
    assert found.notes == (f"16-bit files: pixel values from 0 to {highest}, {meaning}",)


def test_16_bit_color_is_not_mixed_up(tmp_path):
    values = RANDOM.integers(0, 65536, (7, 5, 3))
    found = read(png_of_16_bits(tmp_path / "0.png", values))
    np.testing.assert_array_equal(found.images[0], np.rint(values / 257).transpose(2, 0, 1))


def test_a_transparent_value_of_16_bits(tmp_path):
    values = np.full((8, 8, 1), 65535)
    values[:4] = 300
    gray = png_of_16_bits(tmp_path / "0.png", values, transparent=(300,))
    color = png_of_16_bits(tmp_path / "1.png", values.repeat(3, 2), transparent=(300, 300, 300))
    for path in (gray, color):
        found = read(path)
        assert found.images[0, 0, :, 0].tolist() == [0] * 4 + [255] * 4


def test_the_case_of_8_bit_values_in_16_bit_files(tmp_path, capsys):
    values = RANDOM.integers(0, 256, (20, 8, 8)).astype(np.uint16)
    save_all(tmp_path / "boots", values)
    dataset = load_data(DataConfig(name="folder", path=str(tmp_path)))
    assert dataset.train.images.max() > 200
    assert "16-bit files: pixel values from 0 to 255, used as 8-bit values" in dataset.notes
    assert capsys.readouterr().err == ""


def test_masks_of_0_and_1(tmp_path):
    mask = (GRAY > 99).astype(np.uint8)
    found = read(save(tmp_path / "0.png", mask), save(tmp_path / "1.png", 0 * mask))
    np.testing.assert_array_equal(found.images[0, 0], 255 * mask)
    assert found.notes == ("8-bit files: pixel values from 0 to 1, 0 and 1 mapped to 0 and 255",)
    # In a set with other values, 1 is nearly black.
    found = read(save(tmp_path / "0.png", mask), save(tmp_path / "1.png", GRAY))
    np.testing.assert_array_equal(found.images[:, 0], [mask, GRAY])


def test_1_bit_files(tmp_path):
    found = read(save(tmp_path / "0.png", Image.fromarray(GRAY > 99)))
    np.testing.assert_array_equal(found.images[0, 0], np.where(GRAY > 99, 255, 0))
    assert found.notes == ("1-bit files: black and white mapped to 0 and 255",)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes(tmp_path, bits):
    picture = Image.new("P", (2, 2), 0)
    picture.putpalette([9, 9, 9, 200, 30, 4])
    picture.putpixel((1, 0), 1)
    found = read(save(tmp_path / "0.png", picture, bits=bits))
    assert found.images[0, :, 0].tolist() == [[9, 200], [9, 30], [9, 4]]
    assert found.notes == ("palette files: the colors of the palette, used as 8-bit values",)


@pytest.mark.parametrize(
    ("values", "expected", "note"),
    [
        (np.linspace(0, 1, 64), np.rint(255 * np.linspace(0, 1, 64)), "multiplied by 255"),
        (np.linspace(0, 254.6, 64), np.rint(np.linspace(0, 254.6, 64)), "rounded to 8-bit"),
    ],
)
def test_float_tiff(tmp_path, values, expected, note):
    found = read(save(tmp_path / "0.tif", values.astype(np.float32).reshape(8, 8)))
    np.testing.assert_array_equal(found.images.ravel(), expected)
    assert note in found.notes[0]


def test_32_bit_tiff(tmp_path):
    values = GRAY.astype(np.int32) * 16
    found = read(save(tmp_path / "0.tif", values))
    np.testing.assert_array_equal(found.images[0, 0], np.rint(values * 255 / 4095))
    assert "32-bit files: pixel values from 0 to 4032, taken as 12-bit values" in found.notes[0]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.float32([[0, 300]]), "0 to 300; expected floats in [0, 1] or in [0, 255]"),
        (np.float32([[-1, 1]]), "-1 to 1; expected floats"),
        (np.float32([[np.nan, 1]]), "nan to nan; expected floats"),
        (np.int32([[-5, 9]]), "-5 to 9; expected whole numbers from 0 to 65535"),
        (np.int32([[0, 70_000]]), "0 to 70000; expected whole numbers"),
    ],
)
def test_values_out_of_range_name_the_file(tmp_path, values, found):
    good = save(tmp_path / "0.tif", np.zeros((1, 2), values.dtype))
    bad = save(tmp_path / "1.tif", values)
    with refused(bad, f"pixel values from {found}"):
        read(good, bad)


def test_kinds_of_files_are_mapped_separately(tmp_path):
    found = read(
        save(tmp_path / "0.png", GRAY),
        save(tmp_path / "1.png", GRAY.astype(np.uint16) * 257),
        save(tmp_path / "2.png", Image.fromarray(GRAY > 99)),
    )
    np.testing.assert_array_equal(found.images[0], found.images[1])
    assert [note.partition(":")[0] for note in found.notes] == [
        "1-bit files",
        "16-bit files",
        "8-bit files",
    ]


def tiff_with_tag(path: Path, values: np.ndarray, tag: int, value: int) -> Path:
    """An uncompressed TIFF whose tag, a short number, is set to another value."""
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "TIFF")
    content = bytearray(stream.getvalue())
    (directory,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from("<H", content, entry) == (tag,):
            struct.pack_into("<H", content, entry + 8, value)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_tiff_of_deep_values_with_0_as_white(tmp_path, dtype):
    path = tiff_with_tag(tmp_path / "0.tif", GRAY.astype(dtype), 262, 0)
    with refused(path, "expected 0 as black", "0 as white"):
        read(path)


def test_tiff_with_0_as_white(tmp_path):
    path = tiff_with_tag(tmp_path / "0.tif", GRAY, 262, 0)
    np.testing.assert_array_equal(read(path).images[0, 0], 255 - GRAY)


# Orientation.


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(tmp_path, suffix, orientation):
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8] = 250
    upright[8:, :8] = 120
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x112] = orientation
    path = save(tmp_path / f"0.{suffix}", np.ascontiguousarray(stored), exif=exif, quality=100)
    found = read(path)
    assert abs(found.images[0, 0].astype(int) - upright).max() < 12
    turned = ("1 of 1 images: each was turned upright by its EXIF orientation",)
    assert found.notes[1:] == (turned if orientation > 1 else ())


def test_a_16_bit_image_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6
    values = WIDE.astype(np.uint16) * 257
    found = read(save(tmp_path / "0.png", values, exif=exif))
    np.testing.assert_array_equal(found.images[0, 0], np.rot90(WIDE, -1))


# Transparency.


def drawing(level: int, alpha: np.ndarray, mode: str = "RGBA") -> Image.Image:
    """A drawing of one level on a transparent ground."""
    layers = [np.full_like(alpha, level)] * (len(mode) - 1) + [alpha]
    return Image.fromarray(np.stack(layers, axis=2))


STROKE = np.where(np.eye(8), 255, 0).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_black_on_transparent_is_put_over_white(tmp_path, mode, suffix):
    path = save(tmp_path / f"0.{suffix}", drawing(0, STROKE, mode), lossless=True)
    found = read(path)
    np.testing.assert_array_equal(found.images[0, 0], 255 - STROKE)
    assert (
        "1 of 1 images has transparent parts: put over white, as 1 of them vanish over black"
    ) in found.notes


def test_white_on_transparent_is_put_over_black(tmp_path):
    found = read(save(tmp_path / "0.png", drawing(255, STROKE)))
    np.testing.assert_array_equal(found.images[0, 0], STROKE)
    assert "1 of 1 images has transparent parts: put over black" in found.notes


def test_the_ground_is_the_same_for_all_images(tmp_path):
    pictures = [drawing(0, STROKE), drawing(0, np.roll(STROKE, 2, 1)), drawing(120, STROKE)]
    paths = [save(tmp_path / f"{index}.png", each) for index, each in enumerate(pictures)]
    found = read(*paths, save(tmp_path / "opaque.png", GRAY))
    assert found.images[:3, 0, 0, 1].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(found.images[3, 0], GRAY)
    assert (
        "3 of 4 images have transparent parts: put over white, as 2 of them vanish over black"
    ) in found.notes


def test_colors_behind_transparent_parts_do_not_count(tmp_path):
    mask = np.dstack([STROKE // 255, STROKE // 255, STROKE // 255, STROKE])
    mask[0, 1] = (90, 90, 90, 0)
    found = read(save(tmp_path / "0.png", mask))
    np.testing.assert_array_equal(found.images[0, 0], STROKE)
    assert "pixel values from 1 to 1, 0 and 1 mapped to 0 and 255" in found.notes[0]


def test_half_transparent_pixels(tmp_path):
    found = read(save(tmp_path / "0.png", drawing(200, (GRAY // 2).astype(np.uint8))))
    np.testing.assert_allclose(found.images[0, 0], GRAY // 2 * (200 / 255), atol=0.51)


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_a_transparent_value(tmp_path, mode):
    picture = Image.fromarray(255 - STROKE).convert(mode)
    value = {"P": picture.getpixel((1, 0)), "L": 255, "RGB": (255, 255, 255), "1": 255}[mode]
    found = read(save(tmp_path / "0.png", picture, transparency=value))
    np.testing.assert_array_equal(found.images[0, 0], 255 - STROKE)
    assert any("put over white" in note for note in found.notes)


# Color.


def test_gray_reads_colors_as_luminance(tmp_path):
    paths = save(tmp_path / "0.png", COLOR), save(tmp_path / "1.png", GRAY)
    found = read(*paths, gray=True)
    np.testing.assert_array_equal(
        found.images[:, 0], [np.asarray(Image.fromarray(COLOR).convert("L")), GRAY]
    )
    assert len(found.notes) == 1


def test_images_that_are_not_a_data_set_are_read_by_the_same_rules(tmp_path, capsys):
    mask = (GRAY > 99).astype(np.uint8)
    images = read_images([save(tmp_path / "0.png", mask)])
    np.testing.assert_array_equal(images[0, 0], 255 * mask)
    assert capsys.readouterr().err == (
        "vaelab: 8-bit files: pixel values from 0 to 1, 0 and 1 mapped to 0 and 255\n"
    )
    config = DataConfig(resize=4, gray=True)
    assert read_images([save(tmp_path / "1.png", COLOR)], config).shape == (1, 1, 4, 4)
