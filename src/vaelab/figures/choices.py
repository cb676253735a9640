"""Which images and classes figures show."""

import numpy as np

from vaelab.figures.style import label_of
from vaelab.loaded_run import LoadedRun

# Classes of which images are chosen, and that have a row in figures by class.
MAX_IMAGE_CLASSES, MAX_CLASS_ROWS = 10, 20


def images_of_each_class(loaded: LoadedRun, count: int) -> list[int]:
    """Indices of the first `count` test images of each class, one of each class after the other.

    Of more than ten classes, ten that are evenly spaced. Without labels: the first `count` times
    ten test images.
    """
    labels = loaded.data.test.labels
    if labels is None:
        return list(range(min(count * MAX_IMAGE_CLASSES, len(loaded.data.test))))
    present = np.unique(labels)
    places = np.linspace(0, len(present) - 1, min(MAX_IMAGE_CLASSES, len(present))).round()
    members = [np.flatnonzero(labels == present[int(place)])[:count] for place in places]
    return [int(of[i]) for i in range(count) for of in members if i < len(of)]


def class_rows(loaded: LoadedRun) -> tuple[tuple[str, ...], str]:
    """Labels of the classes that have a row in a figure, and a remark where some have none."""
    names = tuple(map(label_of, loaded.run.data.class_names))
    if len(names) <= MAX_CLASS_ROWS:
        return names, ""
    return names[:MAX_CLASS_ROWS], f"; the first {MAX_CLASS_ROWS} of {len(names)} classes"
