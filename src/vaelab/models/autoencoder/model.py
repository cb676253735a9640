"""The deterministic autoencoder: the encoder's output is the code.

It has no prior until one is fitted to its codes (Ghosh et al. 2020, arXiv:1903.12436).

Letters in shapes: B batch, N images, C channels, H height, W width, D latent dimensions, K classes,
M numbers of noise.
"""

from jaxtyping import Float
from torch import Tensor, nn

from vaelab import parts
from vaelab.arithmetic import full_precision
from vaelab.errors import InputError
from vaelab.models.autoencoder.config import AutoencoderConfig
from vaelab.models.capabilities import Capabilities, Level
from vaelab.models.condition_layers import ConditionLayers, with_condition
from vaelab.models.contract import (
    Images,
    Labels,
    LatentVariableModel,
    Terms,
    TermsRequest,
)
from vaelab.models.image_shape import ImageShape
from vaelab.models.latents import Latents, LatentSpace
from vaelab.models.likelihoods.likelihood import Likelihood
from vaelab.models.prior_fitting import PriorFitting
from vaelab.models.priors.prior import Prior, PriorContext
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import Source


class Autoencoder(LatentVariableModel):
    """Encoder, decoder, the likelihood that measures reconstructions, and perhaps a prior."""

    def __init__(
        self,
        *,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        shape: ImageShape,
        latent_size: int,
        class_count: int = 0,
        prior: Prior | None = None,
    ) -> None:
        space = LatentSpace((Level("z", (latent_size,)),))
        super().__init__(shape=shape, space=space, class_count=class_count)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.prior = prior

    @property
    def capabilities(self) -> Capabilities:
        """See `Capabilities`."""
        return Capabilities(
            name="conditional autoencoder" if self.is_conditional else "autoencoder",
            levels=self.space.levels,
            unit=self.likelihood.unit,
            has_prior=self.prior is not None,
            has_prior_moments=self.prior is not None and self.prior.has_moments,
            can_sample_from_noise=self.noise_size > 0,
            is_conditional=self.is_conditional,
            has_solver=self.prior is not None and self.prior.has_solver,
            prior_needs_trained_encoder=self.prior is not None,
        )

    def elbo(
        self, x: Images, labels: Labels | None, source: Source, request: TermsRequest
    ) -> Terms:
        """The reconstruction alone; nothing is drawn."""
        condition = self.condition(labels, x)
        z = self._code(x, condition)
        decoded = self.decoder(with_condition(z, condition))
        reconstruction = -self.likelihood.log_prob(x, decoded).flatten(1).sum(1)
        return Terms(reconstruction=reconstruction, kl={}, auxiliary={}, z=Latents((z,)))

    def _code(self, x: Images, condition: Float[Tensor, "B K"]) -> Float[Tensor, "B D"]:
        code: Tensor = full_precision(self.encoder(x, condition))
        return code

    def encode(self, x: Images, labels: Labels | None = None) -> Latents:
        """The code."""
        return Latents((self._code(x, self.condition(labels, x)),))

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
        """See `LatentVariableModel.sample_prior`."""
        if self.prior is None:
            return super().sample_prior(count, source, labels, options)
        like = next(self.decoder.parameters()).new_empty(count, 0)
        condition = self.condition(labels, like)
        return Latents((self.prior.sample(count, source, condition, options),))

    def prior_moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]] | None:
        """See `LatentVariableModel.prior_moments`."""
        return None if self.prior is None or not self.prior.has_moments else self.prior.moments()

    @property
    def noise_size(self) -> int:
        """See `LatentVariableModel.noise_size`."""
        return 0 if self.prior is None else self.prior.noise_size

    def code_from_noise(
        self, noise: Float[Tensor, "B M"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B D"]:
        """See `LatentVariableModel.code_from_noise`."""
        if self.prior is None:
            return super().code_from_noise(noise, condition)
        return self.prior.from_noise(noise, condition)

    def prior_fitting(self) -> PriorFitting:
        """See `LatentVariableModel.prior_fitting`."""
        if self.prior is None:
            return super().prior_fitting()
        return PriorFitting(
            prior=self.prior,
            draw=lambda x, condition, _source: self._code(x, condition),
            loss=self.prior.loss,
        )


def build(config: AutoencoderConfig, shape: ImageShape, class_count: int) -> Autoencoder:
    """The model that `config` describes.

    Raises:
        InputError: on an unknown part, or parts that do not fit together.
    """
    layers: ConditionLayers = parts.build(config.conditioning, class_count)
    network = parts.build(config.network, shape, layers)
    likelihood: Likelihood = parts.build(config.likelihood, shape)
    prior = None
    if config.prior is not None:
        context = PriorContext(latent_size=config.latent_size, class_count=layers.size, shape=shape)
        prior = parts.build(config.prior, context)
        if prior.needs_posterior:
            raise InputError(
                f"model.prior={config.prior.kind} is made of posteriors, which an autoencoder has "
                "not; set another prior, such as model.prior=gmm, or train a VAE"
            )
    return Autoencoder(
        encoder=network.encoder(config.latent_size),
        decoder=network.decoder(config.latent_size, likelihood.decoded_channels(shape.channels)),
        likelihood=likelihood,
        shape=shape,
        latent_size=config.latent_size,
        class_count=layers.size,
        prior=prior,
    )
