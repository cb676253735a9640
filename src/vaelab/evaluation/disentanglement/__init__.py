"""Disentanglement: four scores of whether each known factor has its own latent dimension.

Each score takes codes (N, D) and the factors of the same N images; its best value is 1. It does not
depend on scale, sign or order of the dimensions. Codes are posterior means or draws. The caller
should remove dimensions that the posterior does not use: their means are noise, which no score can
distinguish from a dimension of small scale.
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
