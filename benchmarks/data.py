"""A check, before anything is measured, that the real images are available."""

import sys

from vaelab.config import DataConfig
from vaelab.data import load_data
from vaelab.errors import InputError


def require_images(count: int | None = None) -> None:
    """Exit with a one-line message unless Fashion-MNIST has `count` training images."""
    try:
        load_data(DataConfig(train_count=count))
    except InputError as error:
        sys.exit(str(error))
