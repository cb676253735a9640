"""The VAE: one vector of latent variables with a diagonal Gaussian posterior.

    encoder -> posterior q(z|x,y)      prior p(z|y)      decoder -> likelihood p(x|z,y)

Letters in shapes: B batch, S draws, C channels, H height, W width, D latent dimensions, K classes,
G groups into which the KL splits, M numbers of noise.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vaelab import parts
from vaelab.distributions import gaussian_kl
from vaelab.errors import InputError
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
from vaelab.models.gaussian.auxiliary_classifier import AuxiliaryClassifier
from vaelab.models.gaussian.config import VaeConfig
from vaelab.models.image_shape import ImageShape
from vaelab.models.latent_coding import LatentCoding
from vaelab.models.latents import Latents, LatentSpace
from vaelab.models.likelihoods.likelihood import Likelihood
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.prior_fitting import PriorFitting
from vaelab.models.priors.prior import Prior, PriorContext, PriorModule
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import Source, drawn


class GaussianVae(LatentVariableModel):
    """Encoder, prior, decoder and likelihood.

    Args:
        encoder: images and condition to means and log-variances (B, 2 D).
        prior: p(z|y).
        decoder: code and condition side by side to unbounded pixels.
        likelihood: p(x|z,y).
        shape: of the images.
        latent_size: D.
        class_count: K where the model is conditional, else 0.
        auxiliary_classifier: trained with a conditional model; None for most models.
    """

    def __init__(
        self,
        *,
        encoder: nn.Module,
        prior: PriorModule,
        decoder: nn.Module,
        likelihood: Likelihood,
        shape: ImageShape,
        latent_size: int,
        class_count: int = 0,
        auxiliary_classifier: AuxiliaryClassifier | None = None,
    ) -> None:
        space = LatentSpace((Level("z", (latent_size,)),))
        super().__init__(shape=shape, space=space, class_count=class_count)
        self.encoder = encoder
        self.prior = prior
        self.decoder = decoder
        self.likelihood = likelihood
        self.auxiliary_classifier = auxiliary_classifier

    @property
    def capabilities(self) -> Capabilities:
        """See `Capabilities`."""
        return Capabilities(
            name="conditional VAE" if self.is_conditional else "VAE",
            levels=self.space.levels,
            unit=self.likelihood.unit,
            kl_levels=("z",) if self.prior.has_density else (),
            has_prior=True,
            has_density=self.prior.has_density and self.likelihood.is_in_nats,
            has_gaussian_posterior=True,
            has_prior_moments=self.prior.has_moments,
            kl_by_dimension=self.prior.splits_kl or self.prior.has_moments,
            splits_kl=self.prior.splits_kl,
            has_auxiliary_terms=self.auxiliary_classifier is not None,
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
        posterior = self._posterior(x, condition)
        z = posterior.sample(source)
        decoded = self.decoder(with_condition(z, condition))
        reconstruction = -self.likelihood.log_prob(x, decoded).flatten(1).sum(1)
        prior = self._prior()
        kl = {"z": prior.kl(posterior, z, condition)} if prior.has_density else {}
        auxiliary = self._auxiliary(x, labels, source)
        log_weights = None
        if request.importance_draws:
            noise = self.importance_noise(x, request.importance_draws, source)
            weights = self._weights(x, condition, posterior, prior, noise)
            log_weights = weights.log_weights
        drawn_codes = prior.sample(len(x), source, condition) if request.prior_sample else None
        return Terms(
            reconstruction=reconstruction,
            kl=kl,
            auxiliary=auxiliary,
            z=Latents((z,)),
            posterior=posterior,
            log_weights=log_weights,
            prior_sample=None if drawn_codes is None else Latents((drawn_codes,)),
        )

    def _posterior(self, x: Images, condition: Float[Tensor, "B K"]) -> DiagonalGaussian:
        return DiagonalGaussian.from_encoded(self.encoder(x, condition))

    def _prior(self) -> Prior:
        return self.prior.given_encoder(lambda x: self._posterior(x, x.new_empty(x.shape[0], 0)))

    def _auxiliary(self, x: Images, labels: Labels | None, source: Source) -> dict[str, Tensor]:
        """Cross-entropy of the auxiliary classifier on these images and on as many samples."""
        if self.auxiliary_classifier is None or labels is None or not self.training:
            return {}
        device = labels.device
        requested = drawn(
            len(x),
            source,
            lambda n, g: torch.randint(self.class_count, (n,), generator=g, device=device),
        )
        generated = self.sample(len(x), source, requested).to(x.dtype)
        loss = self.auxiliary_classifier.cross_entropy(x, labels, generated, requested)
        return {"auxiliary_cross_entropy": loss}

    def encode(self, x: Images, labels: Labels | None = None) -> Latents:
        """The posterior's mean."""
        return Latents((self.posterior(x, labels).mean,))

    def posterior(self, x: Images, labels: Labels | None = None) -> DiagonalGaussian:
        """q(z|x,y)."""
        return self._posterior(x, self.condition(labels, x))

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
        """`count` codes drawn from the prior."""
        like = next(self.decoder.parameters()).new_empty(count, 0)
        condition = self.condition(labels, like)
        return Latents((self._prior().sample(count, source, condition, options),))

    def prior_moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]] | None:
        """See `LatentVariableModel.prior_moments`."""
        return self._prior().moments() if self.prior.has_moments else None

    def prior_log_prob(
        self, z: Float[Tensor, "B D"], labels: Labels | None = None
    ) -> Float[Tensor, " B"]:
        """See `LatentVariableModel.prior_log_prob`."""
        return self._prior().log_prob(z, self.condition(labels, z))

    def kl_per_dimension(
        self, x: Images, labels: Labels | None = None
    ) -> Float[Tensor, "B D"] | None:
        """See `LatentVariableModel.kl_per_dimension`."""
        posterior, moments = self.posterior(x, labels), self.prior_moments()
        if self.prior.splits_kl:
            return self._prior().kl(posterior, posterior.mean, self.condition(labels, x))
        if moments is None:
            return None
        mean, variance = (each.expand_as(posterior.mean) for each in moments)
        return gaussian_kl(posterior.mean, posterior.log_variance, mean, variance.log())

    @property
    def noise_size(self) -> int:
        """See `LatentVariableModel.noise_size`."""
        return self.prior.noise_size

    def code_from_noise(
        self, noise: Float[Tensor, "B M"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B D"]:
        """See `LatentVariableModel.code_from_noise`."""
        return self._prior().from_noise(noise, condition)

    def importance_state(self, x: Images, labels: Labels | None) -> tuple[Tensor, ...]:
        """Condition, means and log-variances."""
        condition = self.condition(labels, x)
        return condition, *self._posterior(x, condition)

    def importance_weights(
        self, x: Images, state: tuple[Tensor, ...], noise: Float[Tensor, "B S D"]
    ) -> Weights:
        """See `LatentVariableModel.importance_weights`."""
        condition, mean, log_variance = state
        posterior = DiagonalGaussian(mean, log_variance)
        return self._weights(x, condition, posterior, self._prior(), noise)

    def _weights(
        self,
        x: Images,
        condition: Float[Tensor, "B K"],
        posterior: DiagonalGaussian,
        prior: Prior,
        noise: Float[Tensor, "B S D"],
    ) -> Weights:
        draws = noise.shape[1]
        repeated = posterior.repeated(draws)
        conditions = condition.repeat_interleave(draws, 0)
        z = repeated.at(noise.flatten(0, 1))
        log_ratio = repeated.log_prob(z).sum(1) - prior.log_prob(z, conditions)
        decoded = self.decoder(torch.cat([z, conditions], 1))
        log_likelihood = self.likelihood.summed_log_prob(x, decoded.unflatten(0, (-1, draws)))
        return Weights(log_likelihood, log_ratio.view_as(log_likelihood))

    def latent_coding(self) -> LatentCoding:
        """See `LatentVariableModel.latent_coding`."""
        return LatentCoding(
            space=self.space,
            infer=lambda x, condition, draw: draw(self._posterior(x, condition), 0),
            generate=lambda z, _condition, _draw: z,
            prior=self._prior(),
            decoder=self.decoder,
        )

    def prior_fitting(self) -> PriorFitting:
        """See `LatentVariableModel.prior_fitting`."""
        return PriorFitting(
            prior=self.prior,
            draw=lambda x, condition, source: self._posterior(x, condition).sample(source),
            loss=lambda z, condition, source: self._prior().loss(z, condition, source),
        )


def build(config: VaeConfig, shape: ImageShape, class_count: int) -> GaussianVae:
    """The model that `config` describes.

    Raises:
        InputError: on an unknown part, or parts that do not fit together.
    """
    layers: ConditionLayers = parts.build(config.conditioning, class_count)
    network = parts.build(config.network, shape, layers)
    likelihood: Likelihood = parts.build(config.likelihood, shape)
    context = PriorContext(latent_size=config.latent_size, class_count=layers.size, shape=shape)
    if config.auxiliary_classifier and min(shape.height, shape.width) < 4:
        raise InputError("the auxiliary classifier needs images of at least 4 x 4 pixels")
    return GaussianVae(
        encoder=network.encoder(2 * config.latent_size),
        prior=parts.build(config.prior, context),
        decoder=network.decoder(config.latent_size, likelihood.decoded_channels(shape.channels)),
        likelihood=likelihood,
        shape=shape,
        latent_size=config.latent_size,
        class_count=layers.size,
        auxiliary_classifier=(
            AuxiliaryClassifier(shape, layers.size) if config.auxiliary_classifier else None
        ),
    )
