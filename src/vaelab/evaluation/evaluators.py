"""Taking the table's metrics of a run or of samples, and storing them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from vaelab import notebook
from vaelab.config import DataConfig
from vaelab.data import Dataset, load_data
from vaelab.errors import InputError, entry
from vaelab.evaluation.context import EvaluationContext, obstacle
from vaelab.evaluation.metric import Metric
from vaelab.evaluation.metrics import METRICS
from vaelab.evaluation.result import Findings, Measure, Result
from vaelab.evaluation.samples import checked_samples, made_samples, read_samples
from vaelab.loaded_run import LoadedRun
from vaelab.sampling import Samples

MOST_SAMPLES = 10_000


class Results(dict[str, Result]):
    """Numbers by name; shows itself as a table."""

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        head, *rows = _lines(self)
        return notebook.block("", notebook.table(head, rows, "lrrrrl"), note=_basis(self))


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is taken when nothing else is said.

    Attributes:
        metrics: keys of `METRICS`; none: all that are defined for the run, but the longest.
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
    seed: int = 0,
    sample_count: int | None = None,
    importance_samples: int | None = None,
    show_progress: bool = False,
) -> Results:
    """Take the named metrics, or all that are defined for the run, and store them in its folder.

    Args:
        loaded: the trained run.
        metrics: keys of `METRICS`; none: those of the protocol.
        protocol: a key of `PROTOCOLS`.
        seed: of every draw.
        sample_count: images to make where samples are evaluated; none: as many as there are test
            images, at most 10,000.
        importance_samples: draws per image of the importance-weighted bound; none: the protocol's.
        show_progress: whether to show a progress bar on standard error.

    Raises:
        InputError: on an unknown protocol or metric, or a named one not defined for the run.
    """
    usual = entry("protocol", protocol, PROTOCOLS)
    for name, count in (("samples", sample_count), ("draws", importance_samples)):
        if count is not None and count < 1:
            raise InputError(f"the number of {name} must be at least 1, found {count}")
    context = replace(
        _context_of(loaded, usual, seed, sample_count, importance_samples),
        show_progress=show_progress,
    )
    results, details = _take(context, metrics or usual.metrics)
    _store(loaded, results, details)
    return results


def _context_of(
    loaded: LoadedRun,
    protocol: Protocol,
    seed: int = 0,
    sample_count: int | None = None,
    importance_samples: int | None = None,
) -> EvaluationContext:
    dataset = loaded.data
    return EvaluationContext(
        dataset=dataset,
        seed=seed,
        sample_count=sample_count or min(MOST_SAMPLES, len(dataset.test)),
        importance_samples=importance_samples or protocol.importance_samples,
        loaded=loaded,
    )


def evaluate_samples(
    samples: Samples | NDArray[Any] | Tensor | Callable[[NDArray[np.int64]], Any],
    labels: NDArray[np.int64] | None = None,
    *,
    data: Dataset | DataConfig | None = None,
    metrics: Sequence[str] = (),
    count: int = MOST_SAMPLES,
    seed: int = 0,
    show_progress: bool = False,
) -> tuple[Results, dict[str, Any]]:
    """Reference classifiers anybody's samples by every metric that needs samples alone.

    Args:
        samples: raw images in [0, 1], or a function that takes class labels (N,) and makes them.
        labels: the class that each image was asked to be; for a function, those to ask it for.
            Without them the samples are evaluated as unconditional.
        data: what they are compared with; by default Fashion-MNIST.
        metrics: keys of `METRICS`; none: all that are defined.
        count: of images that a function is asked for where no labels are given.
        seed: of every draw.
        show_progress: whether to show a progress bar on standard error.

    Returns:
        The numbers, and what is too large for a number.

    Raises:
        InputError: on samples that cannot be evaluated as they are.
    """
    dataset = data if isinstance(data, Dataset) else load_data(data or DataConfig())
    given = _as_samples(samples, labels, dataset, count)
    context = EvaluationContext(
        dataset=dataset,
        seed=seed,
        sample_count=len(given.images),
        importance_samples=1,
        given=given,
        show_progress=show_progress,
    )
    return _take(context, metrics)


def evaluate_file(
    path: Path,
    config: DataConfig,
    data_dir: Path | None = None,
    *,
    metrics: Sequence[str] = (),
    seed: int = 0,
) -> tuple[Results, dict[str, Any]]:
    """As `evaluate_samples`, for the samples in a file or folder; see `read_samples`."""
    dataset = load_data(config, data_dir)
    samples = read_samples(path, _shape(dataset), dataset.test.class_names)
    return evaluate_samples(samples, data=dataset, metrics=metrics, seed=seed, show_progress=True)


def _shape(dataset: Dataset) -> tuple[int, int, int]:
    channels, height, width = dataset.test.images.shape[1:]
    return channels, height, width


def _as_samples(
    samples: Any, labels: NDArray[np.int64] | None, dataset: Dataset, count: int
) -> Samples:
    shape, class_count = _shape(dataset), len(dataset.test.class_names)
    if isinstance(samples, Samples):
        asked_for = None if samples.labels is None else samples.labels.numpy()
        images = samples.images.numpy()
        return checked_samples(images, asked_for, shape, class_count, samples.source)
    if callable(samples):
        asked = np.arange(count) % max(class_count, 1) if labels is None else labels
        return made_samples(samples, asked, shape, class_count, is_conditional=labels is not None)
    images = samples.detach().cpu().numpy() if isinstance(samples, Tensor) else np.asarray(samples)
    return checked_samples(images, labels, shape, class_count, "samples")


def _take(context: EvaluationContext, names: Sequence[str]) -> tuple[Results, dict[str, Any]]:
    results = Results()
    details: dict[str, Any] = {}
    with tqdm(_chosen(context, names), disable=not context.show_progress, leave=False) as chosen:
        for name in chosen:
            chosen.set_description_str(name)
            findings = METRICS[name].take(context)
            results |= _results(context, METRICS[name], findings)
            details |= findings.details
    return results, details


def possible_metrics(loaded: LoadedRun, among: Sequence[str] = ()) -> list[str]:
    """The names of the metrics that are defined for the run.

    Args:
        loaded: the trained run.
        among: keys of `METRICS`; none: all that are taken by default. What is not among them is
            not asked after: whether there is a classifier is known only once one was trained.
    """
    context = _context_of(loaded, PROTOCOLS["default"])
    wanted = among or [name for name, metric in METRICS.items() if metric.is_default]
    return [name for name in wanted if obstacle(METRICS[name].needs, context) is None]


def _chosen(context: EvaluationContext, names: Sequence[str]) -> list[str]:
    """The named metrics, or all that are taken by default and defined for the context."""
    for name in names:
        reason = obstacle(entry("metric", name, METRICS).needs, context)
        if reason is not None:
            raise InputError(f"metric {name!r} is not defined here: it {reason}")
    return list(names) or [
        name
        for name, metric in METRICS.items()
        if metric.is_default and obstacle(metric.needs, context) is None
    ]


def _results(context: EvaluationContext, metric: Metric, findings: Findings) -> dict[str, Result]:
    return {
        name: Result(
            value=estimate.value,
            unit=estimate.unit or metric.measures[name].unit,
            count=estimate.count,
            seed=context.seed,
            direction=metric.measures[name].direction,
            standard_error=estimate.standard_error,
            floor=estimate.floor,
            baseline=estimate.baseline,
            classifier=_fingerprint(context, metric.measures[name]),
        )
        for name, estimate in findings.estimates.items()
    }


def _fingerprint(context: EvaluationContext, measure: Measure) -> str | None:
    if measure.classifier is None:
        return None
    classifiers = context.classifiers
    return (
        classifiers.reference if measure.classifier == "reference" else classifiers.second
    ).fingerprint


def _store(loaded: LoadedRun, results: dict[str, Result], details: dict[str, Any]) -> None:
    """Beside what was measured before of the same weights on the same images."""
    context = {
        "test_fingerprint": loaded.run.data.test_fingerprint,
        "weights_fingerprint": loaded.run.weights_fingerprint(),
    }
    stored = loaded.run.read_evaluation()
    if any(stored.get(name) != value for name, value in context.items()):
        stored = {}
    loaded.run.write_evaluation(
        {
            **context,
            "metrics": stored.get("metrics", {})
            | {name: asdict(result) for name, result in results.items()},
            "details": stored.get("details", {}) | details,
        }
    )


def as_text(results: Mapping[str, Result]) -> str:
    """The numbers a line each, between what perfect and useless models have."""
    lines = _lines(results)
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    text = [
        f"  {line[0]:<{widths[0]}}  {line[1]:>{widths[1]}} {line[2]:<{widths[2]}}  "
        f"{line[3]:>{widths[3]}}  {line[4]:>{widths[4]}}  {line[5]}".rstrip()
        for line in lines
    ]
    return "\n".join([*text, f"  {_basis(results)}"])


def _lines(results: Mapping[str, Result]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [("", "value", "", "floor", "baseline", "")]
    for name, result in results.items():
        error = "" if result.standard_error is None else f"± {result.standard_error:.2g}"
        bounds = (_digits(result.floor), _digits(result.baseline))
        lines.append((name, _digits(result.value), error, *bounds, result.unit))
    return lines


def _basis(results: Mapping[str, Result]) -> str:
    """On how many images, with which seed."""
    if not results:
        return "nothing was measured"
    images = sorted({result.count for result in results.values()})
    seeds = sorted({result.seed for result in results.values()})
    return f"on {', '.join(map('{:,}'.format, images))} images, seed {seeds[0]}"


def _digits(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2e}"
