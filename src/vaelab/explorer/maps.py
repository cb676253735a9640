"""Latent maps: the codes of all images in two dimensions.

Letters in shapes: N images, D dimensions of the flat code.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vaelab import projections
from vaelab.data import ImageData
from vaelab.explorer.content import LatentMap, Plane
from vaelab.loaded_run import LoadedRun
from vaelab.randomness import generator

REACH = 3.0

MapPoints = tuple[LatentMap, Float[Tensor, "N 2"]]


def latent_maps(
    loaded: LoadedRun, data: ImageData, codes: Float[Tensor, "N D"] | None, *, tsne: bool
) -> list[MapPoints]:
    """The maps of a model with the coordinates of each image.

    Args:
        loaded: the trained run.
        data: the images.
        codes: of the images; None where they are too large to be kept at once.
        tsne: also by t-SNE, where codes have more than two dimensions.
    """
    if codes is None:
        return [_principal_plane(loaded, data, None)]
    if codes.shape[1] == 1:
        return [_line(data, codes)]
    if codes.shape[1] == 2:
        return [_plane_of_codes(codes)]
    maps = [_principal_plane(loaded, data, codes)]
    if tsne and len(data) >= projections.MIN_NEIGHBORHOOD_COUNT:
        latent_map = LatentMap(kind="tsne", title="t-SNE", axis_labels=("", ""), plane=None)
        maps.append((latent_map, projections.tsne(codes, loaded.config.seed)))
    return maps


def _line(data: ImageData, codes: Float[Tensor, "N 1"]) -> MapPoints:
    """Codes of one dimension along x, moved up and down so that they do not cover each other.

    Each class has a band; the position in it is random, and does not change what is decoded.
    """
    height = torch.rand(len(codes), generator=generator(0, "explorer"))
    if data.labels is not None:
        height = (torch.from_numpy(data.labels) + 0.8 * height) / len(data.class_names)
    spread = REACH * float(codes.std(correction=0)) or 1.0
    flat = Plane(origin=(0.0,), axes=((1.0,), (0.0,)))
    labels = ("z1", "" if data.labels is None else "class")
    latent_map = LatentMap(kind="pca", title="Latent dimension", axis_labels=labels, plane=flat)
    return latent_map, torch.stack([codes[:, 0], spread * (2 * height - 1)], 1)


def _plane_of_codes(codes: Float[Tensor, "N 2"]) -> MapPoints:
    plane = Plane(origin=(0.0, 0.0), axes=((1.0, 0.0), (0.0, 1.0)))
    latent_map = LatentMap(
        kind="codes", title="Latent space", axis_labels=("z1", "z2"), plane=plane
    )
    return latent_map, codes.clone()


def _principal_plane(
    loaded: LoadedRun, data: ImageData, codes: Float[Tensor, "N D"] | None
) -> MapPoints:
    """PCA; of codes that are not kept, fitted to the first ones, and all are projected in parts."""
    if codes is not None:
        plane = projections.principal_plane(codes)
        points = plane.project(codes)
    else:
        count = projections.max_count(loaded.model.latent_size, len(data))
        plane = projections.principal_plane(loaded.codes(data.first(count)))
        parts = np.split(np.arange(len(data)), range(count, len(data), count))
        points = torch.cat([plane.project(loaded.codes(data.take(rows))) for rows in parts])
    latent_map = LatentMap(
        kind="pca",
        title="Principal plane",
        axis_labels=plane.axis_labels,
        plane=Plane(
            origin=tuple(plane.origin.tolist()),
            axes=tuple(tuple(axis) for axis in plane.axes.tolist()),
        ),
    )
    return latent_map, points
