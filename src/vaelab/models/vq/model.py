"""The vector-quantized VAE: van den Oord et al. 2017 (arXiv:1711.00937).

The posterior puts all mass on one grid of codes, so that KL(q || p) = -log p(codes): I J log K for
the uniform prior, less for a prior fitted to the codes.

Letters in shapes: B batch, S draws, C channels, H height, W width, E numbers in an entry of the
codebook, I rows, J columns, K entries, D = E I J.
"""

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from vaelab import parts
from vaelab.arithmetic import full_precision, in_float32
from vaelab.models.capabilities import Capabilities, Level
from vaelab.models.contract import (
    Images,
    Labels,
    LatentVariableModel,
    Terms,
    TermsRequest,
    Weights,
)
from vaelab.models.image_shape import ImageShape
from vaelab.models.latents import Latents, LatentSpace
from vaelab.models.likelihoods.likelihood import Likelihood
from vaelab.models.networks.conv import halved_sizes
from vaelab.models.prior_fitting import PriorFitting
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.models.vq.config import VqVaeConfig
from vaelab.models.vq.networks import GridDecoder, GridEncoder
from vaelab.models.vq.priors import CodePrior
from vaelab.randomness import Source


class Codebook(nn.Module):
    """K vectors, of which the nearest represents any vector."""

    def __init__(self, size: int, entry_size: int) -> None:
        super().__init__()
        self.entries = nn.Parameter(torch.empty(size, entry_size))

    def initialize(self, generator: Generator) -> None:
        """Small random vectors, as the encoder gives before training."""
        nn.init.normal_(self.entries, std=0.1, generator=generator)

    @in_float32
    def nearest(self, vectors: Float[Tensor, "B E I J"]) -> Int[Tensor, "B I J"]:
        """The index of the nearest entry of each vector (equation 1)."""
        flat = vectors.detach().permute(0, 2, 3, 1)
        distances = self.entries.square().sum(1) - 2 * flat @ self.entries.T
        return distances.argmin(3)

    def forward(self, codes: Int[Tensor, "B I J"]) -> Float[Tensor, "B E I J"]:
        """The entries with these indices."""
        return self.entries[codes].permute(0, 3, 1, 2)


class VqVae(LatentVariableModel):
    """Encoder, codebook, prior over codes, decoder and likelihood."""

    def __init__(
        self,
        *,
        encoder: nn.Module,
        codebook: Codebook,
        prior: CodePrior,
        decoder: nn.Module,
        likelihood: Likelihood,
        shape: ImageShape,
        grid: tuple[int, int],
    ) -> None:
        entries, size = codebook.entries.shape
        space = LatentSpace((Level("codes", (size, *grid), codebook_size=entries),))
        super().__init__(shape=shape, space=space, class_count=0)
        self.encoder = encoder
        self.codebook = codebook
        self.prior = prior
        self.decoder = decoder
        self.likelihood = likelihood

    @property
    def capabilities(self) -> Capabilities:
        """See `Capabilities`."""
        return Capabilities(
            name="VQ-VAE",
            levels=self.space.levels,
            unit=self.likelihood.unit,
            kl_levels=("codes",),
            has_prior=True,
            has_density=self.likelihood.is_in_nats,
            has_auxiliary_terms=True,
        )

    def elbo(
        self, x: Images, labels: Labels | None, source: Source, request: TermsRequest
    ) -> Terms:
        """See `LatentVariableModel.elbo`.

        The auxiliary terms are those of equation 3: `codebook` moves entries to the encoder's
        outputs, `commitment` moves outputs to entries.
        """
        vectors = full_precision(self.encoder(x))
        codes = self.codebook.nearest(vectors)
        entries = self.codebook(codes)
        # Straight-through: the decoder's gradient reaches the encoder past the quantization.
        quantized = vectors + (entries - vectors).detach()
        decoded = self.decoder(quantized)
        reconstruction = -self.likelihood.log_prob(x, decoded).flatten(1).sum(1)
        kl = -self.prior.log_prob(codes)
        log_weights = None
        if request.importance_draws:
            log_weights = -(reconstruction + kl).unsqueeze(1).expand(-1, request.importance_draws)
        return Terms(
            reconstruction=reconstruction,
            kl={"codes": kl.unsqueeze(1)},
            auxiliary={
                "codebook": (vectors.detach() - entries).square().flatten(1).sum(1),
                "commitment": (vectors - entries.detach()).square().flatten(1).sum(1),
            },
            z=Latents((quantized,)),
            log_weights=log_weights,
            prior_sample=self.sample_prior(len(x), source) if request.prior_sample else None,
        )

    def codes(self, x: Images) -> Int[Tensor, "B I J"]:
        """Indices of the codebook's entries."""
        return self.codebook.nearest(self.encoder(x))

    def encode(self, x: Images, labels: Labels | None = None) -> Latents:
        """The entries of the codebook, as vectors."""
        return Latents((self.codebook(self.codes(x)),))

    def decode_condition(self, z: Float[Tensor, "B D"], condition: Float[Tensor, "B K"]) -> Images:
        """The image decoded at the entries nearest to `z`."""
        (vectors,) = self.space.from_flat(z).levels
        entries = self.codebook(self.codebook.nearest(vectors))
        return self.likelihood.mean(self.decoder(entries))

    def sample_prior(
        self,
        count: int,
        source: Source,
        labels: Labels | None = None,
        options: SamplingOptions = AS_FITTED,
    ) -> Latents:
        """Entries of `count` grids of codes drawn from the prior."""
        return Latents((self.codebook(self.prior.sample(count, source, options)),))

    @property
    def importance_noise_size(self) -> int:
        """The posterior is a point: nothing is drawn."""
        return 0

    def importance_state(self, x: Images, labels: Labels | None) -> tuple[Tensor, ...]:
        """The codes."""
        return (self.codes(x),)

    def importance_weights(
        self, x: Images, state: tuple[Tensor, ...], noise: Float[Tensor, "B S 0"]
    ) -> Weights:
        """See `LatentVariableModel.importance_weights`; all draws are the same."""
        (codes,) = state
        decoded = self.decoder(self.codebook(codes))
        log_likelihood = self.likelihood.summed_log_prob(x, decoded.unsqueeze(1))
        log_ratio = -self.prior.log_prob(codes).unsqueeze(1)
        draws = noise.shape[1]
        return Weights(log_likelihood.expand(-1, draws), log_ratio.expand(-1, draws))

    def prior_fitting(self) -> PriorFitting:
        """See `LatentVariableModel.prior_fitting`."""
        return PriorFitting(
            prior=self.prior,
            draw=lambda x, _condition, _source: self.codes(x),
            loss=lambda codes, _condition, _source: -self.prior.log_prob(codes),
        )


def build(config: VqVaeConfig, shape: ImageShape, _class_count: int) -> VqVae:
    """The model that `config` describes.

    Raises:
        InputError: on an unknown part, or images that cannot be halved so often.
    """
    grid = halved_sizes(config.channels, shape)[-1]
    likelihood: Likelihood = parts.build(config.likelihood, shape)
    decoded = replace(shape, channels=likelihood.decoded_channels(shape.channels))
    return VqVae(
        encoder=GridEncoder(config.channels, shape, config.code_size),
        codebook=Codebook(config.codebook_size, config.code_size),
        prior=parts.build(config.prior, grid, config.codebook_size),
        decoder=GridDecoder(config.channels, decoded, config.code_size),
        likelihood=likelihood,
        shape=shape,
        grid=grid,
    )
