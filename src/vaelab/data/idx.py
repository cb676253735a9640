"""IDX, the file format of MNIST and its successors, gzipped or not.

A file is the four bytes 00 00 08 D (unsigned bytes in D dimensions), then D big-endian 32-bit
counts, then the items. The header implies the size of the file, so a reader never takes more memory
than the header implies, and never more than `LARGEST_CONTENT`, whatever the file contains.
"""

import gzip
import math
import struct
import zlib
from io import BufferedIOBase

import numpy as np
from numpy.typing import NDArray

from vaelab.data.reading import refuse_web_page
from vaelab.errors import InputError

IMAGES_MAGIC = 0x00000803
LABELS_MAGIC = 0x00000801

LARGEST_CONTENT = 1 << 30
"""Most bytes that a header may imply; EMNIST, the largest relative of MNIST, needs half."""

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20


def read_content(file: BufferedIOBase, name: str, magic: int) -> bytearray:
    """Read header and items, uncompressed, of exactly the size that the header implies.

    Args:
        file: the file, open at its start.
        name: of the file in messages.
        magic: the expected first four bytes, as a number; the last byte counts the dimensions.

    Raises:
        InputError: naming the file, the byte, what was expected and what was found.
    """
    start = file.read(512)
    file.seek(0)
    refuse_web_page(name, start)
    if start.startswith(_GZIP_MAGIC):
        with gzip.GzipFile(fileobj=file) as uncompressed:
            return _checked_content(uncompressed, name, magic)
    if name.endswith(".gz") and not start.startswith(b"\x00\x00\x08"):
        raise InputError(
            f"{name}: byte 0: expected gzip (1f 8b), found {start[:4].hex(' ') or 'nothing'}; "
            "download the file again"
        )
    return _checked_content(file, name, magic)


def as_array(content: bytearray) -> NDArray[np.uint8]:
    """The items of content from `read_content`, as a view."""
    dimensions = content[3]
    counts = struct.unpack_from(f">{dimensions}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(counts)


def as_content(array: NDArray[np.uint8]) -> bytes:
    """Header and items of an uncompressed file of this array."""
    return struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def check_labels(labels: NDArray[np.uint8], class_count: int, name: str) -> None:
    """Refuse labels (N) outside 0 to `class_count` - 1.

    Raises:
        InputError: naming the file, the item and its byte in the uncompressed content.
    """
    outside = np.flatnonzero(labels >= class_count)
    if len(outside):
        item = outside[0]
        raise InputError(
            f"{name}: item {item} (byte {item + 8}): expected a label from 0 to "
            f"{class_count - 1}, found {labels[item]}"
        )


def _checked_content(file: BufferedIOBase, name: str, magic: int) -> bytearray:
    dimensions = magic & 0xFF
    header_size = 4 + 4 * dimensions
    content = bytearray()
    _fill(content, header_size, file, name)
    expected = struct.pack(">I", magic)
    if content[:4] != expected:
        raise InputError(
            f"{name}: byte 0: expected {expected.hex(' ')} (IDX of {dimensions} dimensions), "
            f"found {content[:4].hex(' ') or 'nothing'}"
        )
    if len(content) < header_size:
        raise InputError(
            f"{name}: the header ends at byte {len(content)}, expected {header_size} bytes of it"
        )
    counts = struct.unpack_from(f">{dimensions}I", content, 4)
    implied = header_size + math.prod(counts)
    described = f"the {implied} bytes that its header implies ({' x '.join(map(str, counts))})"
    if not header_size < implied <= LARGEST_CONTENT:
        raise InputError(
            f"{name}: byte 4: expected counts of at least one item and at most "
            f"{LARGEST_CONTENT} bytes, found {described}"
        )
    # One byte more than implied shows that a file is too long.
    _fill(content, implied + 1, file, name)
    if len(content) != implied:
        found = f"only {len(content)}" if len(content) < implied else "more"
        raise InputError(f"{name}: expected {described}, found {found}")
    return content


def _fill(content: bytearray, size: int, file: BufferedIOBase, name: str) -> None:
    """Read until `content` has `size` bytes or the file ends."""
    chunk = b"-"
    while chunk and len(content) < size:
        try:
            chunk = file.read(min(_CHUNK, size - len(content)))
        except EOFError:
            raise InputError(
                f"{name}: truncated gzip: no end marker after at least "
                f"{len(content)} bytes of uncompressed content; download the file again"
            ) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise InputError(
                f"{name}: damaged gzip after byte {len(content)} of the uncompressed content "
                f"({error}); download the file again"
            ) from None
        content += chunk
