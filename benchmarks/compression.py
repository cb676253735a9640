"""Bytes of the same test images in vaelab's files and in the usual lossless formats.

    python -m benchmarks.compression RUN [--images N] [--importance-draws K] [--json FILE]

Of a run that was trained on binarized images, the test images are binarized once, with seed 0, and
every format gets these. The formats for pictures get one picture of all images, in rows of 100, and
one picture for each image: many small files share no statistics and repeat their headers. xz gets
the bytes of all images, or packed bits of binary ones. Formats have their strongest settings. Each
result is decoded and compared, and the time of that is reported.

The bounds are what the model claims: the negative ELBO, which is the expected length by bits-back
coding, and the importance-weighted bound, which is lower.

JPEG XL needs the package pillow-jxl-plugin and is left out without it.
"""

# ruff: noqa: T201

import argparse
import importlib.util
import io
import lzma
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import describe
from benchmarks.tables import table
from vaelab.compression import compress, decompress
from vaelab.data.batches import binarized
from vaelab.files import write_json
from vaelab.loaded_run import BATCH_SIZE, LoadedRun, load_run
from vaelab.models.importance import importance_bound
from vaelab.randomness import generator

COLUMNS = 100
PNG = {"format": "PNG", "optimize": True}
WEBP = {"format": "WEBP", "lossless": True, "quality": 100, "method": 6}
JPEG_XL = {"format": "JXL", "lossless": True, "effort": 9}

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Result:
    """One format on all images."""

    name: str
    bytes: int
    encode_seconds: float
    decode_seconds: float


@dataclass(frozen=True, slots=True)
class Format:
    """A lossless format of pictures or of bytes.

    Attributes:
        encode: from images (N, H, W) to files.
        decode: the inverse.
    """

    encode: Callable[[Pixels], list[bytes]]
    decode: Callable[[list[bytes]], Pixels]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a trained run of gray images")
    parser.add_argument("--images", type=int, default=10000, help="test images")
    parser.add_argument("--importance-draws", type=int, default=100, help="0: no bounds")
    parser.add_argument("--json", type=Path, help="write the results there too")
    options = parser.parse_args()
    loaded = load_run(options.run)
    images, labels = test_images(loaded, options.images)
    dimensions = images.size
    results = [measure_run(loaded, images, labels)]
    print(f"{loaded.run.name}: {len(images):,} test images of {images.shape}", flush=True)
    for name, each in formats(images).items():
        results.append(measure(name, each, images[:, 0]))
        print(f"  {name}: {results[-1].bytes:,} bytes", flush=True)
    print(
        table(
            ["format", "bytes", "bits per dimension", "encode s", "decode s"],
            [row(result, dimensions) for result in results],
        )
    )
    bounds = {}
    if options.importance_draws:
        bounds = bounds_in_bytes(loaded, images, labels, options.importance_draws)
        for name, value in bounds.items():
            ratio = results[0].bytes / value - 1
            print(f"{name}: {value:,.0f} bytes; the file is {ratio:+.2%} longer")
    if options.json:
        machine = describe("cpu")
        values = {"machine": machine, "bounds": bounds, "results": [asdict(r) for r in results]}
        write_json(options.json, values)


def test_images(loaded: LoadedRun, count: int) -> tuple[Pixels, NDArray[np.int64] | None]:
    """The first test images (N, 1, H, W), binarized where the run is, and their labels."""
    data = loaded.data.test.take(np.arange(min(count, len(loaded.data.test))))
    images = data.images
    if images.shape[1] != 1:
        raise SystemExit("this benchmark is one of gray images")
    if loaded.config.data.binarize:
        source = generator(0, "binarize")
        parts = torch.from_numpy(images).split(BATCH_SIZE)
        drawn = torch.cat([binarized(part / 255, source) for part in parts])
        images = (255 * drawn).to(torch.uint8).numpy()
    return images, data.labels if loaded.capabilities.is_conditional else None


def measure_run(loaded: LoadedRun, images: Pixels, labels: NDArray[np.int64] | None) -> Result:
    """vaelab's file."""
    start = time.perf_counter()
    content = compress(loaded, images, labels=labels).content
    middle = time.perf_counter()
    restored = decompress(loaded, content).images
    end = time.perf_counter()
    assert np.array_equal(restored, images)
    return Result("vaelab", len(content), middle - start, end - middle)


def measure(name: str, each: Format, images: Pixels) -> Result:
    """A format, with the comparison after decoding."""
    start = time.perf_counter()
    files = each.encode(images)
    middle = time.perf_counter()
    restored = each.decode(files)
    end = time.perf_counter()
    assert np.array_equal(restored, images), name
    return Result(name, sum(map(len, files)), middle - start, end - middle)


def formats(images: Pixels) -> dict[str, Format]:
    """The formats by name, for images with these values."""
    is_binary = bool(np.isin(images, (0, 255)).all())
    pictures = {"PNG": PNG, "WebP": WEBP}
    if importlib.util.find_spec("pillow_jxl"):
        importlib.import_module("pillow_jxl")
        pictures["JPEG XL"] = JPEG_XL
    found = {}
    for name, settings in pictures.items():
        # PNG has a form of 1 bit; the others store black and white as gray.
        mode = "1" if is_binary and name == "PNG" else "L"
        found[f"{name}, one picture"] = one_picture(settings, mode, images[:, 0].shape)
        found[f"{name}, a picture each"] = a_picture_each(settings, mode)
    found["xz of bytes"] = xz(images[:, 0].shape, is_packed=False)
    if is_binary:
        found["xz of packed bits"] = xz(images[:, 0].shape, is_packed=True)
    return found


def one_picture(settings: dict[str, object], mode: str, shape: tuple[int, ...]) -> Format:
    """All images in one picture."""
    count, height, width = shape
    rows = math.ceil(count / COLUMNS)

    def encode(images: Pixels) -> list[bytes]:
        padded = np.zeros((rows * COLUMNS, height, width), np.uint8)
        padded[:count] = images
        tiles = padded.reshape(rows, COLUMNS, height, width).swapaxes(1, 2)
        return [picture(tiles.reshape(rows * height, COLUMNS * width), settings, mode)]

    def decode(files: list[bytes]) -> Pixels:
        pixels = opened(files[0]).reshape(rows, height, COLUMNS, width).swapaxes(1, 2)
        return pixels.reshape(-1, height, width)[:count]

    return Format(encode, decode)


def a_picture_each(settings: dict[str, object], mode: str) -> Format:
    """One picture for each image."""
    return Format(
        lambda images: [picture(each, settings, mode) for each in images],
        lambda files: np.stack([opened(each) for each in files]),
    )


def picture(pixels: Pixels, settings: dict[str, object], mode: str) -> bytes:
    """The file of a picture."""
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, **settings)  # type: ignore[arg-type]
    return file.getvalue()


def opened(content: bytes) -> Pixels:
    """The gray values of a picture."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"))


def xz(shape: tuple[int, ...], *, is_packed: bool) -> Format:
    """LZMA2 of the values, one after the other."""
    preset = 9 | lzma.PRESET_EXTREME

    def encode(images: Pixels) -> list[bytes]:
        values = np.packbits(images > 0) if is_packed else images
        return [lzma.compress(values.tobytes(), preset=preset)]

    def decode(files: list[bytes]) -> Pixels:
        values = np.frombuffer(lzma.decompress(files[0]), np.uint8)
        if is_packed:
            values = np.unpackbits(values, count=math.prod(shape)) * np.uint8(255)
        return values.reshape(shape)

    return Format(encode, decode)


def row(result: Result, dimensions: int) -> list[str]:
    """A row of the table."""
    return [
        result.name,
        f"{result.bytes:,}",
        f"{8 * result.bytes / dimensions:.4f}",
        f"{result.encode_seconds:.1f}",
        f"{result.decode_seconds:.1f}",
    ]


def bounds_in_bytes(
    loaded: LoadedRun, images: Pixels, labels: NDArray[np.int64] | None, k: int
) -> dict[str, float]:
    """The negative ELBO and the importance-weighted bound of the images, and labels if coded."""
    of_labels = 0.0 if labels is None else len(images) * math.log(loaded.model.class_count)
    bound = importance_bound(
        loaded.model,
        torch.from_numpy(images) / 255,
        None if labels is None else torch.from_numpy(labels),
        k=k,
        generator=generator(0, "bound"),
    )
    to_bytes = 1 / (8 * math.log(2))
    return {
        "negative ELBO": (bound.negative_elbo.sum().item() + of_labels) * to_bytes,
        f"importance-weighted bound, k = {k}": (
            (of_labels - bound.log_likelihood.sum().item()) * to_bytes
        ),
    }


if __name__ == "__main__":
    main()
