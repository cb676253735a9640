"""A VAE with two levels of Gaussian latent variables.

    q(z2|x,y) q(z1|x,z2,y)          p(z2|y) p(z1|z2) p(x|z1,z2,y)

The order of inference is that of generation (top-down), as in Sonderby et al. 2016
(arXiv:1602.02282).

Letters in shapes: B batch, S draws, U dimensions of z2, L dimensions of z1, D = U + L, K classes,
F features, C channels, H height, W width.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

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
from vaelab.models.hierarchical.config import HierarchicalConfig
from vaelab.models.image_shape import ImageShape
from vaelab.models.latent_coding import Draw, LatentCoding
from vaelab.models.latents import Latents, LatentSpace
from vaelab.models.likelihoods.likelihood import Likelihood
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.prior_fitting import PriorFitting
from vaelab.models.priors.prior import Prior, PriorContext, PriorModule
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import Source


class HierarchicalVae(LatentVariableModel):
    """Two levels, z2 far from the image and z1 next to it.

    Args:
        encoder: images and condition to features (B, F).
        upper: features to parameters of q(z2|x,y), (B, 2 U).
        lower: features and z2 to parameters of q(z1|x,z2,y), (B, 2 L).
        prior: p(z2|y).
        lower_prior: z2 to parameters of p(z1|z2), (B, 2 L).
        decoder: z2, z1 and condition side by side to unbounded pixels.
        likelihood: p(x|z1,z2,y).
        shape: of the images.
        sizes: U and L.
        class_count: K where the model is conditional, else 0.
    """

    def __init__(
        self,
        *,
        encoder: nn.Module,
        upper: nn.Module,
        lower: nn.Module,
        prior: PriorModule,
        lower_prior: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        shape: ImageShape,
        sizes: tuple[int, int],
        class_count: int = 0,
    ) -> None:
        space = LatentSpace((Level("z2", (sizes[0],)), Level("z1", (sizes[1],))))
        super().__init__(shape=shape, space=space, class_count=class_count)
        self.encoder = encoder
        self.upper = upper
        self.lower = lower
        self.prior = prior
        self.lower_prior = lower_prior
        self.decoder = decoder
        self.likelihood = likelihood
        self.sizes = sizes

    @property
    def capabilities(self) -> Capabilities:
        """See `Capabilities`."""
        return Capabilities(
            name="conditional two-level VAE" if self.is_conditional else "two-level VAE",
            levels=self.space.levels,
            unit=self.likelihood.unit,
            kl_levels=("z2", "z1") if self.prior.has_density else (),
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
        features = self.encoder(x, condition)
        q2 = self._upper(features)
        z2 = q2.sample(source)
        q1, p1 = self._lower(features, z2), self._lower_prior(z2)
        z1 = q1.sample(source)
        flat = torch.cat([z2, z1], 1)
        decoded = self.decoder(with_condition(flat, condition))
        log_weights = None
        if request.importance_draws:
            noise = self.importance_noise(x, request.importance_draws, source)
            weights = self._weights(x, features, condition, noise)
            log_weights = weights.log_weights
        return Terms(
            reconstruction=-self.likelihood.log_prob(x, decoded).flatten(1).sum(1),
            kl=self._kl(q2, z2, condition, gaussian_kl(*q1, *p1)),
            auxiliary={},
            z=Latents((z2, z1)),
            log_weights=log_weights,
            prior_sample=(
                self.sample_prior(x.shape[0], source, labels) if request.prior_sample else None
            ),
        )

    def _kl(
        self,
        q2: DiagonalGaussian,
        z2: Float[Tensor, "B U"],
        condition: Float[Tensor, "B K"],
        lower: Float[Tensor, "B L"],
    ) -> dict[str, Tensor]:
        """By level; empty where the prior of z2 has no density."""
        if not self.prior.has_density:
            return {}
        return {"z2": self._prior().kl(q2, z2, condition), "z1": lower}

    def _prior(self) -> Prior:
        return self.prior.given_encoder(
            lambda x: self._upper(self.encoder(x, x.new_empty(len(x), 0)))
        )

    def _upper(self, features: Float[Tensor, "B F"]) -> DiagonalGaussian:
        return DiagonalGaussian.from_encoded(self.upper(features))

    def _lower(self, features: Float[Tensor, "B F"], z2: Float[Tensor, "B U"]) -> DiagonalGaussian:
        inputs = torch.cat([features, z2], 1)
        return DiagonalGaussian.from_encoded(self.lower(inputs))

    def _lower_prior(self, z2: Float[Tensor, "B U"]) -> DiagonalGaussian:
        return DiagonalGaussian.from_encoded(self.lower_prior(z2))

    def encode(self, x: Images, labels: Labels | None = None) -> Latents:
        """The mean of q(z2|x,y), and the mean of q(z1|x,z2,y) at that z2."""
        features = self.encoder(x, self.condition(labels, x))
        z2 = self._upper(features).mean
        return Latents((z2, self._lower(features, z2).mean))

    def decode_condition(self, z: Float[Tensor, "B D"], condition: Float[Tensor, "B K"]) -> Images:
        """See `LatentVariableModel.decode_condition`."""
        return self.likelihood.mean(self.decoder(with_condition(z, condition)))

    def sample_prior(
        self,
        count: int,
        source: Source,
        labels: Labels | None = None,
        options: SamplingOptions = AS_FITTED,
    ) -> Latents:
        """`count` codes, z2 from its prior and z1 from p(z1|z2)."""
        like = next(self.decoder.parameters()).new_empty(count, 0)
        z2 = self._prior().sample(count, source, self.condition(labels, like), options)
        return Latents((z2, self._lower_prior(z2).sample(source, options.temperature)))

    @property
    def noise_size(self) -> int:
        """See `LatentVariableModel.noise_size`."""
        return self.prior.noise_size and self.prior.noise_size + self.sizes[1]

    def code_from_noise(
        self, noise: Float[Tensor, "B M"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B D"]:
        """See `LatentVariableModel.code_from_noise`."""
        upper_noise, lower_noise = noise.split([self.prior.noise_size, self.sizes[1]], 1)
        z2 = self._prior().from_noise(upper_noise, condition)
        return torch.cat([z2, self._lower_prior(z2).at(lower_noise)], 1)

    def importance_state(self, x: Images, labels: Labels | None) -> tuple[Tensor, ...]:
        """Features and condition."""
        condition = self.condition(labels, x)
        return self.encoder(x, condition), condition

    def importance_weights(
        self, x: Images, state: tuple[Tensor, ...], noise: Float[Tensor, "B S D"]
    ) -> Weights:
        """See `LatentVariableModel.importance_weights`."""
        features, condition = state
        return self._weights(x, features, condition, noise)

    def latent_coding(self) -> LatentCoding:
        """See `LatentVariableModel.latent_coding`."""

        def infer(x: Images, condition: Float[Tensor, "B K"], draw: Draw) -> Tensor:
            features = self.encoder(x, condition)
            z2 = draw(self._upper(features), 0)
            return torch.cat([z2, draw(self._lower(features, z2), 1)], 1)

        return LatentCoding(
            space=self.space,
            infer=infer,
            generate=lambda z2, _, draw: torch.cat([z2, draw(self._lower_prior(z2), 1)], 1),
            prior=self._prior(),
            decoder=self.decoder,
        )

    def prior_fitting(self) -> PriorFitting:
        """See `LatentVariableModel.prior_fitting`; only p(z2|y) is fitted."""
        return PriorFitting(
            prior=self.prior,
            draw=lambda x, y, source: self._upper(self.encoder(x, y)).sample(source),
            loss=lambda z2, y, source: self._prior().loss(z2, y, source),
        )

    def _weights(
        self,
        x: Images,
        features: Float[Tensor, "B F"],
        condition: Float[Tensor, "B K"],
        noise: Float[Tensor, "B S D"],
    ) -> Weights:
        draws = noise.shape[1]
        features, condition = (each.repeat_interleave(draws, 0) for each in (features, condition))
        upper_noise, lower_noise = noise.flatten(0, 1).split(self.sizes, 1)
        q2 = self._upper(features)
        z2 = q2.at(upper_noise)
        q1, p1 = self._lower(features, z2), self._lower_prior(z2)
        z1 = q1.at(lower_noise)
        log_ratio = q2.log_prob(z2).sum(1) - self._prior().log_prob(z2, condition)
        log_ratio = log_ratio + (q1.log_prob(z1) - p1.log_prob(z1)).sum(1)
        decoded = self.decoder(torch.cat([z2, z1, condition], 1))
        log_likelihood = self.likelihood.summed_log_prob(x, decoded.unflatten(0, (-1, draws)))
        return Weights(log_likelihood, log_ratio.view_as(log_likelihood))


def _two_layers(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, outputs))


def build(config: HierarchicalConfig, shape: ImageShape, class_count: int) -> HierarchicalVae:
    """The model that `config` describes.

    Raises:
        InputError: on an unknown part.
    """
    layers: ConditionLayers = parts.build(config.conditioning, class_count)
    network = parts.build(config.network, shape, layers)
    likelihood: Likelihood = parts.build(config.likelihood, shape)
    upper, lower, width = config.upper_size, config.lower_size, config.width
    context = PriorContext(latent_size=upper, class_count=layers.size, shape=shape)
    return HierarchicalVae(
        encoder=network.encoder(width),
        upper=nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * upper)),
        lower=_two_layers(width + upper, width, 2 * lower),
        prior=parts.build(config.prior, context),
        lower_prior=_two_layers(upper, width, 2 * lower),
        decoder=network.decoder(upper + lower, likelihood.decoded_channels(shape.channels)),
        likelihood=likelihood,
        shape=shape,
        sizes=(upper, lower),
        class_count=layers.size,
    )
