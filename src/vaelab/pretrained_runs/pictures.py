"""The pictures of test images for the explorers of pretrained runs, which ship without them.

They are the test images of Fashion-MNIST where its files are on this machine, and else their
reconstructions by a pretrained model. Nothing is downloaded.

Letters in shapes: N images, C channels, H height, W width.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import load

from vaelab.data import fashion_mnist
from vaelab.documents import read_json
from vaelab.errors import InputError
from vaelab.explorer_files import tiled
from vaelab.files import write_json
from vaelab.folders import atomic_folder
from vaelab.pretrained_runs.folders import EXPLORER, copy_files, packaged, pretrained_names

RECORD, CODES, DECODER, IMAGES = (
    "explorer.json",
    "codes.safetensors",
    "decoder.onnx",
    "images.png",
)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Test images, or what stands in for them.

    Attributes:
        images: (N, C, H, W).
        note: what they are; empty for test images.
    """

    images: NDArray[np.uint8]
    note: str

    def png(self, columns: int) -> bytes:
        """All of them as one picture, with so many in a row."""
        content = io.BytesIO()
        Image.fromarray(tiled(self.images, columns)).save(content, "PNG")
        return content.getvalue()


def find_pictures() -> Pictures:
    """The test images that the explorers of pretrained runs show.

    Raises:
        InputError: if $VAELAB_DATA is set and lacks Fashion-MNIST, or its files are damaged.
    """
    name = _smallest_explored()
    count = read_json(packaged(name) / EXPLORER / RECORD)["sprite"]["count"]
    folder = fashion_mnist.find_folder()
    if folder is not None:
        return Pictures(fashion_mnist.read_test(folder).images[:count], "")
    note = (
        "Fashion-MNIST is not on this machine. Reconstructions of its test images by the model "
        f"{name} stand in for them. The command vaelab data fetch downloads the images."
    )
    return Pictures(_reconstructions(name), note)


def complete_explorers(copies: Sequence[Path], pictures: Pictures) -> None:
    """Write the explorers of copies of pretrained runs, with the pictures.

    Args:
        copies: folders with the names of pretrained runs.
        pictures: for all of them.

    Raises:
        InputError: if a folder cannot be written.
    """
    for copy in copies:
        source = packaged(copy.name) / EXPLORER
        record = read_json(source / RECORD)
        with atomic_folder(copy / EXPLORER) as folder:
            copy_files(source, folder, without=(RECORD,))
            if "sprite" in record:
                (folder / IMAGES).write_bytes(pictures.png(record["sprite"]["columns"]))
            write_json(folder / RECORD, {**record, "images_note": pictures.note})


def read_codes(explorer: Path) -> dict[str, NDArray[Any]]:
    """Codes, labels and coordinates of maps in a folder of an explorer."""
    return load((explorer / CODES).read_bytes())


def _smallest_explored() -> str:
    """The pretrained run with the smallest decoder of those whose codes are stored.

    Raises:
        InputError: if there is none.
    """
    sizes = {
        name: decoder.stat().st_size
        for name in pretrained_names()
        for decoder in [packaged(name) / EXPLORER / DECODER]
        if decoder.exists() and "codes" in read_codes(decoder.parent)
    }
    if not sizes:
        raise InputError("this vaelab ships no pretrained run that the explorer can show")
    return min(sizes, key=sizes.__getitem__)


def _reconstructions(name: str) -> NDArray[np.uint8]:
    """The images decoded from the stored codes of the test images."""
    import onnxruntime  # slow to import

    folder = packaged(name) / EXPLORER
    stored, class_count = read_codes(folder), read_json(folder / RECORD)["class_count"]
    given = {"code": stored["codes"]}
    if class_count:
        given["condition"] = np.eye(class_count, dtype=np.float32)[stored["labels"]]
    session = onnxruntime.InferenceSession(
        (folder / DECODER).read_bytes(), providers=["CPUExecutionProvider"]
    )
    (decoded,) = session.run(["images"], given)
    images: NDArray[np.uint8] = np.round(255 * decoded.clip(0, 1)).astype(np.uint8)
    return images
