"""The deterministic autoencoder: the VAE's networks, a code in place of a posterior, no prior."""

from vaelab.config import AutoencoderConfig
from vaelab.models.latent_variable_model import LatentVariableModel
from vaelab.models.likelihoods import Likelihood
from vaelab.models.networks import ImageShape, Network
from vaelab.models.posteriors import Delta


def build(
    config: AutoencoderConfig,
    network: Network,
    likelihood: Likelihood,
    shape: ImageShape,
    class_count: int,
) -> LatentVariableModel:
    """A model whose encoder gives the code itself."""
    return LatentVariableModel(
        encoder=network.encoder(config.network, shape, class_count, config.latent_size),
        posterior=Delta.from_encoded,
        prior=None,
        decoder=network.decoder(
            config.network, shape, config.latent_size + class_count, class_count
        ),
        likelihood=likelihood,
        shape=shape,
        latent_size=config.latent_size,
        class_count=class_count,
    )
