"""Writes a run's explorer folder."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import vaelab
from vaelab.data import ImageData
from vaelab.errors import InputError
from vaelab.explorer.content import (
    DECODER,
    ENCODER,
    FOLDER,
    IMAGES,
    PRIOR,
    RECORD,
    SAMPLES,
    SCHEMA_VERSION,
    TENSORS,
    Dimension,
)
from vaelab.explorer.maps import latent_maps
from vaelab.explorer.pictures import MAX_COUNT, images_shown, sample_strip, sprite_sheet
from vaelab.export import to_onnx
from vaelab.files import write_json
from vaelab.folders import atomic_folder
from vaelab.latent_dimensions import LatentDimensions, measure_dimensions
from vaelab.loaded_run import LoadedRun
from vaelab.runs import write_tensors

# Labels are stored as bytes.
MAX_CLASSES = 256
# Above, codes are not stored, and no dimension has a slider: the page would be too large.
MAX_STORED_SIZE = 512
MAX_SLIDERS = 32


def write_explorer(loaded: LoadedRun, *, tsne: bool = False, count: int = MAX_COUNT) -> Path:
    """Write RUN/explorer/ atomically; of a model that cannot be exported, only the reason.

    Args:
        loaded: the trained run.
        tsne: also map codes of more than 2 dimensions by t-SNE, which takes minutes for 10,000.
        count: of test images, at most.

    Returns:
        The folder.

    Raises:
        InputError: if the folder cannot be written.
    """
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "vaelab_version": vaelab.__version__,
        "weights_fingerprint": loaded.weights_fingerprint,
        "absence": "",
    }
    data = images_shown(loaded.data.test, count)
    try:
        networks = _networks(loaded, data)
    except InputError as error:
        networks = {}
        record["absence"] = str(error)
    with atomic_folder(loaded.run.path / FOLDER) as folder:
        for name, content in networks.items():
            (folder / name).write_bytes(content)
        if networks:
            record |= _write_images(loaded, data, folder) | _write_codes(loaded, data, folder, tsne)
        write_json(folder / RECORD, record)
    return loaded.run.path / FOLDER


def _networks(loaded: LoadedRun, data: ImageData) -> dict[str, bytes]:
    """The ONNX files by name.

    Raises:
        InputError: if there are too many classes or the model cannot be exported.
    """
    if len(data.class_names) > MAX_CLASSES:
        raise InputError(
            f"the explorer shows at most {MAX_CLASSES} classes, found {len(data.class_names)}"
        )
    onnx = to_onnx(loaded)
    files = {ENCODER: onnx.encoder, DECODER: onnx.decoder}
    return files if onnx.prior is None else files | {PRIOR: onnx.prior}


def _write_images(loaded: LoadedRun, data: ImageData, folder: Path) -> dict[str, Any]:
    """Write the test images and, where the prior is not exported, samples; returns their record."""
    sprite, picture = sprite_sheet(data)
    picture.save(folder / IMAGES)
    note = ""
    if not loaded.capabilities.has_prior:
        note = "This model has no prior to sample from."
    elif not (folder / PRIOR).exists():
        note = (
            "The prior of this model cannot run in a browser. These samples were drawn in advance."
        )
        (folder / SAMPLES).write_bytes(sample_strip(loaded))
    return {"sprite": asdict(sprite), "sampling_note": note}


def _write_codes(loaded: LoadedRun, data: ImageData, folder: Path, tsne: bool) -> dict[str, Any]:
    """Write codes, labels and coordinates on maps; returns the record of the latent space."""
    model = loaded.model
    codes = loaded.codes(data) if model.latent_size <= MAX_STORED_SIZE else None
    maps = latent_maps(loaded, data, codes, tsne=tsne)
    tensors = {latent_map.kind: points for latent_map, points in maps}
    if codes is not None:
        tensors["codes"] = codes
    if data.labels is not None:
        tensors["labels"] = torch.from_numpy(data.labels.astype(np.uint8))
    write_tensors(folder / TENSORS, tensors)
    dimensions = measure_dimensions(loaded, data)
    return {
        "latent_size": model.latent_size,
        "class_count": model.class_count,
        "noise_size": model.noise_size if (folder / PRIOR).exists() else 0,
        "center": _rounded(dimensions.center),
        "dimensions": [] if codes is None else [asdict(each) for each in _sliders(dimensions)],
        "maps": [asdict(latent_map) for latent_map, _ in maps],
    }


def _sliders(dimensions: LatentDimensions) -> list[Dimension]:
    kl = None if dimensions.kl is None else _rounded(dimensions.kl)
    center, scale = _rounded(dimensions.center), _rounded(dimensions.scale)
    return [
        Dimension(
            index=index,
            name=dimensions.names[index],
            kl=None if kl is None else kl[index],
            center=center[index],
            scale=scale[index],
        )
        for index in dimensions.order[:MAX_SLIDERS].tolist()
    ]


def _rounded(values: Tensor) -> list[float]:
    """To 7 significant digits, the precision of float32."""
    return [float(f"{value:.7g}") for value in values.tolist()]
