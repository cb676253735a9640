"""The steps of a study: what each makes, from what, and how to see that it is there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import vaelab
from vaelab.config import DataConfig
from vaelab.data import Dataset
from vaelab.data.summary import summarize
from vaelab.errors import InputError
from vaelab.evaluation import METRICS, evaluate, possible_metrics
from vaelab.evaluation.baselines import PROTOCOL
from vaelab.explorer import write_explorer
from vaelab.figures import (
    DATA_FIGURES,
    draw_comparison,
    draw_data,
    draw_figures,
    possible_figures,
)
from vaelab.files import write_json
from vaelab.loaded_run import LoadedRun
from vaelab.runs import DataCard
from vaelab.studies.archive import identity
from vaelab.studies.cost import Share, training_operations
from vaelab.studies.plans import Outputs, Study
from vaelab.studies.step import Advance, Step, fingerprint
from vaelab.training import Hardware, fit

LEDGER = "steps.json"

# Of the first step of a study, and of the last of a run.
DATA, LAST = "data", "explorer"

# Without these nothing else can be made of a run; the first is to have its images.
PREPARE, TRAIN = "prepare", "train"
ESSENTIAL = (PREPARE, TRAIN, "evaluate")


def data_step(dataset: Dataset, config: DataConfig, out: Path) -> Step:
    """Numbers and figures of the data."""
    folder = out / DATA
    made = [folder / "summary.json", *(folder / f"{name}.png" for name in DATA_FIGURES)]

    def work(_: Advance) -> None:
        summary = summarize(dataset, config)
        draw_data(dataset, summary, folder)
        write_json(folder / "summary.json", summary)

    return Step(
        kind=DATA,
        run="",
        ledger=folder / LEDGER,
        inputs=lambda: [asdict(DataCard.of(dataset)), asdict(config), vaelab.__version__],
        is_there=lambda: all(path.exists() for path in made),
        work=work,
    )


def run_steps(loaded: LoadedRun, wanted: Outputs, hardware: Hardware) -> list[Step]:
    """What is made of one run, each from what was made before.

    Raises:
        InputError: if its model cannot be built.
    """
    steps = [_train(loaded, hardware), _evaluate(loaded, wanted)]
    if wanted.figures:
        steps.append(_figures(loaded, wanted.left_out_figures))
    return [*steps, _explorer(loaded, tsne=wanted.tsne)]


def _train(loaded: LoadedRun, hardware: Hardware) -> Step:
    run = loaded.run

    def work(advance: Advance) -> None:
        fit(
            run.config,
            run.path,
            dataset=loaded.data,
            hardware=hardware,
            show_progress=False,
            observers=[Share(run, loaded.data, advance)],
        )

    return Step(
        kind=TRAIN,
        run=run.name,
        ledger=run.path / LEDGER,
        inputs=lambda: identity(run),
        is_there=run.is_finished,
        work=work,
        size=training_operations(run, loaded.data),
    )


def _evaluate(loaded: LoadedRun, wanted: Outputs) -> Step:
    run = loaded.run

    def metrics() -> list[str]:
        return possible_metrics(loaded, wanted.metrics)

    def is_there() -> bool:
        stored = run.read_evaluation().get("metrics", {})
        return all(METRICS[name].measures.keys() & stored.keys() for name in metrics())

    def work(_: Advance) -> None:
        evaluate(loaded, metrics=metrics(), sample_count=wanted.sample_count)

    return Step(
        kind="evaluate",
        run=run.name,
        ledger=run.path / LEDGER,
        inputs=lambda: [run.weights_fingerprint(), metrics(), wanted.sample_count, PROTOCOL],
        is_there=is_there,
        work=work,
    )


def _figures(loaded: LoadedRun, left_out: Sequence[str]) -> Step:
    run = loaded.run

    def names() -> list[str]:
        return [name for name in possible_figures(loaded) if name not in left_out]

    return Step(
        kind="figures",
        run=run.name,
        ledger=run.path / LEDGER,
        inputs=lambda: [_drawn_from(loaded), names()],
        is_there=lambda: all((run.figures / f"{name}.png").exists() for name in names()),
        work=lambda _: draw_figures(loaded, names()),
    )


def _explorer(loaded: LoadedRun, *, tsne: bool) -> Step:
    run = loaded.run
    return Step(
        kind=LAST,
        run=run.name,
        ledger=run.path / LEDGER,
        inputs=lambda: [run.weights_fingerprint(), identity(run), tsne, vaelab.__version__],
        is_there=(run.path / "explorer" / "explorer.json").exists,
        work=lambda _: write_explorer(loaded, tsne=tsne),
    )


def comparison_steps(
    study: Study, runs: Mapping[str, LoadedRun], is_lost: Callable[[str], bool], out: Path
) -> list[Step]:
    """Figures of several runs; of a sweep that lost some, what is left of it.

    Args:
        study: which figures, of which runs.
        runs: by name.
        is_lost: whether a run did not come to its end; asked when the figure's turn comes.
        out: the study's folder.
    """
    return [
        _comparison(figure, [runs[name] for name in names if name in runs], is_lost, out)
        for figure, names in study.comparisons.items()
    ]


def _comparison(
    figure: str, runs: list[LoadedRun], is_lost: Callable[[str], bool], out: Path
) -> Step:
    def left() -> list[LoadedRun]:
        found = [loaded for loaded in runs if not is_lost(loaded.run.name)]
        if len(found) < 2:
            raise InputError("it takes two runs, and fewer came to their end")
        return found

    return Step(
        kind=figure,
        run="",
        ledger=out / "figures" / LEDGER,
        inputs=lambda: [_drawn_from(loaded) for loaded in left()],
        is_there=(out / "figures" / f"{figure}.png").exists,
        work=lambda _: draw_comparison(figure, left(), out / "figures"),
    )


def _drawn_from(loaded: LoadedRun) -> list[Any]:
    """What the figures of a run show."""
    run = loaded.run
    return [
        identity(run),
        run.weights_fingerprint(),
        fingerprint(run.read_evaluation()),
        vaelab.__version__,
    ]
