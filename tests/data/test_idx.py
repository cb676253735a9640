import gzip
import io
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.data_files import data_or_one_line, idx_bytes, refused
from vaelab.data import idx
from vaelab.errors import InputError

IMAGES = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
LABELS = np.array([3, 0, 9], np.uint8)
CONTENT = idx_bytes(IMAGES)


def read(content: bytes, name: str = "file", magic: int = idx.IMAGES_MAGIC) -> np.ndarray:
    return idx.as_array(idx.read_content(io.BytesIO(content), name, magic))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reads_what_was_written(pack):
    np.testing.assert_array_equal(read(pack(CONTENT)), IMAGES)
    np.testing.assert_array_equal(read(pack(idx_bytes(LABELS)), magic=idx.LABELS_MAGIC), LABELS)


def test_arrays_can_be_written_to():
    assert read(CONTENT).flags.writeable


def test_a_gz_name_on_uncompressed_content_is_forgiven():
    np.testing.assert_array_equal(read(CONTENT, "images.gz"), IMAGES)


@pytest.mark.parametrize("length", [3, 12, 25])
def test_truncated_gzip(length):
    with refused("images.gz", "truncated gzip"):
        read(gzip.compress(CONTENT)[:length], "images.gz")


def test_damaged_gzip():
    content = bytearray(gzip.compress(CONTENT))
    content[-6] ^= 1  # inside the checksum
    with refused("images.gz", "damaged gzip"):
        read(bytes(content), "images.gz")


def test_not_gzip():
    with refused("images.gz", "byte 0", "expected gzip (1f 8b)", "found 50 4b 03 04"):
        read(b"PK\x03\x04 and so on", "images.gz")


def test_empty_file():
    with refused("images.gz", "found nothing"):
        read(b"", "images.gz")
    with refused("images", "found nothing"):
        read(b"", "images")


def test_wrong_magic():
    with refused("file", "byte 0", "expected 00 00 08 03", "found 00 00 08 01"):
        read(idx_bytes(LABELS))


@pytest.mark.parametrize("page", [b"<!DOCTYPE html>\n<html>", b"\xef\xbb\xbf\n <HTML><body>"])
def test_web_page(page):
    with refused("file starts with '<", "a web page was saved under this name"):
        read(page)
    with refused("starts with '<!DOCTYPE html'"):
        read(b"<!DOCTYPE html><p>\n404", "images.gz")


def test_header_cut_short():
    with refused("file", "ends at byte 9", "expected 16"):
        read(CONTENT[:9])


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_fewer_bytes_than_counted(pack):
    with refused("file", "expected the 34 bytes", "(2 x 3 x 3)", "found only 30"):
        read(pack(CONTENT[:30]))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_more_bytes_than_counted(pack):
    with refused("file", "expected the 34 bytes", "found more"):
        read(pack(CONTENT + b"x"))


def test_no_items():
    with refused("file", "at least one item", "0 x 28 x 28"):
        read(struct.pack(">4I", idx.IMAGES_MAGIC, 0, 28, 28))


def test_label_out_of_range():
    with refused("labels", "item 2 (byte 10)", "from 0 to 8", "found 9"):
        idx.check_labels(LABELS, 9, "labels")


def peak_memory_of_refusal(content: bytes) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            read(content)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [1_000_000, 2**31, 2**32 - 1])
def test_a_header_that_claims_billions_allocates_nothing(count):
    content = struct.pack(">4I", idx.IMAGES_MAGIC, count, 28, 28) + bytes(784)
    assert peak_memory_of_refusal(content) < 8 << 20


def test_a_gzip_bomb_is_not_unpacked():
    bomb = gzip.compress(CONTENT + bytes(100 << 20), 1)
    assert peak_memory_of_refusal(bomb) < 8 << 20


@given(st.binary(max_size=60))
def test_any_bytes_give_data_or_one_line(content):
    for packed in (content, gzip.compress(content), CONTENT[:4] + content):
        data_or_one_line(read, packed)


@given(st.integers(0, 200), st.integers(0, 255), st.integers(0, 200))
def test_any_damage_gives_data_or_one_line(position, value, length):
    for packed in (CONTENT, gzip.compress(CONTENT, mtime=0)):
        damaged = bytearray(packed)
        damaged[position % len(packed)] = value
        data_or_one_line(read, bytes(damaged[: len(packed) - length % 20]))
