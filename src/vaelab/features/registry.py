"""The table of feature extractors, and how a user's choice becomes one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.features.extractor import FeatureExtractor
from vaelab.features.reference import classifiers_for
from vaelab.features.user_networks import function_extractor, module_extractor, onnx_extractor

# What a user may give: an extractor, a module, a function, a key of `FEATURES`, an ONNX file.
Features = FeatureExtractor | nn.Module | Callable[[Tensor], Tensor] | str | Path

# Each makes the extractor for a data set, as any of `Features`.
FEATURES: dict[str, Callable[[Dataset], Features]] = {
    "reference-classifier": lambda dataset: classifiers_for(dataset).reference.extractor,
    "second-classifier": lambda dataset: classifiers_for(dataset).second.extractor,
}
DEFAULT = "reference-classifier"


def feature_extractor(features: Features, dataset: Dataset) -> FeatureExtractor:
    """The feature extractor that a user names or gives.

    Args:
        features: an extractor; a torch module or a function from images (N, C, H, W) in [0, 1] to
            features (N, F); a key of `FEATURES`; or the path of an ONNX file.
        dataset: whose images it is to take.

    Raises:
        InputError: if there is none of that name, or it does not take such images.
    """
    return _made(features, dataset, FEATURES, None)


def _made(
    features: Any,
    dataset: Dataset,
    table: Mapping[str, Callable[[Dataset], Features]],
    name: str | None,
) -> FeatureExtractor:
    channels, height, width = dataset.test.images.shape[1:]
    shape = (channels, height, width)
    if isinstance(features, FeatureExtractor):
        return features
    if isinstance(features, str) and features in table:
        return _made(table[features](dataset), dataset, {}, features)
    if isinstance(features, str | Path):
        if Path(features).suffix != ".onnx":
            raise InputError(
                f"unknown feature extractor {str(features)!r}; known: {', '.join(FEATURES)}, "
                "or the path of an .onnx file"
            )
        return onnx_extractor(Path(features), shape, name)
    if isinstance(features, nn.Module):
        return module_extractor(features, shape, name)
    if callable(features):
        return function_extractor(features, shape, name)
    raise InputError(
        "features: expected a torch module, a function from images (N, C, H, W) to features "
        f"(N, F), a name or an ONNX file, found {type(features).__name__}"
    )


class Extractors:
    """The feature extractors of one evaluation, each made when it is first used.

    Args:
        dataset: whose images they take.
        chosen: the one for all distances in feature space; None: the reference classifier.
    """

    def __init__(self, dataset: Dataset, chosen: Features | None = None) -> None:
        self._dataset = dataset
        self._chosen = chosen
        self._made: dict[str, FeatureExtractor] = {}

    def __getitem__(self, name: str) -> FeatureExtractor:
        """The extractor of a key of `FEATURES`, or `chosen`.

        Raises:
            InputError: see `feature_extractor`.
        """
        if name not in self._made:
            if name != "chosen":
                features: Features = name
            elif self._chosen is not None:
                features = self._chosen
            else:
                return self[DEFAULT]
            self._made[name] = feature_extractor(features, self._dataset)
        return self._made[name]
