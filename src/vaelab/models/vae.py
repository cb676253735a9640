"""The variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114).

Conditional, it is that of Sohn et al. 2015 with a prior that does not depend on the label, so that
class and style come apart.
"""

from vaelab.config import VaeConfig
from vaelab.models.auxiliary_classifier import AuxiliaryClassifier
from vaelab.models.latent_variable_model import LatentVariableModel
from vaelab.models.likelihoods import Likelihood
from vaelab.models.networks import ImageShape, Network
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors import PRIORS


def build(
    config: VaeConfig, network: Network, likelihood: Likelihood, shape: ImageShape, class_count: int
) -> LatentVariableModel:
    """A model with a Gaussian posterior and the configured prior."""
    size = config.latent_size
    return LatentVariableModel(
        encoder=network.encoder(config.network, shape, class_count, 2 * size),
        posterior=DiagonalGaussian.from_encoded,
        prior=PRIORS[config.prior.kind](config.prior, size),
        decoder=network.decoder(config.network, shape, size + class_count, class_count),
        likelihood=likelihood,
        shape=shape,
        latent_size=size,
        class_count=class_count,
        auxiliary_classifier=AuxiliaryClassifier(shape, class_count)
        if config.auxiliary_classifier
        else None,
    )
