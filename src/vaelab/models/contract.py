"""The contract of every latent-variable model p(x, z | y), the only interface to models.

Letters in shapes: B batch, S draws, C channels, H height, W width, D numbers in the flat code,
K classes, G groups into which the KL of a level splits, M numbers of noise.
"""

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vaelab.distributions import standard_normal_like
from vaelab.errors import InputError
from vaelab.models.capabilities import Capabilities
from vaelab.models.image_shape import ImageShape
from vaelab.models.latent_coding import LatentCoding
from vaelab.models.latents import Latents, LatentSpace
from vaelab.models.likelihoods.likelihood import Likelihood
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.prior_fitting import PriorFitting
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import Source

Images = Float[Tensor, "B C H W"]
Labels = Int[Tensor, " B"]


class TermsRequest(NamedTuple):
    """What an objective needs beyond the terms of the ELBO.

    Attributes:
        importance_draws: S, number of log-weights per image.
        prior_sample: whether a code of the prior is drawn for each image.
        prior_alone: only the loss of the prior at a draw of z; nothing is decoded, and there are no
            terms of the ELBO.
    """

    importance_draws: int = 0
    prior_sample: bool = False
    prior_alone: bool = False


class Terms(NamedTuple):
    """Terms of the negative ELBO and of other objectives, per image, unreduced.

    Attributes:
        reconstruction: -log p(x|z,y) at one draw of z, summed over pixels; NaN where only the loss
            of the prior was requested.
        kl: KL(q || p) by level, in nats; empty where it is not defined.
        auxiliary: further terms by name, such as a commitment loss.
        z: the draw from the posterior.
        posterior: that z was drawn from, where it is one diagonal Gaussian.
        log_weights: (B, S), log p(x, z_i|y) - log q(z_i|x,y), where requested.
        prior_sample: codes drawn from the prior, where requested.
        prior_loss: of the prior at the draw of z, where requested.
    """

    reconstruction: Float[Tensor, " B"]
    kl: dict[str, Float[Tensor, "B G"]]
    auxiliary: dict[str, Float[Tensor, " B"]]
    z: Latents
    posterior: DiagonalGaussian | None = None
    log_weights: Float[Tensor, "B S"] | None = None
    prior_sample: Latents | None = None
    prior_loss: Float[Tensor, " B"] | None = None


class Weights(NamedTuple):
    """The two terms of an importance weight, at several draws of z for each image."""

    log_likelihood: Float[Tensor, "B S"]
    log_ratio: Float[Tensor, "B S"]

    @property
    def log_weights(self) -> Float[Tensor, "B S"]:
        """log p(x, z|y) - log q(z|x,y)."""
        return self.log_likelihood - self.log_ratio


class LatentVariableModel(nn.Module, ABC):
    """A model p(x, z | y) with an inference network.

    Attributes:
        shape: of the images.
        space: the latent space.
        class_count: K where the model is conditional, else 0.
        likelihood: p(x|z,y).
    """

    def __init__(self, *, shape: ImageShape, space: LatentSpace, class_count: int) -> None:
        super().__init__()
        self.shape = shape
        self.space = space
        self.class_count = class_count

    likelihood: Likelihood

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What the model can do."""

    @abstractmethod
    def elbo(
        self, x: Images, labels: Labels | None, source: Source, request: TermsRequest
    ) -> Terms:
        """The terms of the negative ELBO at one draw (Kingma and Welling 2014, equation 3)."""

    @abstractmethod
    def encode(self, x: Images, labels: Labels | None = None) -> Latents:
        """A point estimate of the code: the mean of the posterior where there is one."""

    @abstractmethod
    def decode_condition(self, z: Float[Tensor, "B D"], condition: Float[Tensor, "B K"]) -> Images:
        """E[x|z,y] in [0, 1], for any weights of the classes; (B, 0) stands for no label."""

    def forward(
        self,
        x: Images,
        labels: Labels | None,
        source: Source,
        request: TermsRequest = TermsRequest(),  # noqa: B008  (an immutable tuple)
    ) -> Terms:
        """See `elbo`. Wrappers for several processes and torch.compile work on this method."""
        if request.prior_alone:
            return self._prior_terms(x, labels, source)
        return self.elbo(x, labels, source, request)

    def _prior_terms(self, x: Images, labels: Labels | None, source: Source) -> Terms:
        """The loss of the prior at a draw of what it is a distribution over."""
        fitting, condition = self.prior_fitting(), self.condition(labels, x)
        z = fitting.draw(x, condition, source)
        loss = fitting.loss(z, condition, source)
        return Terms(
            reconstruction=torch.full_like(loss, math.nan),
            kl={},
            auxiliary={},
            z=Latents((z,)),
            prior_loss=loss,
        )

    @property
    def latent_size(self) -> int:
        """D, numbers in the flat code."""
        return self.space.size

    @property
    def is_conditional(self) -> bool:
        """Whether the model requires a label."""
        return self.class_count > 0

    def decode(self, z: Latents | Float[Tensor, "B D"], labels: Labels | None = None) -> Images:
        """E[x|z,y] in [0, 1], of codes by level or flat."""
        flat = z.flat() if isinstance(z, Latents) else z
        return self.decode_condition(flat, self.condition(labels, flat))

    def reconstruct(self, x: Images, labels: Labels | None = None) -> Images:
        """The image decoded at the point estimate of its code."""
        return self.decode(self.encode(x, labels), labels)

    def sample(
        self,
        count: int,
        source: Source,
        labels: Labels | None = None,
        options: SamplingOptions = AS_FITTED,
    ) -> Images:
        """E[x|z,y] at `count` draws of z from the prior.

        Raises:
            InputError: if the model has no prior, or not these options.
        """
        options.require(self.capabilities)
        return self.decode(self.sample_prior(count, source, labels, options), labels)

    def sample_prior(
        self,
        count: int,
        source: Source,
        labels: Labels | None = None,
        options: SamplingOptions = AS_FITTED,
    ) -> Latents:
        """`count` codes drawn from the prior.

        Raises:
            InputError: if the model has no prior.
        """
        raise InputError(
            f"{self.capabilities.name} has no prior to sample from; train a VAE, such as mlp-vae, "
            "or fit a prior to this run: vaelab fit-prior RUN --prior gmm"
        )

    def interpolate(
        self, start: Images, end: Images, steps: int, labels: Labels | None = None
    ) -> Float[Tensor, "B S C H W"]:
        """Decoded codes on the straight line between those of two images, both included."""
        codes = torch.lerp(
            self.encode(start, labels).flat().unsqueeze(1),
            self.encode(end, labels).flat().unsqueeze(1),
            torch.linspace(0, 1, steps, device=start.device).view(1, -1, 1),
        )
        repeated = None if labels is None else labels.repeat_interleave(steps)
        return self.decode(codes.flatten(0, 1), repeated).view(len(start), steps, *start.shape[1:])

    def prior_moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]] | None:
        """Mean and variance of each number of the flat code under the prior, where known."""
        return None

    def prior_log_prob(
        self, z: Float[Tensor, "B D"], labels: Labels | None = None
    ) -> Float[Tensor, " B"]:
        """log p(z|y) of flat codes.

        Raises:
            InputError: if the prior has no density.
        """
        raise InputError(f"{self.capabilities.name} has no prior with a density over flat codes")

    def posterior(self, x: Images, labels: Labels | None = None) -> DiagonalGaussian | None:
        """q(z|x,y) over the flat code, where it is one diagonal Gaussian."""
        return None

    def kl_per_dimension(
        self, x: Images, labels: Labels | None = None
    ) -> Float[Tensor, "B D"] | None:
        """KL of each dimension of the posterior to a Gaussian with the prior's moments, in nats.

        For N(0, I) these are the terms of the KL. For another prior, whose KL is no sum over
        dimensions, they compare dimensions on one scale. None without a Gaussian posterior.
        """
        return None

    @property
    def noise_size(self) -> int:
        """M, standard normal numbers that `code_from_noise` takes for one code."""
        return 0

    def code_from_noise(
        self, noise: Float[Tensor, "B M"], condition: Float[Tensor, "B K"]
    ) -> Float[Tensor, "B D"]:
        """Flat codes of the prior as a function of standard normal noise."""
        raise InputError(f"{self.capabilities.name} has no prior that maps noise to codes")

    def importance_state(self, x: Images, labels: Labels | None) -> tuple[Tensor, ...]:
        """What `importance_weights` needs of images: tensors (B, ...), computed once per image."""
        raise InputError(f"{self.capabilities.name} has no bound on log p(x)")

    @property
    def importance_noise_size(self) -> int:
        """Standard normal numbers that one draw of z from the posterior takes."""
        return self.latent_size

    def importance_noise(self, x: Images, draws: int, source: Source) -> Float[Tensor, "B S M"]:
        """Standard normal numbers for `draws` draws of z from the posterior of each image."""
        return standard_normal_like(x.new_empty(len(x), draws, self.importance_noise_size), source)

    def importance_weights(
        self, x: Images, state: tuple[Tensor, ...], noise: Float[Tensor, "B S M"]
    ) -> Weights:
        """log p(x|z,y) and log q(z|x,y) - log p(z|y) at the draws of z that `noise` gives."""
        raise InputError(f"{self.capabilities.name} has no bound on log p(x)")

    def latent_coding(self) -> LatentCoding:
        """How an entropy coder codes z; the present prior is computed once, here.

        Raises:
            InputError: if the latent variables have no such coding.
        """
        raise InputError(f"{self.capabilities.name} has no coding of its latent variables")

    def condition(self, labels: Labels | None, like: Tensor) -> Float[Tensor, "B K"]:
        """One-hot labels for a conditional model, nothing (B, 0) for any other.

        Raises:
            InputError: if a conditional model is given no labels.
        """
        if not self.is_conditional:
            return like.new_empty(like.shape[0], 0)
        if labels is None:
            raise InputError("a conditional model needs a label for each image")
        return functional.one_hot(labels, self.class_count).to(like.dtype)

    def prior_fitting(self) -> PriorFitting:
        """How the prior is fitted to codes.

        Raises:
            InputError: if the model has no prior that can be fitted.
        """
        raise InputError(f"{self.capabilities.name} has no prior that can be fitted to codes")
