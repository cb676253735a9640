import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.data_files import data_or_one_line, refused, write_csv
from vaelab.data import data_config, load_data
from vaelab.data.csv_table import read_table

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (5, 1, 28, 28)).astype(np.uint8)
LABELS = np.array([9, 0, 4, 2, 1])


def read(path):
    table = read_table(path, np.array([9] + [255] * 784))
    return table[:, 1:].reshape(-1, 1, 28, 28), table[:, 0]


@pytest.fixture
def lines(tmp_path):
    """The lines of a good file, header first."""
    return write_csv(tmp_path / "good.csv", IMAGES, LABELS).read_text().splitlines()


@pytest.fixture
def refuses(tmp_path):
    """Check that a file of the given lines is refused in one line that names it and `parts`."""

    def check(lines, *parts):
        path = tmp_path / "bad.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with refused(path, *parts):
            read(path)

    return check


@pytest.mark.parametrize("header", [True, False])
def test_reads_what_was_written(tmp_path, header):
    images, labels = read(write_csv(tmp_path / "a.csv", IMAGES, LABELS, header=header))
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)


@pytest.mark.parametrize(
    ("mark", "ending", "quote"), [("\ufeff", "\r\n", ""), ("", "\n\n", '"'), ("", "\r", "")]
)
def test_reads_what_other_programs_write(tmp_path, lines, mark, ending, quote):
    header = ",".join(f"{quote}{name}{quote}" for name in lines[0].split(","))
    path = tmp_path / "a.csv"
    path.write_bytes((mark + ending.join([header, *lines[1:]])).encode())
    np.testing.assert_array_equal(read(path)[0], IMAGES)


def with_cell(line: str, column: int, text: str) -> str:
    cells = line.split(",")
    cells[column - 1] = text
    return ",".join(cells)


def test_a_row_short_of_one_column(lines, refuses):
    lines[3] = lines[3].rpartition(",")[0]
    refuses(lines, "line 4:", "expected 785 columns", "found 784")


def test_all_rows_short_of_one_column(lines, refuses):
    refuses([line.rpartition(",")[0] for line in lines], "line 2:", "expected 785", "found 784")


@pytest.mark.parametrize("text", ["abc", "", "256", "-1", "1.5", "0.0", "1e2", "nan", "9" * 5000])
def test_a_pixel_that_is_none(lines, refuses, text):
    lines[2] = with_cell(lines[2], 12, text)
    refuses(lines, "line 3, column 12:", "pixel from 0 to 255", f"found {text[:20]!r}")


def test_odd_white_space_is_white_space(tmp_path, lines, refuses):
    lines[2] = with_cell(lines[2], 11, "\x1c5")
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(lines))
    assert read(path)[0][1].ravel()[9] == 5
    lines[2] = with_cell(lines[2], 12, "x")
    refuses(lines, "line 3, column 12:", "found 'x'")


@pytest.mark.parametrize("text", ["10", "-1", "boot"])
def test_a_label_that_is_none(lines, refuses, text):
    lines[5] = with_cell(lines[5], 1, text)
    refuses(lines, "line 6, column 1:", "label from 0 to 9", f"found {text!r}")


def test_a_first_row_without_header_is_not_taken_for_one(lines, refuses):
    refuses([with_cell(lines[1], 1, "-1")], "line 1, column 1:", "found '-1'")


def test_blank_lines_count_as_lines(lines, refuses):
    refuses([lines[0], "", "", with_cell(lines[1], 785, "x")], "line 4, column 785:", "found 'x'")


def test_a_first_row_with_a_damaged_cell_is_not_taken_for_a_header(lines, refuses):
    refuses([with_cell(lines[1], 785, "x")], "line 1, column 785:", "found 'x'")
    refuses([with_cell(lines[1], 1, "boot")], "line 1, column 1:", "found 'boot'")


def test_no_rows(lines, refuses):
    refuses([], "has no rows")
    refuses(lines[:1], "has no rows", "785 columns")


def test_web_page(refuses):
    refuses(["<!DOCTYPE html>", "<p>404"], "starts with '<!DOCTYPE html'", "web page")


def test_missing_file_and_folder(tmp_path):
    with refused(tmp_path / "none.csv", "cannot be read", "No such file"):
        read(tmp_path / "none.csv")
    with refused(tmp_path, "cannot be read", "Is a directory"):
        read(tmp_path)


def test_ten_thousand_rows_take_no_time(tmp_path):
    images = np.tile(IMAGES, (2_000, 1, 1, 1))
    path = write_csv(tmp_path / "one.csv", IMAGES, LABELS)
    header, _, rows = path.read_text().partition("\n")
    path.write_text(header + "\n" + rows * 2_000)
    start = time.perf_counter()
    np.testing.assert_array_equal(read(path)[0], images)
    assert time.perf_counter() - start < 5  # on a busy machine; alone 0.3 s


SMALL = "label,a,b,c,d\n1,0,255,7,8\n2,1,2,3,4\n"


def check_bytes(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fuzz.csv")
        path.write_bytes(content)
        table = data_or_one_line(read_table, path, np.array([9, 255, 255, 255, 255]))
    assert table is None or table.shape[1] == 5


@given(st.binary(max_size=80))
def test_any_bytes_give_data_or_one_line(content):
    check_bytes(content)


@given(st.text(alphabet="0123456789,.-+e \n\r\t\"'#_x\x00\ufeff٣", max_size=40))
def test_any_text_gives_data_or_one_line(text):
    check_bytes(text.encode())


@settings(max_examples=200)
@given(st.integers(0, len(SMALL) - 1), st.characters(codec="utf-8"))
def test_any_damage_gives_data_or_one_line(position, character):
    check_bytes((SMALL[:position] + character + SMALL[position + 1 :]).encode())


# A user's own file.


def load(path: Path):
    return load_data(data_config(str(path)))


def images_of(dataset) -> dict[bytes, str]:
    """The class of each image of a data set."""
    return {
        image.tobytes(): part.class_names[label]
        for part in (dataset.train, dataset.test)
        for image, label in zip(part.images, part.labels, strict=True)
    }


@pytest.mark.parametrize("header", [True, False])
def test_images_of_any_side_with_labels(tmp_path, header):
    images = GENERATOR.integers(0, 256, (20, 5, 5), dtype=np.uint8)
    labels = np.arange(20) % 2 * 300 + 7
    dataset = load(write_csv(tmp_path / "mine.csv", images, labels, header=header))
    assert dataset.name == "csv:mine"
    assert dataset.train.images.shape == (18, 1, 5, 5)
    expected = {image.tobytes(): str(label) for image, label in zip(images, labels, strict=True)}
    assert images_of(dataset) == expected
    assert "labels: the classes 7, 307 are numbered from 0 to 1" in dataset.notes


def test_labels_in_the_last_column(tmp_path):
    images = GENERATOR.integers(0, 256, (20, 4, 4), dtype=np.uint8)
    table = np.column_stack([images.reshape(20, 16), np.arange(20) % 2])
    header = ",".join([*(f"pixel{i:04}" for i in range(16)), "label"])
    np.savetxt(tmp_path / "mine.csv", table, "%d", ",", header=header, comments="")
    dataset = load(tmp_path / "mine.csv")
    expected = {image.tobytes(): str(index % 2) for index, image in enumerate(images)}
    assert images_of(dataset) == expected


def test_images_without_labels(tmp_path):
    table = GENERATOR.integers(0, 256, (20, 16))
    header = ",".join(f"pixel{i}" for i in range(16))
    np.savetxt(tmp_path / "TEST.CSV", table, "%d", ",", header=header, comments="")
    dataset = load(tmp_path / "TEST.CSV")
    assert dataset.train.images.shape == (18, 1, 4, 4)
    assert dataset.train.labels is None


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["expected the pixels of a square image", "found 1 columns"]),
        ("1,2,3\n", ["785 or 784 columns", "found 3 columns"]),
        ("0,1,2,3,256\n", ["line 1, column 5: expected a pixel from 0 to 255, found '256'"]),
        ("a,b,c,d\n1,2,3\n", ["line 2: expected 4 columns (pixels), found 3"]),
        ("<html>", ["web page"]),
    ],
)
def test_files_that_are_no_table_of_images(tmp_path, content, parts):
    path = tmp_path / "mine.csv"
    path.write_text(content)
    with refused(path, *parts):
        load(path)
