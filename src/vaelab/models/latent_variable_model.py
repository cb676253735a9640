"""The one composition that every model here is.

    encoder -> posterior q(z|x,y)      prior p(z)      decoder -> likelihood p(x|z,y)

Letters in shapes: B batch, C channels, H height, W width, D latent dimensions, K classes,
G groups between which the KL splits.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vaelab.errors import InputError
from vaelab.models.auxiliary_classifier import AuxiliaryClassifier
from vaelab.models.likelihoods import Likelihood
from vaelab.models.networks import ImageShape
from vaelab.models.networks.contract import with_condition
from vaelab.models.posteriors import Delta, DiagonalGaussian
from vaelab.models.priors import Prior
from vaelab.randomness import Source, drawn

Images = Float[Tensor, "B C H W"]
Labels = Int[Tensor, " B"]


class Terms(NamedTuple):
    """What the objective is made of, per example, unreduced.

    Attributes:
        log_likelihood: log p(x|z,y) of each pixel at one draw of z.
        kl: of the posterior to the prior, in nats; zeros without a prior.
        posterior: that z was drawn from.
        auxiliary_cross_entropy: -log q(y|x) by the auxiliary classifier, of real and of generated
            images; None where the model has none, and outside of training.
    """

    log_likelihood: Float[Tensor, "B C H W"]
    kl: Float[Tensor, "B G"]
    posterior: DiagonalGaussian | Delta
    auxiliary_cross_entropy: Float[Tensor, " B"] | None


class LatentVariableModel(nn.Module):
    """Encoder, posterior, prior, decoder and likelihood put process_group.

    Attributes:
        shape: of the images.
        latent_size: D.
        class_count: K where the model is conditional, else 0.
        prior: None for a deterministic autoencoder, from which nothing can be sampled.
        auxiliary_classifier: trained beside a conditional model; None for most models.
    """

    def __init__(
        self,
        *,
        encoder: nn.Module,
        posterior: Callable[[Tensor], DiagonalGaussian | Delta],
        prior: Prior | None,
        decoder: nn.Module,
        likelihood: Likelihood,
        shape: ImageShape,
        latent_size: int,
        class_count: int,
        auxiliary_classifier: AuxiliaryClassifier | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.posterior_of = posterior
        self.prior = prior
        self.decoder = decoder
        self.likelihood = likelihood
        self.shape = shape
        self.latent_size = latent_size
        self.class_count = class_count
        self.auxiliary_classifier = auxiliary_classifier

    @property
    def is_conditional(self) -> bool:
        """Whether encoder and decoder are given the label."""
        return self.class_count > 0

    def forward(self, x: Images, labels: Labels | None, source: Source) -> Terms:
        """The terms of the bound at one draw (Kingma and Welling 2014, equation 3)."""
        condition = self.condition(labels, x)
        # Networks may compute in half precision; what is summed and exponentiated may not.
        posterior = self.posterior_of(self.encoder(x, condition).to(x.dtype))
        z = posterior.sample(source)
        decoded = self.decoder(with_condition(z, condition)).to(x.dtype)
        return Terms(
            self.likelihood.log_prob(x, decoded),
            self.kl(posterior, z),
            posterior,
            self._misread(x, labels, source),
        )

    def _misread(self, x: Images, labels: Labels | None, source: Source) -> Tensor | None:
        """What the class reader misreads of these images, and of as many new ones."""
        if self.auxiliary_classifier is None or labels is None or not self.training:
            return None
        device = labels.device
        asked = drawn(
            len(x),
            source,
            lambda n, g: torch.randint(self.class_count, (n,), generator=g, device=device),
        )
        made = self.sample(len(x), source, asked).to(x.dtype)
        return self.auxiliary_classifier.misread(x, labels, made, asked)

    def kl(
        self, posterior: DiagonalGaussian | Delta, z: Float[Tensor, "B D"]
    ) -> Float[Tensor, "B G"]:
        """KL of the posterior to the prior; zeros without a prior."""
        if self.prior is None or isinstance(posterior, Delta):
            return torch.zeros_like(z)
        return self.prior.kl(posterior, z)

    def encode(self, x: Images, labels: Labels | None = None) -> DiagonalGaussian | Delta:
        """q(z|x), or q(z|x,y) where the model is conditional."""
        return self.posterior_of(self.encoder(x, self.condition(labels, x)))

    def decode(self, z: Float[Tensor, "B D"], labels: Labels | None = None) -> Images:
        """E[x|z] or E[x|z,y], in [0, 1]."""
        return self.decode_condition(z, self.condition(labels, z))

    def decode_condition(self, z: Float[Tensor, "B D"], condition: Float[Tensor, "B K"]) -> Images:
        """As `decode`, the label given as any weights of the classes: (B, 0) for no label."""
        return self.likelihood.mean(self.decoder(with_condition(z, condition)))

    def reconstruct(self, x: Images, labels: Labels | None = None) -> Images:
        """The image decoded at the posterior's mean; nothing is drawn."""
        return self.decode(self.encode(x, labels).mean, labels)

    def sample(self, count: int, source: Source, labels: Labels | None = None) -> Images:
        """E[x|z] at `count` draws of z from the prior.

        Raises:
            InputError: if the model has no prior.
        """
        if self.prior is None:
            raise InputError(
                "an autoencoder has no prior to sample from; train a VAE, such as mlp-vae"
            )
        return self.decode(self.prior.sample(count, source), labels)

    def interpolate(
        self, start: Images, end: Images, steps: int, labels: Labels | None = None
    ) -> Float[Tensor, "B S C H W"]:
        """Decoded codes on the straight line between those of two images, both included."""
        codes = torch.lerp(
            self.encode(start, labels).mean.unsqueeze(1),
            self.encode(end, labels).mean.unsqueeze(1),
            torch.linspace(0, 1, steps, device=start.device).view(1, -1, 1),
        )
        repeated = None if labels is None else labels.repeat_interleave(steps)
        return self.decode(codes.flatten(0, 1), repeated).view(len(start), steps, *start.shape[1:])

    def condition(self, labels: Labels | None, like: Tensor) -> Float[Tensor, "B K"]:
        """One-hot labels for a conditional model, nothing (B, 0) for any other.

        Raises:
            InputError: if a conditional model is given no labels.
        """
        if not self.is_conditional:
            return like.new_empty(len(like), 0)
        if labels is None:
            raise InputError("a conditional model needs a label for each image")
        return functional.one_hot(labels, self.class_count).to(like.dtype)
