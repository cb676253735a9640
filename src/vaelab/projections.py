"""Projections of codes to two dimensions: PCA, t-SNE, UMAP.

Letters in shapes: N codes, D latent dimensions.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

# Numbers in the codes that are projected at once; it bounds memory for codes of many dimensions.
MAX_NUMBERS = 2**24

# t-SNE and UMAP compare codes of more dimensions on their first principal components.
MAX_COMPARED_DIMENSIONS = 50

# With fewer codes there are no neighborhoods that a method could preserve.
MIN_NEIGHBORHOOD_COUNT = 5


@dataclass(frozen=True, slots=True, eq=False)
class PrincipalPlane:
    """The plane through the mean code along the two directions of largest variance.

    Its axes have length 1: distances in the plane are distances in the latent space.

    Attributes:
        origin: the mean code.
        axes: unit vectors, the direction of largest variance first.
        variance_shares: share of the variance along each axis.
    """

    origin: Float64[Tensor, " D"]
    axes: Float64[Tensor, "2 D"]
    variance_shares: tuple[float, float]

    @property
    def axis_labels(self) -> tuple[str, str]:
        """Such as "component 1 (31% of variance)"."""
        first, second = self.variance_shares
        return f"component 1 ({first:.0%} of variance)", f"component 2 ({second:.0%} of variance)"

    def project(self, codes: Float[Tensor, "N D"]) -> Float[Tensor, "N 2"]:
        """Coordinates in the plane."""
        return ((codes.double() - self.origin) @ self.axes.T).float()


def max_count(latent_size: int, wanted: int) -> int:
    """Codes that are projected at most: `wanted`, or fewer where they have many dimensions."""
    return min(wanted, max(1, MAX_NUMBERS // latent_size))


def principal_plane(codes: Float[Tensor, "N D"]) -> PrincipalPlane:
    """PCA of at least two dimensions; each axis points to where its largest coordinate is positive.

    Exact for up to 1,000 dimensions, by a randomized method with a fixed seed above.
    """
    from sklearn.decomposition import PCA

    # Two equal codes have a plane, one has none.
    values = codes.double().numpy() if len(codes) > 1 else codes.double().repeat(2, 1).numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        fitted = PCA(n_components=2, random_state=0).fit(values)
    first, second = np.nan_to_num(fitted.explained_variance_ratio_).tolist()
    return PrincipalPlane(
        torch.from_numpy(fitted.mean_), torch.from_numpy(fitted.components_), (first, second)
    )


def tsne(codes: Float[Tensor, "N D"], seed: int) -> Float[Tensor, "N 2"]:
    """t-SNE (van der Maaten and Hinton 2008, jmlr.org/papers/v9/vandermaaten08a.html)."""
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(codes) - 1) / 3)
    method = TSNE(random_state=seed, init="pca", perplexity=perplexity)
    return torch.from_numpy(method.fit_transform(_reduced(codes).numpy()))


def umap(codes: Float[Tensor, "N D"], seed: int) -> Float[Tensor, "N 2"]:
    """UMAP (McInnes et al. 2018, arXiv:1802.03426), from the optional package umap-learn."""
    with warnings.catch_warnings():
        # It warns of an optional package that is not used here.
        warnings.simplefilter("ignore", ImportWarning)
        from umap import UMAP

    method = UMAP(random_state=seed, n_jobs=1)
    with _threads_restored():
        return torch.from_numpy(method.fit_transform(_reduced(codes).numpy()))


def _reduced(codes: Float[Tensor, "N D"]) -> Float[Tensor, "N R"]:
    """The first 50 principal components of codes that have more dimensions."""
    from sklearn.decomposition import PCA

    if codes.shape[1] <= MAX_COMPARED_DIMENSIONS:
        return codes
    size = min(MAX_COMPARED_DIMENSIONS, len(codes))
    reduced = PCA(n_components=size, random_state=0).fit_transform(codes.numpy())
    return torch.from_numpy(reduced)


@contextmanager
def _threads_restored() -> Iterator[None]:
    """Restore torch's number of threads, which Numba changes when UMAP runs.

    Sums over another number of threads differ in their last bits.
    """
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
