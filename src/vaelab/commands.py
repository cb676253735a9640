"""The subcommands, one function each. Imports that cost time wait until one runs."""

import json as json_format
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import (
    OmitArgPrefixes,
    Positional,
    UseAppendAction,
    arg,
)

from vaelab.config import ClassifierConfig
from vaelab.errors import InputError
from vaelab.presets import CLASSIFIER_PRESETS, PRESETS, describe, preset
from vaelab.settings import C, describe_fields, field_help, with_settings

if TYPE_CHECKING:
    from vaelab.evaluation import Result
    from vaelab.loaded_run import LoadedRun
    from vaelab.runs import Run
    from vaelab.training import Hardware

# The exit code of a study of which some runs failed; the rest of it is there.
SOMETHING_FAILED = 1

# Fewer active units than this share of the latent size is told as posterior collapse.
COLLAPSED_SHARE = 0.1

DataDir = Annotated[Path | None, arg(help="where the images lie, before VAELAB_DATA and the cache")]
Seed = Annotated[int, arg(help="of every random draw")]
AsJson = Annotated[bool, arg(help="print JSON")]
Settings = Annotated[
    tuple[tuple[str, ...], ...],
    UseAppendAction,
    arg(name="set", metavar="FIELD=VALUE", help="replace fields of the preset"),
]
Accelerator = Annotated[str, arg(help="cpu, gpu, or auto: a GPU where there is one")]
Devices = Annotated[int, arg(help="processes, each with a device of its own")]
Nodes = Annotated[int, arg(help="hosts")]
Compile = Annotated[
    bool, arg(help="have torch.compile make kernels for the model, a minute before the first step")
]
Precision = Annotated[str, arg(help="32-true, or bf16-mixed where the hardware has it")]


@dataclass(frozen=True)
class Fetch:
    """Download Fashion-MNIST and verify it.

    Attributes:
        data_dir: where to put it; by default the user's cache.
    """

    data_dir: Path | None = None


@dataclass(frozen=True)
class Show:
    """Numbers and figures of a data set.

    Attributes:
        data: fashion-mnist, wardrobe, a folder of images, or an .npz file.
        data_dir: folder of Fashion-MNIST's files, before VAELAB_DATA and the cache.
        out: where to put the figures.
        json: print the numbers as JSON.
    """

    data: str = "fashion-mnist"
    data_dir: Path | None = None
    out: Path = Path("runs/data")
    json: bool = False


def data(command: OmitArgPrefixes[Fetch | Show]) -> None:
    """Download and verify, or look at, a data set."""
    from vaelab.data import data_config, fashion_mnist, load_data
    from vaelab.data.summary import summarize
    from vaelab.figures import draw_data

    if isinstance(command, Fetch):
        _print(f"Fashion-MNIST, verified, in {fashion_mnist.fetch(command.data_dir)}")
        return
    config = data_config(command.data)
    dataset = load_data(config, command.data_dir)
    summary = summarize(dataset, config)
    paths = draw_data(dataset, summary, command.out)
    if command.json:
        _print(_to_json(summary))
        return
    _print(f"{summary['name']}: {summary['source']}")
    for name, numbers in summary["splits"].items():
        pixels = numbers["pixels"]
        _print(
            f"{name:<11}{numbers['images']:>7,} images  mean {pixels['mean']:.3f}  "
            f"std {pixels['std']:.3f}  in [0, 1]: {'yes' if pixels['in_unit_range'] else 'NO'}  "
            f"entropy {numbers['entropy_nats_per_image']:.3f} nats per image"
        )
    _print_paths(paths)


def train(
    preset_name: Annotated[Positional[str], arg(metavar="PRESET", help="one of those above")],
    /,
    *,
    data: Annotated[
        str | None, arg(help="fashion-mnist, wardrobe, a folder of images, or an .npz file")
    ] = None,
    data_dir: DataDir = None,
    out: Annotated[Path | None, arg(help="run folder; none: runs/PRESET")] = None,
    settings: Settings = (),
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    precision: Precision = "32-true",
    compile: Compile = False,  # noqa: A002
    checkpoint_steps: Annotated[
        int | None, arg(metavar="N", help="keep the state at least so often; none: each epoch")
    ] = None,
    checkpoint_seconds: Annotated[
        float | None, arg(metavar="S", help="keep the state at least so often")
    ] = 300.0,
) -> None:
    """Train a preset, or go on with an interrupted run."""
    # Before torch is imported, so that what is misspelt is told at once.
    is_classifier = preset_name in CLASSIFIER_PRESETS
    chosen = CLASSIFIER_PRESETS[preset_name]() if is_classifier else preset(preset_name)
    config = _configure(chosen, data, settings)

    from vaelab.data import load_data
    from vaelab.training import CheckpointSchedule, Hardware, fit

    out = out or Path("runs") / preset_name
    hardware = Hardware(
        accelerator=accelerator, devices=devices, nodes=nodes, precision=precision, compile=compile
    )
    checkpoint_schedule = CheckpointSchedule(steps=checkpoint_steps, seconds=checkpoint_seconds)
    if isinstance(config, ClassifierConfig):
        _train_classifier(config, out, data_dir, hardware)
        return
    dataset = load_data(config.data, data_dir)
    run = fit(
        config,
        out,
        dataset=dataset,
        hardware=hardware,
        checkpoint_schedule=checkpoint_schedule,
    )
    from lightning_fabric.utilities.rank_zero import rank_zero_only

    rank_zero_only(_print_training_summary)(run)


def _train_classifier(
    config: ClassifierConfig, out: Path, data_dir: Path | None, hardware: "Hardware"
) -> None:
    from vaelab.data import load_data
    from vaelab.features import train_classifier

    classifier = train_classifier(config, out, load_data(config.data, data_dir), hardware=hardware)
    card = classifier.card
    _print(
        f"{out}: names the class of {card.test_accuracy:.2%} of {card.test_count:,} test images, "
        f"{card.parameter_count:,} parameters, SHA-256 {card.fingerprint}"
    )


def evaluate(
    runs: Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN...")] = (),
    /,
    *,
    samples: Annotated[
        Path | None,
        arg(metavar="X", help="classifier anybody's images instead: an .npz, an .npy or a folder"),
    ] = None,
    data: Annotated[
        str | None, arg(help="what --samples are compared with; none: fashion-mnist")
    ] = None,
    data_dir: DataDir = None,
    metrics: Annotated[
        tuple[str, ...],
        arg(metavar="NAME...", help="take these alone; docs/evaluation.md tells all"),
    ] = (),
    protocol: Annotated[
        str, arg(help="default, or exemplar: binarized, 50,000 training images, k of 5,000")
    ] = "default",
    sample_count: Annotated[
        int | None, arg(metavar="N", help="samples to classifier; none: as many as test images")
    ] = None,
    importance_samples: Annotated[
        int | None, arg(aliases=["-k"], metavar="K", help="draws of the importance-weighted bound")
    ] = None,
    seed: Seed = 0,
    json: AsJson = False,
) -> None:
    """Measure trained runs, or anybody's samples, on the test images."""
    from vaelab.data import data_config
    from vaelab.evaluation import evaluate as evaluate_run
    from vaelab.evaluation import evaluate_file

    if samples is not None:
        if runs:
            raise InputError("vaelab evaluate takes runs or --samples, not both")
        if protocol != "default" or sample_count or importance_samples:
            raise InputError("--protocol, --sample-count and -k are for runs, not for --samples")
        results, details = evaluate_file(
            samples, data_config(data or "fashion-mnist"), data_dir, metrics=metrics, seed=seed
        )
        _print_evaluations({samples: (results, details)}, json=json)
        return
    _require_some(runs, "evaluate")
    if data is not None:
        raise InputError("--data is for --samples: runs know their own data")
    evaluations: dict[Path, Any] = {}
    for path in runs:
        results = evaluate_run(
            _load(path, data_dir),
            metrics=metrics,
            protocol=protocol,
            seed=seed,
            sample_count=sample_count,
            importance_samples=importance_samples,
            show_progress=True,
        )
        evaluations[path] = results, {}
    _print_evaluations(evaluations, json=json)


def _print_evaluations(
    evaluations: "dict[Path, tuple[dict[str, Result], dict[str, Any]]]", *, json: bool
) -> None:
    from vaelab.evaluation import as_text

    if json:
        listed = [
            {
                "of": str(path),
                "metrics": {name: asdict(result) for name, result in results.items()},
                "details": details,
            }
            for path, (results, details) in evaluations.items()
        ]
        _print(_to_json(listed))
        return
    for path, (results, _) in evaluations.items():
        _print(f"{path}\n{as_text(results)}")


def sample(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    *,
    class_name: Annotated[
        str | None, arg(name="class", metavar="NAME", help="class to make, of a conditional model")
    ] = None,
    count: Annotated[int, arg(name="n", aliases=["-n"], metavar="N", help="images")] = 50,
    out: Annotated[Path, arg(help="a .png picture, or an .npz of floats in [0, 1]")] = Path(
        "samples.png"
    ),
    seed: Seed = 0,
) -> None:
    """Make images from a trained run."""
    from vaelab.sampling import save_samples

    save_samples(_load(run, None), out, count=count, class_name=class_name, seed=seed)
    _print(str(out))


def figures(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    names: Annotated[Positional[tuple[str, ...]], arg(metavar="NAME...")] = (),
    /,
    *,
    data_dir: DataDir = None,
) -> None:
    """Draw figures of a trained run: those named, or all that it can have."""
    from vaelab.figures import draw_figures

    _print_paths(draw_figures(_load(run, data_dir), names))


def compare(
    runs: Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN...")],
    /,
    *,
    columns: Annotated[
        tuple[str, ...], arg(metavar="NAME...", help="numbers to show; none: the usual ones")
    ] = (),
    form: Annotated[str, arg(name="format", help="table, markdown, csv or json")] = "table",
    figure: Annotated[
        str | None, arg(metavar="NAME", help="also draw this figure of all runs; see below")
    ] = None,
    out: Annotated[Path, arg(help="where to put the figure")] = Path("runs/figures"),
    data_dir: DataDir = None,
) -> None:
    """Set evaluated runs beside each other."""
    from vaelab.comparison import render
    from vaelab.figures import draw_comparison
    from vaelab.runs import open_run

    _require_some(runs, "compare")
    table = render([open_run(path) for path in runs], form, columns)
    loaded = [_load(path, data_dir) for path in runs] if figure else []
    pictures = [draw_comparison(figure, loaded, out)] if figure else []
    _print(table, end="")
    _print_paths(pictures)


def study(
    name: Annotated[
        Positional[str],
        arg(metavar="NAME", help="quick, beta-sweep, full, or a TOML file of your own"),
    ] = "quick",
    /,
    *,
    data: Annotated[
        str | None,
        arg(help="fashion-mnist, wardrobe, a folder of images, or an .npz file; none: the study's"),
    ] = None,
    data_dir: DataDir = None,
    out: Annotated[Path | None, arg(help="its folder; none: runs/NAME")] = None,
    accelerator: Accelerator = "auto",
    executor: Annotated[
        str,
        arg(
            help="local: one run at a time; processes: worker processes; ray: the "
            "cluster at RAY_ADDRESS, else one of this machine's own, where --out and the data "
            "must be storage that all hosts share"
        ),
    ] = "local",
    workers: Annotated[
        int | None,
        arg(metavar="N", help="with --executor processes: how many; none: one for each core"),
    ] = None,
    cpus: Annotated[
        float | None, arg(metavar="N", help="with --executor ray: of each run; none: 1")
    ] = None,
    gpus: Annotated[
        float | None,
        arg(metavar="N", help="with --executor ray: of each run; none: 1 if there are any"),
    ] = None,
) -> None:
    """Run many experiments, measure and compare them, and write their page; nothing twice."""
    from vaelab.data import data_config
    from vaelab.studies import executor_named, read_study, run_study, study_named
    from vaelab.training import Hardware

    chosen_executor = executor_named(executor, workers=workers, cpus=cpus, gpus=gpus)
    file = Path(name)
    planned = read_study(file) if file.suffix == ".toml" else study_named(name)
    if data is not None:
        chosen = data_config(data)
        planned = replace(planned, data=replace(planned.data, name=chosen.name, path=chosen.path))
    outcome = run_study(
        planned,
        out or Path("runs") / planned.name,
        data_dir=data_dir,
        hardware=Hardware(accelerator=accelerator),
        command=shlex.join(["vaelab", "study", file.name, *(["--data", data] if data else [])]),
        executor=chosen_executor,
    )
    _print(f"\n{outcome.table}")
    for line in outcome.failures:
        _print(line)
    _print(f"open {outcome.page}, or serve it: vaelab open {outcome.page.parent}")
    if outcome.failures:
        sys.exit(SOMETHING_FAILED)


def search(
    preset_name: Annotated[Positional[str], arg(metavar="PRESET", help="as for vaelab train")],
    /,
    *,
    over: Annotated[
        tuple[tuple[str, ...], ...],
        UseAppendAction,
        arg(
            metavar="FIELD=VALUES",
            help="fields to search over: FIELD=LOW..HIGH, FIELD=LOW..HIGH:log, FIELD=A,B,C, or "
            "FIELD=A/B/C where values hold commas",
        ),
    ] = (),
    trials: Annotated[
        int, arg(metavar="N", help="how many there are to be, with those that are there")
    ] = 20,
    minimize: Annotated[
        str,
        arg(
            metavar="VALUE",
            help="validation.negative_elbo, validation.reconstruction, validation.kl, "
            "train.negative_elbo or "
            "selection_loss, which weighs the KL by the trial's own beta",
        ),
    ] = "validation.negative_elbo",
    data: Annotated[
        str | None, arg(help="fashion-mnist, wardrobe, a folder of images, or an .npz file")
    ] = None,
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        arg(help="its folder; none: runs/search-PRESET. The same command there joins the search"),
    ] = None,
    storage: Annotated[
        str | None,
        arg(metavar="X", help="where Optuna keeps it: a file or a database's URL; none: in --out"),
    ] = None,
    settings: Settings = (),
    seed: Annotated[int, arg(help="of what is tried; a run's own is its field seed")] = 0,
    prune: Annotated[bool, arg(help="let also trials that go badly come to their end")] = True,
    accelerator: Accelerator = "auto",
) -> None:
    """Search for good settings in trials, each a run; any number of processes share them."""
    from vaelab.search import Search, read_space, run_search
    from vaelab.training import Hardware

    config = _configure(preset(preset_name), data, settings)
    plan = Search(
        config=config,
        over=read_space(config, [text for group in over for text in group]),
        minimize=minimize,
        seed=seed,
        prune=prune,
    )
    found = run_search(
        plan,
        out or Path("runs") / f"search-{preset_name}",
        trials=trials,
        storage=storage,
        data_dir=data_dir,
        hardware=Hardware(accelerator=accelerator),
    )
    _print(f"{found.summary}\n\n{found.table}\n\nbest: {found.best}, again: {found.command}")


def report(
    folder: Annotated[Positional[Path], arg(metavar="DIR", help="of a study, or of run folders")],
    /,
) -> None:
    """Write the page of stored results anew; nothing is trained or measured."""
    from vaelab.report import build_site

    _print(str(build_site(folder)))


def export(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    *,
    out: Annotated[
        Path | None,
        arg(metavar="FILE.onnx", help="FILE.encoder.onnx, FILE.decoder.onnx; none: RUN/model.onnx"),
    ] = None,
) -> None:
    """Write a trained run's encoder and decoder as ONNX, checked against PyTorch."""
    from vaelab.export import export_onnx

    _print_paths(export_onnx(_load(run, None), out or run / "model.onnx"))


def open_site(
    folder: Annotated[Positional[Path], arg(metavar="DIR", help="of a study, or of its site")],
    /,
    *,
    port: Annotated[int, arg(help="on 127.0.0.1; 0: any that is free")] = 0,
    browser: Annotated[bool, arg(help="open the page in no browser")] = True,
) -> None:
    """Serve a site to this machine alone, and open it."""
    from vaelab.serving import serve

    serve(folder, port=port, open_browser=browser)


def doctor(*, json: AsJson = False) -> None:
    """Versions, devices, data found, and what optional parts are missing."""
    from vaelab.doctor import examine

    found = examine()
    if json:
        _print(_to_json(found))
        return
    width = max(map(len, found))
    for name, value in found.items():
        _print(f"{name:<{width}}  {value}")


def _print(text: str, end: str = "\n") -> None:
    print(text, end=end)  # noqa: T201


def _print_paths(paths: Sequence[Path]) -> None:
    for path in paths:
        _print(str(path))


def describe_presets() -> str:
    """All presets, and all fields that can be set, a line each."""
    lines = [
        f"  {name:<17} {describe(made)}" for name, made in (PRESETS | CLASSIFIER_PRESETS).items()
    ]
    values = dict(describe_fields(PRESETS["mlp-vae"]()))
    fields = []
    for name, text in field_help()[1:]:  # the preset is named by the argument
        value = values.get(name, values.get(f"{name}.kind"))
        setting = name if value is None else f"{name}={value}"
        fields.append(f"  {setting:<42} {text}")
    return "\n".join(
        [
            "Presets:",
            *lines,
            "",
            "Fields for --set, with mlp-vae's values where it has them:",
            *fields,
        ]
    )


def _configure(config: C, data: str | None, settings: Settings) -> C:
    if data is not None:
        from vaelab.data import data_config

        chosen = data_config(data)
        config = replace(config, data=replace(config.data, name=chosen.name, path=chosen.path))
    pairs = [setting for group in settings for setting in group]
    for pair in pairs:
        if "=" not in pair:
            raise InputError(f"--set takes FIELD=VALUE, found {pair!r}")
    return with_settings(config, dict(pair.split("=", 1) for pair in pairs))


def _require_some(runs: tuple[Path, ...], command: str) -> None:
    if not runs:
        raise InputError(f"vaelab {command} needs at least one run folder")


def _load(path: Path, data_dir: Path | None) -> "LoadedRun":
    from vaelab.loaded_run import load_run

    return load_run(path, data_dir)


def _print_training_summary(run: "Run") -> None:
    """What came out, and what to do about it where it came out badly."""
    records = run.read_metrics()
    best = min(records, key=lambda record: record["selection_loss"])
    validation = best["validation"]
    _print(
        f"{run.path}: best epoch {best['epoch']} of {len(records)}, validation "
        f"{validation['negative_elbo']:.2f} = {validation['reconstruction']:.2f} reconstruction "
        f"+ {validation['kl']:.2f} KL"
    )
    if validation["reconstruction_floor"] is not None:
        _print(f"floor of the reconstruction: {validation['reconstruction_floor']:.3f}")
    active, size = best["active_units"], run.config.model.latent_size
    if active is not None:
        _print(f"active units: {active} of {size} latent dimensions")
        if active < COLLAPSED_SHARE * size:
            _print(
                "the posterior collapsed: nearly all latent dimensions ignore the image. Lower "
                "objective.beta, or set objective.kl_schedule=warmup, or "
                "objective.free_bits_nats (such as 0.1)"
            )
    _print(f"next: vaelab evaluate {run.path}; vaelab figures {run.path}")


def _to_json(value: Any) -> str:
    return json_format.dumps(value, indent=2)


COMMANDS: dict[str, Callable[..., None]] = {
    "data": data,
    "train": train,
    "evaluate": evaluate,
    "sample": sample,
    "figures": figures,
    "compare": compare,
    "study": study,
    "search": search,
    "report": report,
    "export": export,
    "open": open_site,
    "doctor": doctor,
}
