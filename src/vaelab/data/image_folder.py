"""A user's folder of image files, with or without classes and given splits."""

from pathlib import Path

import numpy as np

from vaelab.config import DataConfig
from vaelab.data.folder_layout import TEST, TRAIN, VALIDATION, find_layout
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.image_files import read_image_files
from vaelab.data.reading import configured_path
from vaelab.data.splits import with_test_images


def load(config: DataConfig, data_dir: Path | None = None) -> Dataset:
    """Load the images under `config.path`.

    The folder has images, or a subfolder of images per class; or it has the folders train and val
    or test (see `folder_layout.SPLITS`), each with such contents. Without test images, a tenth of
    the training images of each class is set aside for testing.

    Raises:
        InputError: naming the first folder or file that cannot be used.
    """
    folder = configured_path(config, data_dir)
    layout = find_layout(folder)
    # All splits are read at once, because one image in color makes all images RGB.
    read = read_image_files([path for paths in layout.files.values() for path in paths], config)
    parts, start = dict[str, ImageData](), 0
    for split, paths in layout.files.items():
        parts[split] = ImageData(
            name=f"folder:{folder.resolve().name}",
            images=read.images[start : start + len(paths)],
            labels=np.array(layout.labels[split], np.int64) if layout.labels else None,
            class_names=layout.class_names,
        )
        start += len(paths)
    return with_test_images(
        parts[TRAIN],
        parts.get(TEST),
        validation=parts.get(VALIDATION),
        source=f"image files in {folder}",
        split_seed=config.split_seed,
        notes=(*layout.notes, *read.notes),
    )
