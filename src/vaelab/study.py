"""Many runs from one command: data, training, evaluation, figures, comparison; done once each."""

import json
import math
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from vaelab.comparison import render
from vaelab.config import Config, DataConfig, ElboConfig
from vaelab.data import Dataset, DataUnavailableError, load_data
from vaelab.data.batches import Batches
from vaelab.data.summary import summarize
from vaelab.errors import entry
from vaelab.evaluation import METRICS, evaluate, possible_metrics
from vaelab.figures import (
    DATA_FIGURES,
    draw_comparison,
    draw_data,
    draw_figures,
    possible_figures,
)
from vaelab.files import write_json, write_text
from vaelab.loaded_run import LoadedRun
from vaelab.models import ImageShape, LatentVariableModel, build_model
from vaelab.presets import BETA_SWEEP, PRESETS, beta_vae
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run
from vaelab.training import Hardware, fit

QUICK_SAMPLE_COUNT = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """What is to be run, and what is to be set beside each other.

    Attributes:
        configs: by name of the run.
        illustrated: the runs whose own figures are drawn.
        comparisons: names of figures in `COMPARISONS`, each with the runs that it shows.
        metrics: keys of `METRICS` to take where they are defined; none: all but the longest.
        sample_count: samples to judge; none: as many as there are test images.
    """

    configs: dict[str, Config]
    illustrated: tuple[str, ...]
    comparisons: dict[str, tuple[str, ...]]
    metrics: tuple[str, ...] = ()
    sample_count: int | None = None


def _beta_runs(epochs: int, betas: tuple[float, ...]) -> dict[str, Config]:
    base = beta_vae()
    return {
        f"beta-{beta:g}": replace(
            base,
            objective=ElboConfig(beta=beta),
            training=replace(base.training, epochs=epochs, preview_every_epochs=0),
        )
        for beta in betas
    }


def _sweep_comparisons(runs: dict[str, Config]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(("rate-distortion", "beta-images", "beta-kl"), tuple(runs))


def beta_sweep() -> Study:
    """beta-vae at beta from 0.25 to 8."""
    runs = _beta_runs(beta_vae().training.epochs, BETA_SWEEP)
    return Study(configs=runs, illustrated=(), comparisons=_sweep_comparisons(runs))


def quick() -> Study:
    """A short look at everything, at most 6 minutes on 2 cores."""
    epochs = {
        "autoencoder": 4,
        "mlp-vae": 10,
        "mlp-vae-2d": 4,
        "cvae-2d": 2,
        "conv-vae": 2,
        "flagship": 3,
    }
    runs = {}
    for name, count in epochs.items():
        config = PRESETS[name]()
        runs[name] = replace(config, training=replace(config.training, epochs=count))
    sweep = _beta_runs(3, (0.25, 1.0, 4.0))
    return Study(
        configs=runs | sweep,
        illustrated=tuple(runs),
        comparisons={
            "autoencoder-beside-vae": ("autoencoder", "mlp-vae"),
            **_sweep_comparisons(sweep),
        },
        metrics=("losses", "frechet", "controllability"),
        sample_count=QUICK_SAMPLE_COUNT,
    )


def full() -> Study:
    """Every preset at its own settings, and the beta sweep; long."""
    runs = {name: preset() for name, preset in PRESETS.items() if name != "beta-vae"}
    sweep = beta_sweep()
    return Study(
        configs=runs | sweep.configs,
        illustrated=tuple(runs),
        comparisons={"autoencoder-beside-vae": ("autoencoder", "mlp-vae"), **sweep.comparisons},
    )


STUDIES: dict[str, Callable[[], Study]] = {
    "quick": quick,
    "beta-sweep": beta_sweep,
    "full": full,
}


def study_named(name: str) -> Study:
    """The study of that name.

    Raises:
        InputError: if there is none, naming the nearest.
    """
    return entry("study", name, STUDIES)()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a study leaves.

    Attributes:
        table: the comparison of all runs.
        summary: the page of table and figures.
    """

    table: str
    summary: Path


def run_study(
    study: Study, out: Path, data: DataConfig, *, data_dir: Path | None, hardware: Hardware
) -> Outcome:
    """Run what of `study` is not done yet in the folder `out`.

    Fashion-MNIST that cannot be had is replaced by wardrobe, and that is said; its results go
    into a folder of their own, beside the one that Fashion-MNIST's will have.

    Raises:
        InputError: if the data or the folder cannot be used.
    """
    dataset = _load(data, data_dir)
    if dataset is None:
        data, out = replace(data, name="wardrobe"), out.with_name(f"{out.name}-wardrobe")
        dataset = load_data(data)
    _say(f"data: {dataset.name}, {dataset.source}")
    _study_data(dataset, data, out / "data")
    configs = {
        name: _on(config, data) for name, config in _possible(study.configs, dataset).items()
    }
    finished: dict[str, LoadedRun] = {}
    with closing(StudyProgress(configs, dataset, out)) as progress:
        for name, config in configs.items():
            progress.begin(name)
            run = fit(config, out / name, dataset=dataset, hardware=hardware, observers=[progress])
            finished[name] = LoadedRun(run, dataset=dataset)
            _measure(finished[name], study)
            if name in study.illustrated:
                _illustrate(finished[name])
    for figure, names in study.comparisons.items():
        _compare(figure, [finished[name] for name in names], out / "figures")
    return _write_summary(study, out, finished)


def _load(data: DataConfig, data_dir: Path | None) -> Dataset | None:
    """The data set, or None where Fashion-MNIST cannot be had."""
    try:
        return load_data(data, data_dir)
    except DataUnavailableError:
        _say(
            "Fashion-MNIST is neither on disk nor to be downloaded: going on with the built-in "
            "wardrobe set, and every artefact says so"
        )
        return None


def _possible(configs: dict[str, Config], dataset: Dataset) -> dict[str, Config]:
    """Without the conditional models where no image has a label."""
    if dataset.train.labels is not None:
        return configs
    left_out = [name for name, config in configs.items() if config.model.conditional]
    if left_out:
        _say(f"{dataset.name} has no labels: {', '.join(left_out)} cannot be trained on it")
    return {name: config for name, config in configs.items() if name not in left_out}


def _on(config: Config, data: DataConfig) -> Config:
    """The run on other data; what its preset asks of any data stays unless it is set."""
    chosen = {
        field.name: value
        for field in fields(DataConfig)
        if (value := getattr(data, field.name)) != field.default
    }
    return replace(config, data=replace(config.data, **chosen))


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _study_data(dataset: Dataset, config: DataConfig, folder: Path) -> None:
    """Numbers and figures of the data, unless they are there for the same images and split."""
    path = folder / "summary.json"
    summary = summarize(dataset, config)
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) == summary:
        return
    draw_data(dataset, summary, folder)
    # Last, as the sign that the figures are whole.
    write_json(path, summary)


def _measure(loaded: LoadedRun, study: Study) -> None:
    """Take what of the study's metrics is defined for the run and not there yet."""
    stored = loaded.run.read_evaluation().get("metrics", {})
    missing = [
        name
        for name in possible_metrics(loaded)
        if (not study.metrics or name in study.metrics)
        and not METRICS[name].measures.keys() & stored.keys()
    ]
    if missing:
        evaluate(loaded, metrics=missing, sample_count=study.sample_count)


def _illustrate(loaded: LoadedRun) -> None:
    """Draw the figures of a run that are not there yet."""
    missing = [
        name
        for name in possible_figures(loaded)
        if not (loaded.run.figures / f"{name}.svg").exists()
    ]
    if missing:
        draw_figures(loaded, missing)


def _compare(figure: str, runs: list[LoadedRun], folder: Path) -> None:
    """Draw a figure of several runs, unless it is there and newer than their evaluations."""
    drawn = folder / f"{figure}.svg"
    newest = max((run.run.path / "evaluation.json").stat().st_mtime_ns for run in runs)
    if not drawn.exists() or drawn.stat().st_mtime_ns < newest:
        draw_comparison(figure, runs, folder)


class StudyProgress:
    """Time left for all runs together, by arithmetic done, which time follows closely."""

    def __init__(self, configs: dict[str, Config], dataset: Dataset, out: Path) -> None:
        self.names = list(configs)
        self.work_per_step = {
            name: config.training.batch_size * _operations_per_image(config, dataset)
            for name, config in configs.items()
        }
        self.current = 0.0
        card = DataCard.of(dataset)
        total = sum(
            self.work_per_step[name]
            * _steps_left(Run(out / name, config, card), len(dataset.train))
            for name, config in configs.items()
        )
        self.bar = tqdm(
            total=total,
            file=sys.stderr,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed} gone, about {remaining} left",
        )

    def begin(self, name: str) -> None:
        """A run begins, or is passed over as done."""
        self.bar.set_description_str(f"run {self.names.index(name) + 1} of {len(self.names)}")
        self.current = self.work_per_step[name]

    def on_step(self) -> None:
        """One batch more."""
        self.bar.update(self.current)

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Nothing."""

    def close(self) -> None:
        """All runs are done, or one failed."""
        self.bar.close()


def _steps_left(run: Run, image_count: int) -> int:
    state = run.load_checkpoint_state()
    if state is not None and state["is_finished"]:
        return 0
    images = (1 - run.config.data.validation_fraction) * image_count
    epochs = run.config.training.epochs - (0 if state is None else state["epochs_done"])
    return epochs * math.ceil(images / run.config.training.batch_size)


def _operations_per_image(config: Config, dataset: Dataset) -> int:
    """Floating-point operations of one image's forward pass."""
    images = dataset.train.images[:1]
    shape = ImageShape(*images.shape[1:])
    model = build_model(
        config.model, shape, len(dataset.train.class_names), generator(config.seed, "weights")
    )
    batch = Batches(dataset.train.take(np.zeros(1, np.int64)), torch.device("cpu")).at(
        torch.zeros(1, dtype=torch.int64), generator(0, "noise")
    )
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(batch.x, batch.labels, generator(0, "noise"))
    return int(counter.get_total_flops())


def _write_summary(study: Study, out: Path, finished: dict[str, LoadedRun]) -> Outcome:
    """A page of table and figures that any viewer of Markdown shows."""
    runs = [loaded.run for loaded in finished.values()]
    pictures = [out / "data" / f"{name}.png" for name in DATA_FIGURES]
    pictures += [out / "figures" / f"{name}.png" for name in study.comparisons]
    for name in study.illustrated:
        if name in finished:
            pictures += sorted(finished[name].run.figures.glob("*.png"))
    shown = "\n\n".join(
        f"### {_heading(path, out)}\n\n![{path.stem}]({path.relative_to(out).as_posix()})"
        for path in pictures
    )
    data = next(iter(finished.values())).run.data
    heading = f"# Study on {data.name}\n\nData: {data.source}"
    summary = out / "summary.md"
    write_text(summary, f"{heading}\n\n{render(runs, 'markdown')}\n{shown}\n")
    return Outcome(render(runs, "table"), summary)


def _heading(picture: Path, out: Path) -> str:
    """Whose figure it is, and which."""
    owner = picture.relative_to(out).parts[0]
    return picture.stem if owner == "figures" else f"{owner}: {picture.stem}"
