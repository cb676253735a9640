"""What a model can do, as plain data without torch."""

import math
from dataclasses import dataclass

# Units of minus the log-probability of gray images: of a density, which has no lower limit, and of
# probabilities of 8-bit values, which are code lengths.
DENSITY, EIGHT_BIT = "nats of density", "nats of 8-bit values"
GRAY_UNITS = (DENSITY, EIGHT_BIT)


@dataclass(frozen=True, slots=True)
class Level:
    """One level of latent variables.

    Attributes:
        name: used in names of KL terms and in figures.
        shape: of one code, without the batch dimension.
        codebook_size: number of entries where the code is discrete; None where it is continuous.
    """

    name: str
    shape: tuple[int, ...]
    codebook_size: int | None = None

    @property
    def size(self) -> int:
        """Numbers in one code."""
        return math.prod(self.shape)


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a model can do, derived from its parts. Plain data: run folders store it as JSON.

    Attributes:
        name: of the model for headings and sentences, such as "VAE".
        levels: of latent variables.
        unit: of the reconstruction.
        kl_levels: names of the KL terms; empty where the KL is not defined.
        has_prior: samples can be drawn.
        has_density: log p(x) has an importance-weighted bound.
        has_gaussian_posterior: q(z|x,y) is one diagonal Gaussian over the flat code.
        has_prior_moments: mean and variance of the prior are known.
        kl_by_dimension: each dimension of the code has a KL to compare it by.
        splits_kl: the KL is a sum over dimensions.
        has_auxiliary_terms: training has terms beyond reconstruction and KL.
        can_sample_from_noise: a code is a function of Gaussian noise, which can be exported.
        is_conditional: a label is required.
        has_solver: the prior is sampled by solving a differential equation in steps.
        prior_needs_trained_encoder: the prior can only be fitted after training.
    """

    name: str
    levels: tuple[Level, ...]
    unit: str
    kl_levels: tuple[str, ...] = ()
    has_prior: bool = False
    has_density: bool = False
    has_gaussian_posterior: bool = False
    has_prior_moments: bool = False
    kl_by_dimension: bool = False
    splits_kl: bool = False
    has_auxiliary_terms: bool = False
    can_sample_from_noise: bool = False
    is_conditional: bool = False
    has_solver: bool = False
    prior_needs_trained_encoder: bool = False

    @property
    def latent_size(self) -> int:
        """D, numbers in the flat code."""
        return sum(level.size for level in self.levels)
