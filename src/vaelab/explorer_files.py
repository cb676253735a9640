"""How the explorer's files are encoded: images on one picture, and scripts that provide data."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.files import write_text


def tiled(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Images (N, C, H, W) without gaps, as the pixels of a gray or RGB picture."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    canvas = np.zeros((rows * columns, channels, height, width), np.uint8)
    canvas[:count] = images
    pixels = canvas.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = pixels.reshape(rows * height, columns * width, channels)
    return pixels[:, :, 0] if channels == 1 else pixels


def provide(site: Path, key: str, value: Any) -> None:
    """Write the script explorer/KEY.js of a site, which calls `vaelabProvide` with a JSON value."""
    # Escaped, so that no name can end the string or the script, in a file or in a page.
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    write_text(site / "explorer" / f"{key}.js", f"vaelabProvide({json.dumps(key)},{text});\n")


def as_base64(content: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(content).decode("ascii")


def floats_as_base64(values: NDArray[Any]) -> str:
    """Numbers as little-endian float32."""
    return as_base64(np.ascontiguousarray(values, "<f4").tobytes())


def png_as_url(content: bytes) -> str:
    """The data URL of a picture."""
    return f"data:image/png;base64,{as_base64(content)}"
