"""A VAE with a vector of latent variables and grids of them at growing sizes of the image.

    q(z_1|x,y) q(z_2|x,z_1,y) ...          p(z_1|y) p(z_2|z_1,y) ... p(x|z_1,z_2,...,y)

Inference goes in the order of generation, as in Sonderby et al. 2016 (arXiv:1602.02282), with the
residual convolutions of later work: Child 2021 (arXiv:2011.10650), Vahdat and Kautz 2020
(arXiv:2007.03898).

Letters in shapes: B batch, S draws, C channels, H height, W width, K classes, T dimensions of the
vector, D numbers in the flat code, M numbers of noise, F channels of features, h and w rows and
columns of features.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vaelab import parts
from vaelab.distributions import gaussian_kl
from vaelab.models.capabilities import Capabilities, Level
from vaelab.models.condition_layers import ConditionLayers, with_condition
from vaelab.models.contract import (
    Images,
    Labels,
    LatentVariableModel,
    Terms,
    TermsRequest,
    Weights,
)
from vaelab.models.image_shape import ImageShape
from vaelab.models.ladder.config import LadderConfig
from vaelab.models.ladder.networks import Encoder, Features, GridLevel, Size, Stage
from vaelab.models.latent_coding import Draw, LatentCoding
from vaelab.models.latents import Latents, LatentSpace
from vaelab.models.likelihoods.likelihood import Likelihood
from vaelab.models.networks.folding import folded_sizes, padding
from vaelab.models.networks.network import channels_last
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.prior_fitting import PriorFitting
from vaelab.models.priors.prior import Prior, PriorContext, PriorModule
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import Source


class Inferred(NamedTuple):
    """The levels from the top to the image, with draws from their posteriors.

    Attributes:
        z: flat latent variables of each level.
        posteriors: of each level.
        grid_priors: of each level after the first, which has a prior of the table.
        decoded: the decoder's output.
    """

    z: list[Tensor]
    posteriors: list[DiagonalGaussian]
    grid_priors: list[DiagonalGaussian]
    decoded: Tensor

    def flat(self) -> Float[Tensor, "B D"]:
        """The latent variables of all levels."""
        return torch.cat(self.z, 1)


class LadderVae(LatentVariableModel):
    """A deep hierarchy of latent variables.

    Args:
        config: sizes of the networks.
        prior: p(z_1|y).
        likelihood: p(x|z,y).
        shape: of the images.
        layers: that read the label.
    """

    def __init__(
        self,
        config: LadderConfig,
        *,
        prior: PriorModule,
        likelihood: Likelihood,
        shape: ImageShape,
        layers: ConditionLayers,
    ) -> None:
        sizes = _sizes(config, shape)
        stages = [
            Stage(config, size, levels, channels)
            for size, levels, channels in zip(
                reversed(sizes),
                reversed(config.levels),
                [*reversed(config.channels[:-1]), likelihood.decoded_channels(shape.channels)],
                strict=True,
            )
        ]
        grids = [cast(GridLevel, level) for stage in stages for level in stage.levels]
        names = [f"z{len(grids) + 1 - place}" for place in range(len(grids) + 1)]
        shapes = [(config.top_size,), *(level.shape for level in grids)]
        space = LatentSpace(tuple(map(Level, names, shapes)))
        super().__init__(shape=shape, space=space, class_count=layers.size)
        self.smallest = sizes[-1]
        self.padding = padding(len(config.channels), shape)
        self.encoder = Encoder(config, shape.channels + layers.size, sizes, layers)
        self.prior = prior
        self.start = layers.decoder_input(config.top_size, math.prod(self.smallest))
        self.stages = nn.ModuleList(stages)
        self.likelihood = likelihood
        channels_last(self)

    @property
    def capabilities(self) -> Capabilities:
        """See `Capabilities`."""
        return Capabilities(
            name="conditional ladder VAE" if self.is_conditional else "ladder VAE",
            levels=self.space.levels,
            unit=self.likelihood.unit,
            kl_levels=tuple(each.name for each in self.space.levels if self.prior.has_density),
            has_prior=True,
            has_density=self.prior.has_density and self.likelihood.is_in_nats,
            can_sample_from_noise=self.prior.noise_size > 0,
            is_conditional=self.is_conditional,
            has_solver=self.prior.has_solver,
            prior_needs_trained_encoder=self.prior.needs_trained_encoder,
        )

    def elbo(
        self, x: Images, labels: Labels | None, source: Source, request: TermsRequest
    ) -> Terms:
        """See `LatentVariableModel.elbo`."""
        condition = self.condition(labels, x)
        features, top = self._encoded(x, condition)
        found = self._inferred(
            features, top, condition, lambda gaussian, _: gaussian.sample(source)
        )
        log_weights = None
        if request.importance_draws:
            noise = self.importance_noise(x, request.importance_draws, source)
            weights = self.importance_weights(x, (condition, top, *features), noise)
            log_weights = weights.log_weights
        return Terms(
            reconstruction=-self.likelihood.log_prob(x, found.decoded).flatten(1).sum(1),
            kl=self._kl(found, condition) if self.prior.has_density else {},
            auxiliary={},
            z=self.space.from_flat(found.flat()),
            log_weights=log_weights,
            prior_sample=(
                self.sample_prior(len(x), source, labels) if request.prior_sample else None
            ),
        )

    def _encoded(
        self, x: Images, condition: Float[Tensor, "B K"]
    ) -> tuple[Features, Float[Tensor, "B T2"]]:
        encoded: tuple[Features, Tensor] = self.encoder(functional.pad(x, self.padding), condition)
        return encoded

    def _inferred(
        self,
        features: Features,
        top: Float[Tensor, "B T2"],
        condition: Float[Tensor, "B K"],
        draw: Draw,
    ) -> Inferred:
        """Every level given those before it."""
        posteriors, priors = [DiagonalGaussian.from_encoded(top)], list[DiagonalGaussian]()
        z = [draw(posteriors[0], 0)]
        h = self._start(z[0], condition)
        for stage, of_image in zip(self._stages, reversed(features), strict=True):
            for level in cast(Iterable[GridLevel], stage.levels):
                priors.append(level.prior_of(h))
                posteriors.append(level.posterior_of(h, of_image, priors[-1]))
                z.append(draw(posteriors[-1], len(z)))
                h = level.merged(h, z[-1])
            h = stage(h)
        return Inferred(z, posteriors, priors, self._cropped(h))

    def _kl(self, found: Inferred, condition: Float[Tensor, "B K"]) -> dict[str, Tensor]:
        """By level."""
        top, *grids = found.posteriors
        kl = [
            self._prior().kl(top, found.z[0], condition),
            *(gaussian_kl(*q, *p) for q, p in zip(grids, found.grid_priors, strict=True)),
        ]
        return dict(zip(self.capabilities.kl_levels, kl, strict=True))

    def _log_ratio(self, found: Inferred, condition: Float[Tensor, "B K"]) -> Float[Tensor, " B"]:
        """log q(z|x,y) - log p(z|y), of all levels together."""
        of_priors = [
            self._prior().log_prob(found.z[0], condition),
            *(p.log_prob(z).sum(1) for p, z in zip(found.grid_priors, found.z[1:], strict=True)),
        ]
        of_posteriors = [
            q.log_prob(z).sum(1) for q, z in zip(found.posteriors, found.z, strict=True)
        ]
        return (torch.stack(of_posteriors) - torch.stack(of_priors)).sum(0)

    def _generated(
        self, z: Float[Tensor, "B T"], condition: Float[Tensor, "B K"], draw: Draw
    ) -> tuple[list[Tensor], Tensor]:
        """Latent variables of all levels below `z` by `draw`, and the decoder's output."""
        codes = [z]
        h = self._start(z, condition)
        for stage in self._stages:
            for level in cast(Iterable[GridLevel], stage.levels):
                codes.append(draw(level.prior_of(h), len(codes)))
                h = level.merged(h, codes[-1])
            h = stage(h)
        return codes, self._cropped(h)

    @property
    def _stages(self) -> Iterable[Stage]:
        return cast(Iterable[Stage], self.stages)

    def _start(
        self, z: Float[Tensor, "B T"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B F h w"]:
        started: Tensor = self.start(torch.cat([z, condition], 1))
        return started.view(-1, *self.smallest)

    def _cropped(self, decoded: Tensor) -> Tensor:
        cropped: Tensor = decoded[:, :, : self.shape.height, : self.shape.width]
        return cropped

    def _prior(self) -> Prior:
        return self.prior.given_encoder(
            lambda x: DiagonalGaussian.from_encoded(self._encoded(x, x.new_empty(len(x), 0))[1])
        )

    def encode(self, x: Images, labels: Labels | None = None) -> Latents:
        """The mean of each level's posterior at the means of the levels before it."""
        condition = self.condition(labels, x)
        features, top = self._encoded(x, condition)
        found = self._inferred(features, top, condition, lambda gaussian, _: gaussian.mean)
        return self.space.from_flat(found.flat())

    def decode_condition(self, z: Float[Tensor, "B D"], condition: Float[Tensor, "B K"]) -> Images:
        """See `LatentVariableModel.decode_condition`."""
        return self.likelihood.mean(self._decoded(with_condition(z, condition)))

    def _decoded(self, code: Float[Tensor, "B DK"]) -> Tensor:
        """The decoder's output, of flat code and condition side by side."""
        z, condition = code.split([self.latent_size, self.class_count], 1)
        codes = self._split(z)
        return self._generated(codes[0], condition, lambda _, place: codes[place])[1]

    def _split(self, flat: Float[Tensor, "B D"]) -> list[Tensor]:
        return list(flat.split([level.size for level in self.space.levels], 1))

    def sample_prior(
        self,
        count: int,
        source: Source,
        labels: Labels | None = None,
        options: SamplingOptions = AS_FITTED,
    ) -> Latents:
        """`count` codes, each level drawn given those before it."""
        condition = self.condition(labels, next(self.parameters()).new_empty(count, 0))
        z = self._prior().sample(count, source, condition, options)
        codes, _ = self._generated(z, condition, lambda p, _: p.sample(source, options.temperature))
        return self.space.from_flat(torch.cat(codes, 1))

    @property
    def noise_size(self) -> int:
        """See `LatentVariableModel.noise_size`."""
        grids = self.latent_size - self.space.levels[0].size
        return self.prior.noise_size and self.prior.noise_size + grids

    def code_from_noise(
        self, noise: Float[Tensor, "B M"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B D"]:
        """See `LatentVariableModel.code_from_noise`."""
        sizes = [self.prior.noise_size, *(level.size for level in self.space.levels[1:])]
        some = noise.split(sizes, 1)
        z = self._prior().from_noise(some[0], condition)
        codes, _ = self._generated(z, condition, lambda gaussian, place: gaussian.at(some[place]))
        return torch.cat(codes, 1)

    def importance_state(self, x: Images, labels: Labels | None) -> tuple[Tensor, ...]:
        """Condition, parameters of the vector's posterior, and features."""
        condition = self.condition(labels, x)
        features, top = self._encoded(x, condition)
        return condition, top, *features

    def importance_weights(
        self, x: Images, state: tuple[Tensor, ...], noise: Float[Tensor, "B S D"]
    ) -> Weights:
        """See `LatentVariableModel.importance_weights`."""
        draws = noise.shape[1]
        condition, top, *features = (each.repeat_interleave(draws, 0) for each in state)
        some = self._split(noise.flatten(0, 1))
        found = self._inferred(
            features, top, condition, lambda gaussian, place: gaussian.at(some[place])
        )
        decoded = found.decoded.unflatten(0, (-1, draws))
        log_likelihood = self.likelihood.summed_log_prob(x, decoded)
        return Weights(log_likelihood, self._log_ratio(found, condition).view_as(log_likelihood))

    def latent_coding(self) -> LatentCoding:
        """See `LatentVariableModel.latent_coding`."""

        def infer(x: Images, condition: Float[Tensor, "B K"], draw: Draw) -> Tensor:
            return self._inferred(*self._encoded(x, condition), condition, draw).flat()

        return LatentCoding(
            space=self.space,
            infer=infer,
            generate=lambda z, condition, draw: torch.cat(
                self._generated(z, condition, draw)[0], 1
            ),
            prior=self._prior(),
            decoder=self._decoded,
        )

    def prior_fitting(self) -> PriorFitting:
        """See `LatentVariableModel.prior_fitting`; only p(z_1|y) is fitted."""

        def draw(x: Images, y: Float[Tensor, "B K"], source: Source) -> Tensor:
            return DiagonalGaussian.from_encoded(self._encoded(x, y)[1]).sample(source)

        return PriorFitting(
            prior=self.prior, draw=draw, loss=lambda z, y, source: self._prior().loss(z, y, source)
        )


def _sizes(config: LadderConfig, shape: ImageShape) -> list[Size]:
    """Of the features, largest first; odd sizes are rounded up."""
    sizes = folded_sizes(len(config.channels), shape)
    return [Size(channels, *size) for channels, size in zip(config.channels, sizes, strict=True)]


def build(config: LadderConfig, shape: ImageShape, class_count: int) -> LadderVae:
    """The model that `config` describes.

    Raises:
        InputError: on an unknown part.
    """
    layers: ConditionLayers = parts.build(config.conditioning, class_count)
    context = PriorContext(latent_size=config.top_size, class_count=layers.size, shape=shape)
    return LadderVae(
        config,
        prior=parts.build(config.prior, context),
        likelihood=parts.build(config.likelihood, shape),
        shape=shape,
        layers=layers,
    )
