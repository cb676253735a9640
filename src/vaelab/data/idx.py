"""IDX, the file format of MNIST and its successors, gzipped or not.

A file is the four bytes 00 00 08 D (unsigned bytes in D dimensions), then D big-endian 32-bit
counts, then the items. The header says how large the rest must be, so no file, however hostile,
makes a reader hold more than its header implies or than `LARGEST_CONTENT`.
"""

import gzip
import io
import math
import struct
import zlib
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from vaelab.data.faults import one_line, refuse_web_page
from vaelab.errors import InputError

LARGEST_CONTENT = 1 << 30
"""Bytes that a header may imply; EMNIST, the largest set of the family, takes half of it."""

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20


def read_content(file: BinaryIO, name: str, dimensions: int) -> bytearray:
    """Header and items of an IDX file, uncompressed and of the size that the header implies.

    Args:
        file: the open file, seekable, at its start.
        name: what to call the file in messages.
        dimensions: of the array to expect, 3 for images and 1 for labels.

    Raises:
        InputError: naming the byte, what was expected and what was found.
    """
    start = file.read(512)
    file.seek(0)
    refuse_web_page(start, name)
    if not start.startswith(_GZIP_MAGIC):
        return _read_uncompressed(io.BufferedReader(_Unclosed(file)), name, dimensions)
    with gzip.GzipFile(fileobj=file) as uncompressed:
        return _read_uncompressed(uncompressed, name, dimensions)
