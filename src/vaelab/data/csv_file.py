"""A user's .csv file with a row per square gray image: a label, if there is one, and the pixels."""

from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.arrays import build_dataset
from vaelab.data.csv_table import first_row, is_header, read_table
from vaelab.data.image_data import Dataset
from vaelab.data.reading import configured_path
from vaelab.errors import InputError

LARGEST_LABEL = 10**9 - 1


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Load the images of the file `config.path`; a tenth of each class is set aside for testing.

    The label is the first column, or the last if the header names it "label" there.

    Raises:
        InputError: naming the file, the line, the column, what was expected and what was found.
    """
    path = configured_path(config, data_dir)
    columns = first_row(path)
    side, label_column = _layout(path, columns)
    limits = np.full(len(columns), 255)
    if label_column is not None:
        limits[label_column] = LARGEST_LABEL
    table = read_table(path, limits, label_column)
    arrays: dict[str, tuple[str, NDArray[Any]]] = {}
    if label_column is not None:
        arrays["train_labels"] = ("labels", table[:, label_column])
        table = np.delete(table, label_column, axis=1)
    arrays["train_images"] = ("pixels", table.astype(np.uint8).reshape(-1, side, side))
    return build_dataset(
        arrays,
        where=str(path),
        name=f"csv:{path.stem}",
        source=f"rows of {path}",
        split_seed=config.split_seed,
    )


def _layout(path: Path, columns: list[str]) -> tuple[int, int | None]:
    """The side of the images, and the column of the label, if there is one."""
    count = len(columns)
    if count >= 4 and isqrt(count) ** 2 == count:
        return isqrt(count), None
    if count >= 5 and isqrt(count - 1) ** 2 == count - 1:
        is_last = is_header(columns) and columns[-1].strip(" \"'").lower() == "label"
        return isqrt(count - 1), count - 1 if is_last else 0
    raise InputError(
        f"{path}: expected the pixels of a square image in each row, with or without a label "
        f"(such as 785 or 784 columns), found {count} columns"
    )
