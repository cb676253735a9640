"""Lossless compression of images with a trained model; docs/compression.md describes the method."""

from vaelab.compression.codec import Codec, Coded
from vaelab.compression.compressing import (
    Compressed,
    Decompressed,
    compress,
    compress_file,
    decompress,
    decompress_file,
)

__all__ = [
    "Codec",
    "Coded",
    "Compressed",
    "Decompressed",
    "compress",
    "compress_file",
    "decompress",
    "decompress_file",
]
