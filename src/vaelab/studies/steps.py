"""The steps of a study: what each one makes, and from which inputs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import vaelab
from vaelab.config import DataConfig
from vaelab.data import Dataset
from vaelab.data.summary import summarize
from vaelab.errors import InputError
from vaelab.evaluation import METRICS, available_metrics, evaluate
from vaelab.explorer import write_explorer
from vaelab.figures import (
    DATA_FIGURES,
    FIGURES,
    draw_comparison,
    draw_data,
    draw_figures,
    possible_figures,
)
from vaelab.files import write_json
from vaelab.loaded_run import LoadedRun
from vaelab.runs import DataCard
from vaelab.studies.archive import identity
from vaelab.studies.cost import TrainingProgress, training_operations
from vaelab.studies.step import IncompleteStepError, ReportProgress, Step, fingerprint
from vaelab.studies.study import Outputs, Study
from vaelab.training import Hardware, fit
from vaelab.training.derived import train_derived

RECORD_FILE = "steps.json"

# Kinds of steps. `PREPARE` is the loading of a run's data set, which comes before its steps.
DATA, PREPARE, TRAIN, EVALUATE = "data", "prepare", "train", "evaluate"

# Without these steps a run has no results. The failure of any other step is only noted.
REQUIRED = (PREPARE, TRAIN, EVALUATE)


def data_step(dataset: Dataset, config: DataConfig, out: Path) -> Step:
    """Statistics and figures of the data set."""
    folder = out / DATA
    files = [folder / "summary.json", *(folder / f"{name}.png" for name in DATA_FIGURES)]

    def action(_: ReportProgress) -> None:
        summary = summarize(dataset, config)
        draw_data(dataset, summary, folder)
        write_json(folder / "summary.json", summary)

    return Step(
        kind=DATA,
        run="",
        record_file=folder / RECORD_FILE,
        inputs=lambda: [asdict(DataCard.of(dataset)), asdict(config), vaelab.__version__],
        output_exists=lambda: all(path.exists() for path in files),
        action=action,
    )


def build_steps(loaded: LoadedRun, outputs: Outputs, hardware: Hardware) -> list[Step]:
    """The steps of one run, in order.

    Raises:
        InputError: if its model cannot be built.
    """
    steps = [_train(loaded, hardware), _evaluate(loaded, outputs, hardware)]
    if outputs.figures:
        steps.append(_figures(loaded, outputs.excluded_figures))
    return [*steps, _explorer(loaded, tsne=outputs.tsne)]


def _train(loaded: LoadedRun, hardware: Hardware) -> Step:
    run = loaded.run
    train = fit if run.config.parent is None else train_derived

    def action(report_progress: ReportProgress) -> None:
        train(
            run.config,
            run.path,
            dataset=loaded.data,
            hardware=hardware,
            show_progress=False,
            observers=[TrainingProgress(run, loaded.data, report_progress)],
        )

    return Step(
        kind=TRAIN,
        run=run.name,
        record_file=run.path / RECORD_FILE,
        inputs=lambda: identity(run),
        output_exists=run.is_finished,
        action=action,
        size=training_operations(run, loaded.data),
    )


def _evaluate(loaded: LoadedRun, outputs: Outputs, hardware: Hardware) -> Step:
    run = loaded.run

    def metrics() -> list[str]:
        return available_metrics(loaded, outputs.metrics)

    def output_exists() -> bool:
        stored = run.read_evaluation()
        left_out = stored.get("left_out", {})
        numbers = stored.get("metrics", {}).keys()
        return all(name in left_out or numbers & set(METRICS[name].names) for name in metrics())

    def inputs() -> list[Any]:
        weights = loaded.weights_fingerprint
        counts = (outputs.sample_count, outputs.importance_samples)
        return [weights, metrics(), *counts, vaelab.__version__]

    def action(_: ReportProgress) -> None:
        results = evaluate(
            loaded,
            metrics=outputs.metrics,
            sample_count=outputs.sample_count,
            importance_samples=outputs.importance_samples,
            accelerator=hardware.accelerator,
            only_available=True,
        )
        # An `InputError` says why a metric is not defined here.
        errors = {
            name: error
            for name, error in results.failures.items()
            if not isinstance(error, InputError)
        }
        _require_complete(errors, has_outputs=bool(results))

    return Step(
        kind=EVALUATE,
        run=run.name,
        record_file=run.path / RECORD_FILE,
        inputs=inputs,
        output_exists=output_exists,
        action=action,
    )


def _figures(loaded: LoadedRun, excluded: Sequence[str]) -> Step:
    run = loaded.run

    def names() -> list[str]:
        possible = possible_figures(loaded)
        return [name for name in possible if FIGURES[name].is_default and name not in excluded]

    return Step(
        kind="figures",
        run=run.name,
        record_file=run.path / RECORD_FILE,
        inputs=lambda: [_inputs_of_figures(loaded), names()],
        output_exists=lambda: all((run.figures / f"{name}.png").exists() for name in names()),
        action=lambda _: _make_each(names(), lambda name: draw_figures(loaded, [name])),
    )


def _make_each(names: Sequence[str], make: Callable[[str], object]) -> None:
    """Make all outputs, also after a failure.

    Raises:
        IncompleteStepError: if some failed.
    """
    errors = dict[str, Exception]()
    for name in names:
        try:
            make(name)
        except Exception as error:
            errors[name] = error
    _require_complete(errors, has_outputs=len(errors) < len(names))


def _require_complete(errors: Mapping[str, Exception], *, has_outputs: bool) -> None:
    """Raise the errors of outputs by name; the first alone if there is no other output."""
    if errors and not has_outputs:
        raise next(iter(errors.values()))
    if errors:
        raise IncompleteStepError(errors)


def _explorer(loaded: LoadedRun, *, tsne: bool) -> Step:
    run = loaded.run
    return Step(
        kind="explorer",
        run=run.name,
        record_file=run.path / RECORD_FILE,
        inputs=lambda: [loaded.weights_fingerprint, identity(run), tsne, vaelab.__version__],
        output_exists=(run.path / "explorer" / "explorer.json").exists,
        action=lambda _: write_explorer(loaded, tsne=tsne),
    )


def comparison_steps(
    study: Study, runs: Mapping[str, LoadedRun], has_results: Callable[[str], bool], out: Path
) -> list[Step]:
    """The figures of several runs. Runs without results are left out of a figure.

    Args:
        study: which figures, of which runs.
        runs: by name; looked up when the figure is drawn.
        has_results: whether the run of that name has results; called when the figure is drawn.
        out: folder of the study.
    """
    return [
        _comparison(figure, names, runs, has_results, out)
        for figure, names in study.comparisons.items()
    ]


def _comparison(
    figure: str,
    names: Sequence[str],
    runs: Mapping[str, LoadedRun],
    has_results: Callable[[str], bool],
    out: Path,
) -> Step:
    def compared() -> list[LoadedRun]:
        found = [runs[name] for name in names if has_results(name)]
        if len(found) < 2:
            raise InputError(f"it compares at least two runs, and {len(found)} have results")
        return found

    return Step(
        kind=figure,
        run="",
        record_file=out / "figures" / RECORD_FILE,
        inputs=lambda: [_inputs_of_figures(loaded) for loaded in compared()],
        output_exists=(out / "figures" / f"{figure}.png").exists,
        action=lambda _: draw_comparison(figure, compared(), out / "figures"),
    )


def _inputs_of_figures(loaded: LoadedRun) -> list[Any]:
    run = loaded.run
    return [
        identity(run),
        loaded.weights_fingerprint,
        fingerprint(run.read_evaluation()),
        vaelab.__version__,
    ]
