"""Evaluating a run, samples or a file of samples, and storing the results."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vaelab.config import DataConfig
from vaelab.data import Dataset, load_data
from vaelab.data.given_images import as_array, class_positions
from vaelab.devices import device_for
from vaelab.errors import InputError, entry, note
from vaelab.evaluation.computation import (
    complete,
    compute,
    default_metrics,
    merged,
)
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metrics import METRICS, metric_name
from vaelab.evaluation.results import Results
from vaelab.evaluation.samples import checked_samples, made_samples, read_samples
from vaelab.evaluation.stored_samples import SamplesCard, StoredSamples
from vaelab.features import Features
from vaelab.loaded_run import LoadedRun
from vaelab.needs import facts_of, obstacle
from vaelab.runs import DataCard, Run
from vaelab.sampling import Samples

MOST_SAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is computed by default.

    Attributes:
        metrics: keys of `METRICS`; none: all default ones that are available.
        importance_samples: draws per image of the importance-weighted bound.
    """

    metrics: tuple[str, ...]
    importance_samples: int


PROTOCOLS: dict[str, Protocol] = {
    "default": Protocol((), importance_samples=20),
    "exemplar": Protocol(("exemplar",), importance_samples=5000),
}


def evaluate(
    loaded: LoadedRun,
    *,
    metrics: Sequence[str] = (),
    protocol: str = "default",
    features: Features | None = None,
    accelerator: str | None = None,
    seed: int = 0,
    sample_count: int | None = None,
    importance_samples: int | None = None,
    only_available: bool = False,
    show_progress: bool = False,
) -> Results:
    """Compute metrics of a run and store them in its folder.

    Args:
        loaded: the trained run.
        metrics: names of metrics; none: those of the protocol.
        protocol: a key of `PROTOCOLS`.
        features: the feature extractor for distances between images: a torch module or a function
            from images (N, C, H, W) in [0, 1] to features (N, F), a key of `FEATURES`, or the path
            of an ONNX file; none: the reference classifier.
        accelerator: cpu, gpu, or auto for a GPU if available; none: that of the loaded run.
        seed: of every random draw.
        sample_count: samples to draw; none: as many as there are test images, at most 10,000.
        importance_samples: draws per image of the importance-weighted bound; none: the protocol's.
        only_available: whether to leave out named metrics that are not available or fail, with the
            reason.
        show_progress: whether to show a progress bar on standard error.

    Raises:
        InputError: on an unknown protocol or metric, a named metric that is not available, or
            features that cannot be computed.
        Exception: of a named metric that fails, after the others are computed and stored.
    """
    defaults = entry("protocol", protocol, PROTOCOLS)
    for name, count in (("samples", sample_count), ("draws", importance_samples)):
        if count is not None and count < 1:
            raise InputError(f"the number of {name} must be at least 1, found {count}")
    loaded.require_memory_for(sample_count or 0)
    loaded.run.read_evaluation()  # new results are added to it, so it is checked before hours pass
    is_writable = os.access(loaded.run.path, os.W_OK)
    if not is_writable:
        note(f"{loaded.run.path} is read-only: the results will not be stored")
    if accelerator not in (None, loaded.accelerator):
        loaded = replace(loaded, dataset=loaded.data, accelerator=accelerator)
    context = EvaluationContext(
        dataset=loaded.data,
        seed=seed,
        sample_count=sample_count or _sample_count(loaded),
        importance_samples=importance_samples or defaults.importance_samples,
        device=loaded.device,
        loaded=loaded,
        features=features,
        show_progress=show_progress,
    )
    identity = {
        "test_fingerprint": loaded.run.data.test_fingerprint,
        "weights_fingerprint": loaded.weights_fingerprint,
    }
    results = compute(context, metrics or defaults.metrics, only_available=only_available)
    if is_writable:
        _store(loaded.run, identity, results)
    return results if only_available else complete(results, metrics)


def _store(run: Run, identity: Mapping[str, str], results: Results) -> None:
    """Add the results to the run's folder, unless it has those of other, newer weights."""
    stored = run.read_evaluation()
    measured = stored.get("weights_fingerprint", identity["weights_fingerprint"])
    if measured != identity["weights_fingerprint"]:
        note(
            f"{run.path} has other weights now than were evaluated, and numbers of the present "
            "ones are stored: the numbers of the former weights are not stored"
        )
        return
    run.write_evaluation(*merged(run.path, stored, identity, results))


def _sample_count(loaded: LoadedRun) -> int:
    return min(MOST_SAMPLES, len(loaded.data.test))


def evaluate_samples(
    samples: Samples | NDArray[Any] | Tensor | Callable[[NDArray[np.int64]], Any],
    labels: NDArray[Any] | Tensor | None = None,
    *,
    data: Dataset | DataConfig | None = None,
    metrics: Sequence[str] = (),
    features: Features | None = None,
    accelerator: str = "cpu",
    count: int = MOST_SAMPLES,
    seed: int = 0,
    show_progress: bool = False,
) -> Results:
    """Compute every metric that needs samples alone.

    Args:
        samples: images in [0, 1], or a function from class labels (N,) to images.
        labels: the class that each image was generated for; for a function, those to generate.
            Without them the samples are evaluated as unconditional.
        data: what the samples are compared with; none: Fashion-MNIST.
        metrics: names of metrics; none: all that are available.
        features: the feature extractor for distances between images; see `evaluate`.
        accelerator: cpu, gpu, or auto for a GPU if available.
        count: of images to generate by a function where there are no labels.
        seed: of every random draw.
        show_progress: whether to show a progress bar on standard error.

    Raises:
        InputError: on samples that cannot be evaluated.
        Exception: of a named metric that fails.
    """
    dataset = data if isinstance(data, Dataset) else load_data(data or DataConfig())
    given = _as_samples(samples, None if labels is None else np.asarray(labels), dataset, count)
    context = _context_of_samples(given, dataset, features, accelerator, seed, show_progress)
    return complete(compute(context, metrics), metrics)


def _context_of_samples(
    given: Samples,
    dataset: Dataset,
    features: Features | None,
    accelerator: str,
    seed: int,
    show_progress: bool,
) -> EvaluationContext:
    return EvaluationContext(
        dataset=dataset,
        seed=seed,
        sample_count=len(given),
        importance_samples=1,
        device=device_for(accelerator),
        given=given,
        features=features,
        show_progress=show_progress,
    )


def evaluate_file(
    path: Path,
    config: DataConfig,
    data_dir: Path | None = None,
    *,
    metrics: Sequence[str] = (),
    features: Features | None = None,
    accelerator: str = "cpu",
    seed: int = 0,
    out: Path | None = None,
) -> Results:
    """Compute the metrics of the samples in a file or folder; see `read_samples`.

    Args:
        path: of the samples.
        config: of the data that they are compared with.
        data_dir: the folder of its files.
        metrics: names of metrics; none: all that are available.
        features: the feature extractor for distances between images; see `evaluate`.
        accelerator: cpu, gpu, or auto for a GPU if available.
        seed: of every random draw.
        out: a folder to keep the results in, for comparisons and reports; none: they are not kept.

    Raises:
        InputError: on samples that cannot be evaluated, or if `out` holds something else.
        Exception: of a named metric that fails, after the others are computed and stored.
    """
    dataset = load_data(config, data_dir)
    samples = read_samples(path, _shape(dataset), dataset.test.class_names)
    stored = None
    if out is not None:
        stored = StoredSamples(out, _card(samples), DataCard.of(dataset))
        stored.create()
    context = _context_of_samples(samples, dataset, features, accelerator, seed, True)
    results = compute(context, metrics)
    if stored is not None and out is not None:
        identity = {
            "test_fingerprint": stored.data.test_fingerprint,
            "samples_fingerprint": stored.card.fingerprint,
        }
        stored.write_evaluation(*merged(out, stored.read_evaluation(), identity, results))
    return complete(results, metrics)


def _card(samples: Samples) -> SamplesCard:
    digest = hashlib.sha256(samples.images.numpy().tobytes())
    if samples.labels is not None:
        digest.update(samples.labels.numpy().tobytes())
    return SamplesCard(
        source=samples.source,
        count=len(samples),
        has_labels=samples.labels is not None,
        fingerprint=digest.hexdigest(),
    )


def _shape(dataset: Dataset) -> tuple[int, int, int]:
    channels, height, width = dataset.test.images.shape[1:]
    return channels, height, width


def _as_samples(samples: Any, labels: NDArray[Any] | None, dataset: Dataset, count: int) -> Samples:
    shape, class_count = _shape(dataset), len(dataset.test.class_names)
    if isinstance(samples, Samples):
        given = None if samples.labels is None else samples.labels.numpy()
        return checked_samples(samples.images.numpy(), given, shape, class_count, samples.source)
    if callable(samples):
        requested = np.arange(count) % max(class_count, 1) if labels is None else labels
        return made_samples(
            samples, requested, shape, class_count, is_conditional=labels is not None
        )
    images = as_array(samples)
    if labels is not None:
        labels = class_positions(labels, len(images), dataset.test.class_names, "samples")
    return checked_samples(images, labels, shape, class_count, "samples")


def available_metrics(loaded: LoadedRun, among: Sequence[str] = ()) -> list[str]:
    """The names of the metrics that are available for a run.

    Args:
        loaded: the trained run.
        among: names of metrics; none: all default ones.
    """
    names = [metric_name(name) for name in among] or default_metrics()
    facts = facts_of(loaded, sample_count=_sample_count(loaded))
    return [name for name in names if obstacle(METRICS[name].needs, facts) is None]
