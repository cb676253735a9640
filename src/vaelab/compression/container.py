"""The format of a compressed file.

    8 bytes     magic: VAELAB, a zero, the version of the format
    16 bytes    the start of the SHA-256 of all bytes after these
    4 bytes     length of the header, little-endian
    ...         the header: JSON, deflated
    ...         the words of the entropy coder, 32 bits each, little-endian

Letters in shapes: U words.
"""

import hashlib
import json
import math
import zlib
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np
from jaxtyping import UInt32

from vaelab.compression.array_form import TYPES, ArrayForm
from vaelab.errors import InputError
from vaelab.settings import read_as

LARGEST_BATCH = 256
"""Images that are coded together."""

FORMAT = 1
MAGIC = b"VAELAB\x00"
_DIGEST = 16
_PREFIX = len(MAGIC) + 1 + _DIGEST + 4
# Headers have less than 1 KB; more is not read.
_LARGEST_HEADER = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What decoding needs to know.

    Attributes:
        weights: fingerprint of the model's weights.
        shape: channels, height and width of the images.
        batches: sizes and how many batches of that size follow each other, in order.
        form: of the array of images.
        content: SHA-256 of the values and labels.
        machine: that encoded, see `vaelab.compression.machine`.
        binarized_with: the seed with which gray images were binarized before, if any.
        vaelab: version.
    """

    weights: str
    shape: tuple[int, int, int]
    batches: tuple[tuple[int, int], ...]
    form: ArrayForm
    content: str
    machine: str
    binarized_with: int | None
    vaelab: str

    @property
    def count(self) -> int:
        """N, number of images."""
        return sum(size * times for size, times in self.batches)

    def sizes(self) -> list[int]:
        """The size of each batch."""
        return [size for size, times in self.batches for _ in range(times)]


def run_lengths(sizes: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Sizes and how many of them follow each other."""
    return tuple((size, len(list(same))) for size, same in groupby(sizes))


def pack(header: Header, words: UInt32[np.ndarray, " U"]) -> bytes:
    """The content of a file."""
    text = json.dumps(asdict(header), separators=(",", ":"), allow_nan=False)
    deflated = zlib.compress(text.encode(), 9)
    body = len(deflated).to_bytes(4, "little") + deflated + words.astype("<u4").tobytes()
    return MAGIC + bytes([FORMAT]) + _digest(body) + body


def unpack(content: bytes, where: str) -> tuple[Header, UInt32[np.ndarray, " U"]]:
    """Header and words.

    Raises:
        InputError: if these are not the bytes that `pack` gave.
    """
    if content[: len(MAGIC)] != MAGIC:
        raise InputError(
            f"{where}: expected images compressed with vaelab compress, found another kind of file"
        )
    if len(content) < _PREFIX:
        raise _damaged(where)
    version = content[len(MAGIC)]
    if version != FORMAT:
        raise InputError(
            f"{where}: expected format {FORMAT}, found {version}; decompress it with the version "
            "of vaelab that wrote it"
        )
    start = len(MAGIC) + 1
    body = content[start + _DIGEST :]
    if _digest(body) != content[start : start + _DIGEST]:
        raise _damaged(where)
    length = int.from_bytes(body[:4], "little")
    header = _read_header(body[4 : 4 + length], where)
    rest = body[4 + length :]
    if len(rest) % 4:
        raise _damaged(where)
    words = np.frombuffer(rest, "<u4").astype(np.uint32)
    if not len(words) or not words[-1]:  # the coder ends with a word that is not 0
        raise _damaged(where)
    return header, words


def _read_header(deflated: bytes, where: str) -> Header:
    try:
        text = zlib.decompressobj().decompress(deflated, _LARGEST_HEADER)
        values: Any = json.loads(text)
    except (zlib.error, ValueError):
        raise _damaged(where) from None
    header = read_as(Header, values, f"{where}: header")
    sizes = [number for pair in header.batches for number in pair]
    total = header.count * math.prod(header.shape)
    if (
        not sizes
        or min(*sizes, *header.shape) < 1
        or max(size for size, _ in header.batches) > LARGEST_BATCH
        or total > 2**40
        or header.form.dtype not in TYPES
        or not 0 < header.form.white <= 2**16
        or min(header.form.shape, default=0) < 1
    ):
        raise _damaged(where)
    return header


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:_DIGEST]


def _damaged(where: str) -> InputError:
    return InputError(
        f"{where}: the file is damaged or incomplete: its checksum does not match; copy it again"
    )
