"""Feature extractors, and the reference classifiers that evaluate generated images."""

from vaelab.features.classifier import ClassifierCard, ReferenceClassifier, load_classifier
from vaelab.features.extractor import Extracted, FeatureExtractor, in_batches
from vaelab.features.networks import ClassifierOutput
from vaelab.features.reference import ReferenceClassifiers, classifiers_for, shipped_classifiers
from vaelab.features.registry import FEATURES, Extractors, Features, feature_extractor
from vaelab.features.training import confusion_matrix, train_classifier, train_network

__all__ = [
    "FEATURES",
    "ClassifierCard",
    "ClassifierOutput",
    "Extracted",
    "Extractors",
    "FeatureExtractor",
    "Features",
    "ReferenceClassifier",
    "ReferenceClassifiers",
    "classifiers_for",
    "confusion_matrix",
    "feature_extractor",
    "in_batches",
    "load_classifier",
    "shipped_classifiers",
    "train_classifier",
    "train_network",
]
