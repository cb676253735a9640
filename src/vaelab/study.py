"""Many runs from one command: data, training, evaluation, figures, comparison; done once each."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from vaelab.comparison import group_by_data, read_rows, render
from vaelab.config import Config, DataConfig, ElboConfig
from vaelab.data import Dataset, DataUnavailableError, load_data
from vaelab.data.batches import Batches
from vaelab.data.summary import summarize
from vaelab.errors import unknown_name
from vaelab.evaluation import evaluate
from vaelab.figures import DATA_FIGURES, FIGURES, draw_comparison, draw_data, draw_figures
from vaelab.files import write_json, write_text
from vaelab.loaded_run import LoadedRun
from vaelab.models import ImageShape, LatentVariableModel, build_model
from vaelab.presets import BETA_SWEEP, PRESETS, beta_vae
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run
from vaelab.training import Hardware, fit


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """What is to be run, and what is to be set beside each other.

    Attributes:
        configs: by name of the run.
        illustrated: the runs whose own figures are drawn.
        comparisons: names of figures in `COMPARISONS`, each with the runs that it shows.
    """

    configs: dict[str, Config]
    illustrated: tuple[str, ...]
    comparisons: dict[str, tuple[str, ...]]


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
        "autoencoder": 5,
        "mlp-vae": 10,
        "mlp-vae-2d": 5,
        "cvae-2d": 5,
        "conv-vae": 2,
        "flagship": 4,
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
    )


def full() -> Study:
    """Every preset at its own settings, and the beta sweep; hours."""
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
    if name not in STUDIES:
        raise unknown_name("study", name, STUDIES)
    return STUDIES[name]()


def run_study(
    study: Study, out: Path, data: DataConfig, *, data_dir: Path | None, hardware: Hardware
) -> str:
    """Run what of `study` is not done yet in the folder `out`.

    Fashion-MNIST that cannot be had is replaced by wardrobe, and that is said.

    Returns:
        The comparison of all runs, as a table.

    Raises:
        InputError: if the data or the folder cannot be used.
    """
    data, dataset = _load_or_fall_back(data, data_dir)
    _say(f"data: {dataset.name}, {dataset.source}")
    _study_data(dataset, data, out / "data")
    configs = {name: replace(config, data=data) for name, config in study.configs.items()}
    progress = StudyProgress(configs, dataset, out)
    finished: dict[str, LoadedRun] = {}
    for name, config in configs.items():
        progress.begin(name)
        run = fit(config, out / name, dataset=dataset, hardware=hardware, observers=[progress])
        finished[name] = LoadedRun(run, dataset=dataset)
        _finish(finished[name], is_illustrated=name in study.illustrated)
    progress.end()
    for figure, names in study.comparisons.items():
        draw_comparison(figure, [finished[name] for name in names], out / "figures")
    return _write_summary(study, out, finished)


def _load_or_fall_back(data: DataConfig, data_dir: Path | None) -> tuple[DataConfig, Dataset]:
    try:
        return data, load_data(data, data_dir)
    except DataUnavailableError as error:
        _say(f"{error}\ngoing on with the built-in wardrobe set; every artefact says so")
        data = replace(data, name="wardrobe")
        return data, load_data(data)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _study_data(dataset: Dataset, config: DataConfig, folder: Path) -> None:
    """Numbers and figures of the data, unless they are there for the same images."""
    summary = summarize(dataset, config)
    write_json(folder / "summary.json", summary)
    draw_data(dataset, summary, folder)


def _finish(loaded: LoadedRun, *, is_illustrated: bool) -> None:
    """Evaluate and draw a trained run, where that was not done yet."""
    if not loaded.run.read_evaluation():
        evaluate(loaded)
    missing = [
        name
        for name, figure in FIGURES.items()
        if figure.obstacle(loaded) is None and not (loaded.run.figures / f"{name}.svg").exists()
    ]
    if is_illustrated and missing:
        draw_figures(loaded, missing)


class StudyProgress:
    """Time left for all runs together, by arithmetic done, which time follows closely."""

    def __init__(self, configs: dict[str, Config], dataset: Dataset, out: Path) -> None:
        self.work_per_step = {
            name: config.training.batch_size * _operations_per_image(config, dataset)
            for name, config in configs.items()
            if not Run(out / name, config, DataCard.of(dataset)).is_finished()
        }
        images = (1 - configs[next(iter(configs))].data.validation_fraction) * len(dataset.train)
        self.names = list(configs)
        total = sum(
            work
            * math.ceil(images / configs[name].training.batch_size)
            * configs[name].training.epochs
            for name, work in self.work_per_step.items()
        )
        self.current = 0.0
        self.bar = tqdm(
            total=total,
            file=sys.stderr,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed} gone, about {remaining} left",
        )

    def begin(self, name: str) -> None:
        """A run begins, or is passed over as done."""
        self.bar.set_description_str(f"run {self.names.index(name) + 1} of {len(self.names)}")
        self.current = self.work_per_step.get(name, 0.0)

    def on_step(self) -> None:
        """One batch more."""
        self.bar.update(self.current)

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Nothing."""

    def end(self) -> None:
        """All runs are done."""
        self.bar.close()


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


def _write_summary(study: Study, out: Path, finished: dict[str, LoadedRun]) -> str:
    """A page of table and figures that any viewer of Markdown shows; returns the plain table."""
    groups = [read_rows(group) for group in group_by_data([run.run for run in finished.values()])]
    pictures = [out / "data" / f"{name}.png" for name in DATA_FIGURES]
    pictures += [out / "figures" / f"{name}.png" for name in study.comparisons]
    for name in study.illustrated:
        pictures += sorted(finished[name].run.figures.glob("*.png"))
    shown = "\n\n".join(
        f"### {_heading(path, out)}\n\n![{path.stem}]({path.relative_to(out).as_posix()})"
        for path in pictures
    )
    data = next(iter(finished.values())).run.data
    heading = f"# Study on {data.name}\n\nData: {data.source}"
    table = render(groups, "markdown")
    write_text(out / "summary.md", f"{heading}\n\n{table}\n{shown}\n")
    return render(groups, "table")


def _heading(picture: Path, out: Path) -> str:
    """Whose figure it is, and which."""
    owner = picture.relative_to(out).parts[0]
    return picture.stem if owner == "figures" else f"{owner}: {picture.stem}"
