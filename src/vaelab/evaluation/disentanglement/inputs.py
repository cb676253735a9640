"""Inputs of all four scores: factors that vary, and codes that are used.

Letters in shapes: N images, D latent dimensions, L live ones.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from vaelab.data.image_data import Factors
from vaelab.errors import InputError

BINS = 20  # Chen et al. 2018, who found their score to depend little on it

# Images of a group of the FactorVAE score, and of each bin where the bins are equal.
IMAGES_PER_BIN = 50
LEAST_IMAGES = BINS * IMAGES_PER_BIN

# A standard deviation below this share of the largest value is rounding in single precision.
_DEAD = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Factor:
    """One factor of variation.

    Attributes:
        name: of the factor.
        values: as in `Factors.values`.
        is_categorical: whether the values are classes.
        bins: 0, 1, ...: the classes of a categorical factor, `BINS` bins of equal mass of a
            continuous one.
        bin_count: number of bins.
    """

    name: str
    values: Float64[Tensor, " N"]
    is_categorical: bool
    bins: Int[Tensor, " N"]
    bin_count: int


def varied_factors(factors: Factors, code_count: int) -> list[Factor]:
    """The factors that are not constant.

    Raises:
        InputError: if codes and factors differ in number, or on too few images or factors.
    """
    image_count = len(factors.values)
    if code_count != image_count:
        raise InputError(
            f"disentanglement: there must be one code per image, found {code_count} codes and "
            f"factors of {image_count} images"
        )
    if image_count < LEAST_IMAGES:
        raise InputError(
            f"disentanglement: needs at least {LEAST_IMAGES:,} images with known factors, "
            f"found {image_count:,}; use more"
        )
    columns = torch.from_numpy(factors.values).double().unbind(1)
    varied = [
        _factor(name, values, is_categorical=categories is not None)
        for name, values, categories in zip(factors.names, columns, factors.categories, strict=True)
        if values.min() < values.max()
    ]
    if len(varied) < 2:
        raise InputError(
            f"disentanglement: at least 2 factors must vary, found {len(varied)} of "
            f"{len(factors.names)}"
        )
    return varied


def live_codes(codes: Float[Tensor, "N D"]) -> Float64[Tensor, "N L"]:
    """Standardized codes without the dimensions that do not vary.

    Raises:
        InputError: on codes that are not finite.
    """
    if not codes.isfinite().all():
        raise InputError("disentanglement: codes must be finite, found NaN or infinity")
    exact = codes.double()
    deviation = exact.std(0, correction=0)
    is_live = deviation > _DEAD * exact.abs().amax(0)
    return ((exact - exact.mean(0)) / deviation)[:, is_live]


def equal_mass_bins(values: Float64[Tensor, " N"]) -> Int[Tensor, " N"]:
    """Bins 0 to `BINS` - 1 by rank; equal values share a bin.

    Bins by rank are invariant to outliers and to any monotonic transformation.
    """
    _, inverse, counts = values.unique(return_inverse=True, return_counts=True)
    middle_rank = counts.cumsum(0) - counts / 2
    bin_of_each = (BINS * middle_rank / len(values)).long()
    bins: Tensor = bin_of_each[inverse]
    return bins


def _factor(name: str, values: Float64[Tensor, " N"], *, is_categorical: bool) -> Factor:
    classes = values if is_categorical else equal_mass_bins(values)
    found, bins = classes.unique(return_inverse=True)
    return Factor(
        name=name,
        values=values,
        is_categorical=is_categorical,
        bins=bins,
        bin_count=len(found),
    )
