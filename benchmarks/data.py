"""Whether the real images are at hand, asked before anything is measured."""

import sys

from vaelab.config import DataConfig
from vaelab.data import load_data
from vaelab.errors import InputError


def require_images(count: int | None = None) -> None:
    """End in one line if Fashion-MNIST, or so many training images of it, are not to be had."""
    try:
        load_data(DataConfig(train_count=count))
    except InputError as error:
        sys.exit(str(error))
