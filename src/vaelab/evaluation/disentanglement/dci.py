"""Disentanglement, completeness and informativeness.

Letters in shapes: N images, D latent dimensions, L live ones, F factors, A and B rows and columns.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Float64, Int
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from torch import Generator, Tensor

from vaelab.data.image_data import Factors
from vaelab.evaluation.disentanglement.inputs import Factor, live_codes, varied_factors
from vaelab.evaluation.disentanglement.predictors import accuracy_above_chance, explained_variance

# More images hardly change the scores and take longer.
MOST_IMAGES = 5_000
_TRAIN_SHARE = 0.75
_TREES = 20
# Smaller leaves fit noise, which spreads importance over uninformative dimensions.
_LEAST_IN_LEAF = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class DciScores:
    """The three scores, each in [0, 1].

    Attributes:
        disentanglement: 1 if each dimension is important for one factor only.
        completeness: 1 if a single dimension is important for each factor.
        informativeness: mean of `informativeness_by_factor`; 1 if all factors are predicted.
        informativeness_by_factor: R2 of a continuous factor, balanced accuracy above chance of a
            categorical one, on held-out images, 0 where it would be negative.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    informativeness_by_factor: dict[str, float]


def dci_scores(codes: Float[Tensor, "N D"], factors: Factors, generator: Generator) -> DciScores:
    """DCI: Eastwood and Williams 2018.

    From "A Framework for the Quantitative Evaluation of Disentangled Representations", ICLR 2018.
    A random forest of 20 trees predicts each factor, by regression where it is continuous; its
    importances, which sum to 1, are the paper's matrix R. Three quarters of at most 5,000 random
    images train the forests, the others test them. A factor that no dimension encodes also has
    importances, spread over all dimensions, and lowers the disentanglement of each: read the scores
    together with the informativeness.

    Args:
        codes: of the images.
        factors: of the images.
        generator: for the choice of images and for the forests.

    Raises:
        InputError: see `varied_factors` and `live_codes`.
    """
    varied = varied_factors(factors, len(codes))
    live = live_codes(codes)
    chosen = torch.randperm(len(codes), generator=generator)[:MOST_IMAGES]
    train, test = chosen.tensor_split([int(_TRAIN_SHARE * len(chosen))])
    if not live.shape[1]:
        return _of_dead_code(varied)
    importances, informativeness = [], {}
    for factor in varied:
        forest = _forest(factor, generator)
        target = factor.bins if factor.is_categorical else factor.values
        forest.fit(live[train].numpy(), target[train].numpy())
        predicted = torch.from_numpy(forest.predict(live[test].numpy()))
        importances.append(torch.from_numpy(forest.feature_importances_))
        informativeness[factor.name] = _informativeness(predicted, factor, test)
    by_dimension = torch.stack(importances, dim=1)  # (L, F)
    return DciScores(
        disentanglement=disentanglement(by_dimension),
        completeness=completeness(by_dimension),
        informativeness=sum(informativeness.values()) / len(varied),
        informativeness_by_factor=informativeness,
    )


def disentanglement(importances: Float64[Tensor, "L F"]) -> float:
    """Concentration of each dimension on few factors, weighted by its importance."""
    weights = importances.sum(1)
    return ((weights * _concentration(importances)).sum() / weights.sum()).item()


def completeness(importances: Float64[Tensor, "L F"]) -> float:
    """Concentration of each factor on few dimensions, averaged over factors."""
    return _concentration(importances.T).mean().item()


def _concentration(weights: Float64[Tensor, "A B"]) -> Float64[Tensor, " A"]:
    """1 minus the entropy of each row's shares in units of log B; 0 for a row of zeros."""
    total = weights.sum(1)
    shares = weights / total.clamp(min=torch.finfo(total.dtype).tiny)[:, None]
    most = math.log(weights.shape[1]) or 1.0  # a single share has no entropy
    concentration: Tensor = (1 - torch.special.entr(shares).sum(1) / most) * (total > 0)
    return concentration


def _forest(factor: Factor, generator: Generator) -> Any:
    common = {
        "n_estimators": _TREES,
        "min_samples_leaf": _LEAST_IN_LEAF,
        # All dimensions compete at each split, so that uninformative ones get no importance.
        "max_features": None,
        "random_state": int(torch.randint(2**31, (), generator=generator)),
    }
    if factor.is_categorical:
        return RandomForestClassifier(class_weight="balanced", **common)
    return RandomForestRegressor(**common)


def _informativeness(predicted: Tensor, factor: Factor, test: Int[Tensor, " N"]) -> float:
    if factor.is_categorical:
        return accuracy_above_chance(predicted, factor.bins[test], factor.bin_count)
    return explained_variance(predicted, factor.values[test])


def _of_dead_code(varied: list[Factor]) -> DciScores:
    return DciScores(
        disentanglement=0.0,
        completeness=0.0,
        informativeness=0.0,
        informativeness_by_factor={factor.name: 0.0 for factor in varied},
    )
