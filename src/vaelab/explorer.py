"""What a browser needs to walk the latent space of a trained run: RUN/explorer/.

    encoder.onnx, decoder.onnx   the model
    codes.safetensors            posterior means of the test images shown, their labels, their maps
    images.png                   those images in one picture, tile beside tile, without gaps
    explorer.json                what the numbers mean, and the weights that they are of

A report packs these files and computes nothing.

Letters in shapes: N images shown, D latent dimensions, M mixture components.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64
from PIL import Image
from sklearn.manifold import TSNE
from torch import Tensor

import vaelab
from vaelab.data import ImageData
from vaelab.errors import InputError
from vaelab.export import to_onnx
from vaelab.files import folder_written_whole, write_json
from vaelab.loaded_run import LoadedRun
from vaelab.models.posteriors import Delta, DiagonalGaussian
from vaelab.models.priors import Mixture, Prior, StandardNormal, kl_per_dimension
from vaelab.randomness import generator
from vaelab.runs import Run, read_json, read_tensors, write_tensors

SCHEMA_VERSION = 1
FOLDER = "explorer"
MAX_COUNT = 10_000
# What a telephone's browser still draws in one canvas.
MAX_PIXELS = 2**24
# Labels travel as bytes.
MAX_CLASSES = 256
# Below, t-SNE has no neighbourhoods to keep.
LEAST_TSNE_COUNT = 5
REACH = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sprite:
    """The picture of all images shown, row after row.

    Attributes:
        count: N.
        channels: 1 or 3.
        height: of one image, in pixels.
        width: of one image, in pixels.
        columns: images in a row.
    """

    count: int
    channels: int
    height: int
    width: int
    columns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GaussianMixture:
    """p(z) as sum_m weight_m N(mean_m, diag(standard_deviation_m^2)); one component for N(0, I).

    Attributes:
        weights: M, adding up to 1.
        means: (M, D).
        standard_deviations: (M, D).
    """

    weights: list[float]
    means: list[list[float]]
    standard_deviations: list[list[float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dimension:
    """One latent dimension.

    Attributes:
        index: from 0.
        kl: its mean KL over the images shown; None for an autoencoder.
        center: mean of the prior; for an autoencoder of the codes.
        scale: standard deviation of the same.
    """

    index: int
    kl: float | None
    center: float
    scale: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Plane:
    """Where a map lies in the latent space: z = origin + x axes[0] + y axes[1].

    Attributes:
        origin: D numbers.
        axes: 2 times D numbers.
    """

    origin: list[float]
    axes: list[list[float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class LatentMap:
    """A way to see all codes at once.

    Attributes:
        kind: codes, pca or tsne; the tensor of its (N, 2) coordinates has that name.
        title: in words.
        axis_labels: of x and y; empty where they mean nothing.
        plane: None where a point on the map cannot be decoded.
    """

    kind: str
    title: str
    axis_labels: tuple[str, str]
    plane: Plane | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explorer:
    """The content of a run's explorer folder, files by path.

    Attributes:
        encoder: ONNX.
        decoder: ONNX.
        images: PNG.
        sprite: how the PNG is laid out.
        prior: None for an autoencoder.
        dimensions: falling by KL, an autoencoder's by the variance of its codes.
        maps: the first is the one to begin with.
        tensors: `codes` (N, D), `labels` (N) uint8 where there are any, and coordinates by map.
    """

    encoder: Path
    decoder: Path
    images: Path
    sprite: Sprite
    prior: GaussianMixture | None
    dimensions: list[Dimension]
    maps: list[LatentMap]
    tensors: dict[str, Tensor]


def write_explorer(loaded: LoadedRun, *, tsne: bool = False) -> Path:
    """Make RUN/explorer/ anew, whole or not at all.

    Args:
        loaded: the trained run.
        tsne: also map codes of more than 2 dimensions by t-SNE, which takes minutes for 10,000.

    Returns:
        The folder.

    Raises:
        InputError: if the data has too many classes, the model cannot be exported, or the folder
            cannot be written.
    """
    onnx = to_onnx(loaded)  # first: it refuses a model that computes no numbers
    data = _shown(loaded.data.test)
    posterior = loaded.posteriors(data)
    codes = posterior.mean
    points = _maps(loaded, data, codes, tsne=tsne)
    tensors = {"codes": codes} | {of.kind: coordinates for of, coordinates in points}
    if data.labels is not None:
        tensors["labels"] = torch.from_numpy(data.labels.astype(np.uint8))
    prior = loaded.model.prior
    sprite, picture = _sprite(data)
    record = {
        "schema_version": SCHEMA_VERSION,
        "vaelab_version": vaelab.__version__,
        "weights_fingerprint": loaded.run.weights_fingerprint(),
        "sprite": asdict(sprite),
        "prior": None if prior is None else asdict(_as_mixture(prior)),
        "dimensions": [asdict(each) for each in _dimensions(prior, posterior)],
        "maps": [asdict(of) for of, _ in points],
    }
    with folder_written_whole(loaded.run.path / FOLDER) as folder:
        (folder / "encoder.onnx").write_bytes(onnx.encoder)
        (folder / "decoder.onnx").write_bytes(onnx.decoder)
        write_tensors(folder / "codes.safetensors", tensors)
        picture.save(folder / "images.png")
        write_json(folder / "explorer.json", record)
    return loaded.run.path / FOLDER


def read_explorer(run: Run) -> Explorer:
    """What `write_explorer` made of a run.

    Raises:
        InputError: if it did not, or of other weights than those the run has now, or if files
            are missing or damaged.
    """
    folder = run.path / FOLDER
    file = folder / "explorer.json"
    if not file.exists():
        raise InputError(f"{run.path} has no explorer yet; run its `vaelab study` again")
    record = read_json(file)
    try:
        if record["schema_version"] != SCHEMA_VERSION:
            raise InputError(
                f"{file} is of another version of vaelab; delete {folder} and run its "
                "`vaelab study` again"
            )
        if record["weights_fingerprint"] != run.weights_fingerprint():
            raise InputError(
                f"{folder} was made of other weights than {run.path} has now; "
                "run its `vaelab study` again"
            )
        explorer = Explorer(
            encoder=_present(folder / "encoder.onnx"),
            decoder=_present(folder / "decoder.onnx"),
            images=_present(folder / "images.png"),
            sprite=Sprite(**record["sprite"]),
            prior=None if record["prior"] is None else GaussianMixture(**record["prior"]),
            dimensions=[Dimension(**each) for each in record["dimensions"]],
            maps=[_map_from(each) for each in record["maps"]],
            tensors=read_tensors(folder / "codes.safetensors"),
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{file} cannot be used: {error}; delete {folder}") from None
    missing = {"codes", *(each.kind for each in explorer.maps)} - explorer.tensors.keys()
    if missing:
        raise InputError(f"{folder}/codes.safetensors lacks {', '.join(sorted(missing))}")
    return explorer


def _map_from(values: dict[str, Any]) -> LatentMap:
    plane = values["plane"]
    across, up = values["axis_labels"]
    return LatentMap(
        kind=values["kind"],
        title=values["title"],
        axis_labels=(across, up),
        plane=None if plane is None else Plane(**plane),
    )


def _present(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path} is missing; delete {path.parent} and run `vaelab study` again")
    return path


def _shown(test: ImageData) -> ImageData:
    """The first test images, as many as one picture may hold.

    Raises:
        InputError: if they have more classes than a byte can name.
    """
    if len(test.class_names) > MAX_CLASSES:
        raise InputError(
            f"{test.name}: the explorer shows at most {MAX_CLASSES} classes, "
            f"found {len(test.class_names)}"
        )
    _, _, height, width = test.images.shape
    count = min(MAX_COUNT, len(test), max(1, MAX_PIXELS // (height * width)))
    return test.take(np.arange(count))


def _sprite(data: ImageData) -> tuple[Sprite, Image.Image]:
    """All images on one picture, about as wide as high; what is left at its end is black."""
    count, channels, height, width = data.images.shape
    columns = min(count, math.ceil(math.sqrt(count * height / width)))
    rows = -(-count // columns)
    canvas = np.zeros((rows * columns, channels, height, width), np.uint8)
    canvas[:count] = data.images
    pixels = canvas.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = pixels.reshape(rows * height, columns * width, channels)
    picture = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    sprite = Sprite(count=count, channels=channels, height=height, width=width, columns=columns)
    return sprite, picture


def _as_mixture(prior: Prior) -> GaussianMixture:
    """What a browser can draw from.

    Raises:
        InputError: for a prior that is no mixture of Gaussians.
    """
    match prior:
        case Mixture():
            weights = torch.softmax(prior.logits.double(), 0)
            return _rounded_mixture(weights, prior.means, prior.log_scales.exp())
        case StandardNormal():
            mean, variance = prior.moments()
            return _rounded_mixture(torch.ones(1), mean[None], variance.sqrt()[None])
        case _:
            raise InputError(f"the explorer cannot draw from the prior {type(prior).__name__}")


def _rounded_mixture(
    weights: Float[Tensor, " M"], means: Float[Tensor, "M D"], deviations: Float[Tensor, "M D"]
) -> GaussianMixture:
    return GaussianMixture(
        weights=_rounded(weights),
        means=[_rounded(row) for row in means],
        standard_deviations=[_rounded(row) for row in deviations],
    )


def _dimensions(prior: Prior | None, posterior: DiagonalGaussian | Delta) -> list[Dimension]:
    """In falling order of what they say."""
    if prior is None or isinstance(posterior, Delta):
        center = posterior.mean.double().mean(0)
        importance = variance = posterior.mean.double().var(0, correction=0)
        kl: list[float] | list[None] = [None] * len(center)
    else:
        center, variance = prior.moments()
        importance = kl_per_dimension(prior, posterior).double().mean(0)
        kl = _rounded(importance)
    # Where all codes are alike there is no spread to go by.
    scale = torch.where(variance > 0, variance.sqrt(), torch.ones_like(variance))
    centers, scales = _rounded(center), _rounded(scale)
    return [
        Dimension(index=index, kl=kl[index], center=centers[index], scale=scales[index])
        for index in importance.argsort(descending=True, stable=True).tolist()
    ]


def _maps(
    loaded: LoadedRun, data: ImageData, codes: Float[Tensor, "N D"], *, tsne: bool
) -> list[tuple[LatentMap, Float[Tensor, "N 2"]]]:
    size = codes.shape[1]
    if size == 1:
        return [_line(data, codes)]
    if size == 2:
        return [_plane_of_codes(codes)]
    maps = [_principal_plane(codes)]
    if tsne and len(codes) >= LEAST_TSNE_COUNT:
        maps.append(_tsne(codes, loaded.config.seed))
    return maps


def _line(data: ImageData, codes: Float[Tensor, "N 1"]) -> tuple[LatentMap, Float[Tensor, "N 2"]]:
    """Codes of one dimension, spread upwards so that they do not cover each other.

    Each class has a band of its own; the height in it is drawn, and decodes to nothing else. As a
    plane of more than the code it goes by the name of the principal one.
    """
    height = torch.rand(len(codes), generator=generator(0, "explorer"))
    if data.labels is not None:
        height = (torch.from_numpy(data.labels) + 0.8 * height) / len(data.class_names)
    spread = REACH * float(codes.std(correction=0)) or 1.0
    flat = Plane(origin=[0.0], axes=[[1.0], [0.0]])
    labels = ("z1", "" if data.labels is None else "class")
    latent_map = LatentMap(kind="pca", title="Latent dimension", axis_labels=labels, plane=flat)
    return latent_map, torch.stack([codes[:, 0], spread * (2 * height - 1)], 1)


def _plane_of_codes(
    codes: Float[Tensor, "N 2"],
) -> tuple[LatentMap, Float[Tensor, "N 2"]]:
    plane = Plane(origin=[0.0, 0.0], axes=[[1.0, 0.0], [0.0, 1.0]])
    latent_map = LatentMap(
        kind="codes", title="Latent space", axis_labels=("z1", "z2"), plane=plane
    )
    return latent_map, codes.clone()


def _principal_plane(
    codes: Float[Tensor, "N D"],
) -> tuple[LatentMap, Float[Tensor, "N 2"]]:
    """The plane through the mean code along the two directions of most variance.

    Its axes have length 1: distances on the map are distances in the latent space.
    """
    origin = codes.double().mean(0)
    centered = codes.double() - origin
    variances, directions = torch.linalg.eigh(centered.T @ centered / len(codes))
    axes = _turned(directions.T.flip(0)[:2])
    shares = (variances.flip(0)[:2] / variances.sum()).nan_to_num(0.0).tolist()
    latent_map = LatentMap(
        kind="pca",
        title="Principal plane",
        axis_labels=(
            f"component 1 ({shares[0]:.0%} of variance)",
            f"component 2 ({shares[1]:.0%} of variance)",
        ),
        plane=Plane(origin=origin.tolist(), axes=axes.tolist()),
    )
    return latent_map, (centered @ axes.T).float()


def _turned(axes: Float64[Tensor, "2 D"]) -> Float64[Tensor, "2 D"]:
    """Each with its largest part positive: an eigenvector's sign is otherwise left to chance."""
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    return torch.where(largest < 0, -axes, axes)


def _tsne(codes: Float[Tensor, "N D"], seed: int) -> tuple[LatentMap, Float[Tensor, "N 2"]]:
    """Van der Maaten and Hinton 2008; neighbours stay neighbours, distances mean nothing."""
    method = TSNE(random_state=seed, init="pca", perplexity=min(30.0, (len(codes) - 1) / 3))
    latent_map = LatentMap(kind="tsne", title="t-SNE", axis_labels=("", ""), plane=None)
    return latent_map, torch.from_numpy(method.fit_transform(codes.numpy()))


def _rounded(values: Tensor) -> list[float]:
    """To 7 significant digits, all that float32 has, so that files do not fill with noise."""
    return [float(f"{value:.7g}") for value in values.tolist()]
