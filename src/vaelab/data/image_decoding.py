"""One image file as the pixel values that it stores, upright and, if asked for, resized.

Letters in shapes: H height, W width, C channels (1 or 3).
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from vaelab.config import DataConfig
from vaelab.data.levels import LevelMapping, float_mapping, integer_mapping
from vaelab.data.reading import one_line, reading, refuse_web_page
from vaelab.data.sixteen_bits import READABLE, rawmode, read_16_bits
from vaelab.errors import InputError, entry

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF")
FORMAT_NAMES = "PNG, JPEG, BMP, WebP, TIFF or GIF"
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif")
LARGEST_SIDE = 4096
"""Pixels of an image that is not resized. A small file can claim a huge image."""

FITS: dict[str, Callable[[Image.Image, tuple[int, int]], Image.Image]] = {
    "pad": lambda image, size: ImageOps.pad(image, size, color=0),
    "crop": lambda image, size: ImageOps.fit(image, size),
}
"""How an image becomes square, by the value of `data.fit`."""


def _by_format(meaning: str) -> Callable[[str, float, float], LevelMapping]:
    """The mapping of files whose values are 8-bit levels by their format."""
    return lambda where, _low, _high: LevelMapping(1, f"{where}: {meaning}")


MAPPINGS: dict[str, Callable[[str, Any, Any], LevelMapping]] = {
    "1-bit": _by_format("black and white mapped to 0 and 255"),
    "palette": _by_format("the colors of the palette, used as 8-bit values"),
    "8-bit": integer_mapping,
    "16-bit": integer_mapping,
    "32-bit": integer_mapping,
    "float": float_mapping,
}
"""How the values of each kind of file are mapped to 8-bit levels."""

_KINDS = {"1": "1-bit", "P": "palette", "PA": "palette", "I": "32-bit", "F": "float"}

_ORIENTATION, _BITS_PER_SAMPLE, _PHOTOMETRIC = 0x112, 258, 262  # tags of EXIF and TIFF
_WHITE_IS_ZERO = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedImage:
    """The pixels of a file, in the range of the file.

    Attributes:
        values: (H, W, C), multiplied by the opacity.
        alpha: the opacity, uint8 (H, W, 1), or None for an opaque image.
        kind: of the file, a key of `MAPPINGS`.
        low: the smallest value in the file.
        high: the largest value in the file.
        remarks: what was done to the image or omitted, as predicates: "was ...".
    """

    values: NDArray[Any]
    alpha: NDArray[np.uint8] | None
    kind: str
    low: float
    high: float
    remarks: tuple[str, ...] = ()


def decode(path: Path, config: DataConfig) -> DecodedImage:
    """Decode a file; `config` says how it is resized.

    Raises:
        InputError: naming the file, if it is damaged, of another format, or cannot be resized.
    """
    with reading(path):
        content = path.read_bytes()
    refuse_web_page(path, content[:512])
    with _one_line_errors(path, content):
        image = _open(content)
        _require_readable(path, image, config)
        is_16_bit_color = _is_16_bit_color(image)
        remarks = tuple(_remarks(image, config))
        if config.resize is not None:
            # A JPEG file is decoded at a fraction of its size, if that is still large enough.
            image.draft(None, (2 * config.resize, 2 * config.resize))
        if is_16_bit_color:
            kind, values = "16-bit", read_16_bits(_open(content), _open(content))
        elif image.mode.startswith(("I", "F")):
            kind, values = _KINDS.get(image.mode, "16-bit"), _upright(image)
        else:
            kind, values = _KINDS.get(image.mode, "8-bit"), _upright(_plain(image))
        decoded = _decoded(kind, values, image.info.get("transparency"), remarks)
    # Values out of range are refused here, where the file is known.
    MAPPINGS[decoded.kind](str(path), decoded.low, decoded.high)
    return decoded if config.resize is None else _resized(decoded, config.resize, config.fit)


@contextmanager
def _one_line_errors(path: Path, content: bytes) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata, which is harmless, and of large sizes.
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    # Pillow does not document which exceptions damaged files raise.
    except Exception as error:
        # Pillow's message on an unknown format names an object in memory.
        is_unidentified = isinstance(error, UnidentifiedImageError)
        cause = "unknown format" if is_unidentified else one_line(error)
        raise InputError(
            f"{path}: expected a {FORMAT_NAMES} image, found {len(content)} bytes of another "
            f"format or damaged ({cause})"
        ) from error


def _open(content: bytes) -> ImageFile.ImageFile:
    return Image.open(BytesIO(content), formats=FORMATS)


def _require_readable(path: Path, image: ImageFile.ImageFile, config: DataConfig) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise InputError(
            f"{path}: expected one image, found {frames} frames or pages; store each as a file"
        )
    if config.resize is None and max(image.size) > LARGEST_SIDE:
        raise InputError(
            f"{path}: expected sides of at most {LARGEST_SIDE} pixels, found "
            f"{image.width} x {image.height}"
        )
    if config.resize is not None and config.fit is None and image.width != image.height:
        raise InputError(
            f"{path}: expected a square image to resize to {config.resize} x {config.resize} "
            f"pixels, found {image.width} x {image.height}; reading the data with --crop cuts out "
            "the middle, with --pad adds a border"
        )
    if _is_16_bit_color(image) and rawmode(image) not in READABLE:
        raise InputError(
            f"{path}: expected 8-bit values, or gray, RGB or RGBA values of 16 bits, found "
            f"{image.mode} in another arrangement ({rawmode(image)}); convert it to PNG"
        )
    if image.mode.startswith(("I", "F")) and _tags(image).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        raise InputError(f"{path}: expected 0 as black, found a TIFF image with 0 as white")


def _remarks(image: ImageFile.ImageFile, config: DataConfig) -> Iterator[str]:
    if image.format == "MPO":
        # The first is the photograph; the others are previews of it or other views.
        yield "has further pictures in the same file, which are not read"
    if image.getexif().get(_ORIENTATION, 1) in range(2, 9):
        yield "was turned upright by its EXIF orientation"
    if image.mode in ("CMYK", "LAB", "YCbCr"):
        yield f"was converted from {image.mode} to RGB"
    if config.resize is None:
        return
    if image.width != image.height:
        yield "was padded to a square" if config.fit == "pad" else "was cut to its middle square"
    if (max if config.fit == "pad" else min)(image.size) < config.resize:
        yield f"was enlarged to {config.resize} x {config.resize} pixels"


def _tags(image: ImageFile.ImageFile) -> Mapping[int, Any]:
    """The tags of a TIFF file; none of another."""
    return getattr(image, "tag_v2", {})


def _is_16_bit_color(image: ImageFile.ImageFile) -> bool:
    is_deep = ";16" in rawmode(image) or max(_tags(image).get(_BITS_PER_SAMPLE, (8,))) > 8
    return is_deep and not image.mode.startswith(("I", "F"))


def _decoded(
    kind: str, values: NDArray[Any], transparent: Any, remarks: tuple[str, ...]
) -> DecodedImage:
    """The image of values (H, W) or (H, W, C); values of 16 bits may name a transparent one."""
    color, alpha = _split(values if values.ndim == 3 else values[:, :, None], transparent)
    visible = color if alpha is None else color[alpha[:, :, 0] > 0]
    return DecodedImage(
        values=color if alpha is None else _premultiplied(color, alpha),
        alpha=alpha,
        kind=kind,
        low=visible.min().item() if visible.size else 0,
        high=visible.max().item() if visible.size else 0,
        remarks=remarks,
    )


def _upright(image: Image.Image) -> NDArray[Any]:
    return np.asarray(ImageOps.exif_transpose(image))


def _plain(image: Image.Image) -> Image.Image:
    """An image with 8-bit values as gray, RGB or RGBA."""
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _split(values: NDArray[Any], transparent: Any) -> tuple[NDArray[Any], NDArray[np.uint8] | None]:
    """The color (H, W, C), and the alpha (H, W, 1) if any pixel is not opaque."""
    color, alpha = values, None
    if values.shape[2] in (2, 4):
        color, alpha = values[:, :, :-1], values[:, :, -1:]
        if alpha.dtype != np.uint8:
            alpha = np.rint(alpha / 257).astype(np.uint8)
    elif values.dtype != np.uint8 and transparent is not None:
        is_clear = (values == transparent).all(2, keepdims=True)
        alpha = np.where(is_clear, 0, 255).astype(np.uint8)
    return color, None if alpha is None or alpha.min() == 255 else alpha


def _premultiplied(color: NDArray[Any], alpha: NDArray[np.uint8]) -> NDArray[Any]:
    product = color.astype(np.float32) * (alpha / np.float32(255))
    return np.rint(product).astype(np.uint8) if color.dtype == np.uint8 else product


def _resized(image: DecodedImage, side: int, fit: str | None) -> DecodedImage:
    change = entry("data.fit", fit or "crop", FITS)

    def resize(layers: NDArray[Any]) -> NDArray[np.float32]:
        changed = [
            np.asarray(change(Image.fromarray(layer.astype(np.float32)), (side, side)))
            for layer in np.moveaxis(layers, 2, 0)
        ]
        return np.stack(changed, axis=2)

    # Interpolation overshoots at edges.
    values = resize(image.values).clip(0, image.high)
    # A mask of 0 and 1 keeps its fractions, because its values are multiplied later.
    keeps_levels = image.values.dtype == np.uint8 and image.high > 1
    return replace(
        image,
        values=np.rint(values).astype(np.uint8) if keeps_levels else values,
        alpha=None
        if image.alpha is None
        else np.rint(resize(image.alpha).clip(0, 255)).astype(np.uint8),
    )
