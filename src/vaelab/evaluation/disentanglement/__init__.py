"""Whether each known factor of the images has a latent dimension to itself: four scores.

Each takes codes (N, D) and the factors of the same N images, and is at its best 1. Scales, signs
and the order of the dimensions do not matter. Codes are posterior means or draws; dimensions that
the posterior does not use are better left out by the caller, who knows their divergence from the
prior: a tiny mean is only noise, but no score can tell it from a small scale.
"""

from vaelab.evaluation.disentanglement.dci import DciScores, dci_scores
from vaelab.evaluation.disentanglement.factor_scores import FactorScores
from vaelab.evaluation.disentanglement.factor_vae import factor_vae_score
from vaelab.evaluation.disentanglement.inputs import LEAST_IMAGES
from vaelab.evaluation.disentanglement.mig import mutual_information_gap
from vaelab.evaluation.disentanglement.sap import separated_attribute_predictability

__all__ = [
    "LEAST_IMAGES",
    "DciScores",
    "FactorScores",
    "dci_scores",
    "factor_vae_score",
    "mutual_information_gap",
    "separated_attribute_predictability",
]
