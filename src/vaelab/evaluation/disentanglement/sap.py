"""Separated attribute predictability.

Letters in shapes: N images, D latent dimensions, L live ones.
"""

import torch
from jaxtyping import Float, Float64
from sklearn.tree import DecisionTreeClassifier
from torch import Tensor

from vaelab.data.image_data import Factors
from vaelab.evaluation.disentanglement.factor_scores import FactorScores, gap, mean_gap
from vaelab.evaluation.disentanglement.inputs import Factor, live_codes, varied_factors
from vaelab.evaluation.disentanglement.predictors import accuracy_above_chance


def separated_attribute_predictability(
    codes: Float[Tensor, "N D"], factors: Factors
) -> FactorScores:
    """SAP: Kumar et al. 2018 (arXiv:1711.00848), section 3.

    For each factor, the score of the dimension that predicts it best minus that of the second. The
    score of a continuous factor is the R2 of a linear regression. That of a categorical factor of K
    classes is the balanced accuracy of K - 1 thresholds, rescaled to 0 for chance, so that 1 is the
    best score for any K.

    Raises:
        InputError: see `varied_factors` and `live_codes`.
    """
    varied = varied_factors(factors, len(codes))
    live = live_codes(codes)
    return mean_gap({factor.name: gap(_predicted(live, factor)) for factor in varied})


def _predicted(live: Float64[Tensor, "N L"], factor: Factor) -> Float64[Tensor, " L"]:
    if factor.is_categorical:
        by_dimension = [_by_thresholds(column, factor) for column in live.unbind(1)]
        return torch.tensor(by_dimension, dtype=torch.float64)
    values = factor.values - factor.values.mean()
    correlation = values @ live / len(live) / values.square().mean().sqrt()
    return correlation.square()


def _by_thresholds(column: Float64[Tensor, " N"], factor: Factor) -> float:
    code, known = column[:, None].numpy(), factor.bins.numpy()
    thresholds = DecisionTreeClassifier(
        max_leaf_nodes=factor.bin_count, class_weight="balanced", random_state=0
    )
    predicted = thresholds.fit(code, known).predict(code)
    return accuracy_above_chance(torch.from_numpy(predicted), factor.bins, factor.bin_count)
