"""Reference classifiers: trained on real images, used to evaluate generated ones."""

from vaelab.features.classifier import ClassifierCard, ReferenceClassifier, load_classifier, look
from vaelab.features.networks import ClassifierOutput
from vaelab.features.reference import ReferenceClassifiers, classifiers_for, shipped_classifiers
from vaelab.features.training import confusion_matrix, taught, train_classifier

__all__ = [
    "ClassifierCard",
    "ClassifierOutput",
    "ReferenceClassifier",
    "ReferenceClassifiers",
    "classifiers_for",
    "confusion_matrix",
    "load_classifier",
    "look",
    "shipped_classifiers",
    "taught",
    "train_classifier",
]
