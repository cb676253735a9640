"""`vaelab train`: train a preset, or continue a run."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from vaelab.cli.options import (
    AS_STORED,
    DATA_SETS,
    Accelerator,
    DataDir,
    Plugins,
    ReadingOptions,
    Settings,
    configure,
    load_plugins,
    option,
)
from vaelab.cli.output import note_data, print_text, two_columns
from vaelab.config import ClassifierConfig, Config
from vaelab.errors import InputError
from vaelab.presets import CLASSIFIER_PRESETS, PRESETS, describe, preset
from vaelab.pretrained_runs import is_pretrained
from vaelab.settings import describe_fields, field_help

if TYPE_CHECKING:
    from vaelab.data import Dataset
    from vaelab.runs import Run
    from vaelab.training import Hardware


def train(
    preset_name: Annotated[
        Positional[str],
        arg(
            metavar="PRESET|RUN",
            help="one of the presets above, or a run folder, to resume it with its own settings",
        ),
    ],
    /,
    *,
    data: Annotated[str | None, option(DATA_SETS, "DATA", "the preset's")] = None,
    data_dir: DataDir = None,
    images: ReadingOptions = AS_STORED,
    out: Annotated[Path | None, option("run folder", "DIR", "runs/PRESET")] = None,
    settings: Settings = (),
    more_epochs: Annotated[
        int | None,
        option(
            "train the finished run in RUN for N more epochs; schedules are then those of the new "
            "total",
            "N",
            "none",
        ),
    ] = None,
    from_run: Annotated[
        Path | None,
        option(
            "start from the weights of this run, which has the same model",
            "RUN",
            "random weights",
            name="from",
        ),
    ] = None,
    accelerator: Accelerator = "auto",
    devices: Annotated[int, option("number of processes, one device each", "N")] = 1,
    nodes: Annotated[int, option("number of hosts", "N")] = 1,
    precision: Annotated[
        str,
        option(
            "auto, 32-true or bf16-mixed; auto: bf16-mixed if the hardware multiplies bfloat16 "
            "natively; a resumed run keeps its precision",
            "NAME",
        ),
    ] = "auto",
    compile: Annotated[  # noqa: A002
        bool, arg(help="compile the model with torch.compile, which takes about a minute")
    ] = False,
    checkpoint_steps: Annotated[
        int | None,
        option("save a checkpoint every N steps, and after each epoch", "N", "epochs only"),
    ] = None,
    checkpoint_seconds: Annotated[
        float | None, option("save a checkpoint every S seconds, and after each epoch", "S")
    ] = 300.0,
    plugin: Plugins = (),
) -> None:
    """Train a preset, resume an interrupted run, or train a finished one for more epochs.

    The command that began a run resumes it, and so does vaelab train RUN.
    """
    load_plugins(plugin)
    if is_pretrained(preset_name):
        raise InputError(
            f"{preset_name} is trained, and ships without the state that its training would resume "
            f"from; start from its weights with `vaelab train PRESET --from {preset_name}`"
        )
    if preset_name not in PRESETS | CLASSIFIER_PRESETS and _is_run_folder(preset_name):
        given = (data, out, from_run, *settings)
        if any(each is not None for each in given) or images != AS_STORED:
            raise InputError(
                "--data with its options, --out, --set and --from are for presets: "
                f"{preset_name} is a run folder and keeps its settings"
            )
        config = None
    else:
        if more_epochs is not None:
            raise InputError(
                "--more-epochs continues a run: name a run folder such as ./runs/mlp-vae, found "
                f"{preset_name!r}"
            )
        # Checked before torch is imported, so that a misspelled name is reported at once.
        config = configure(_preset(preset_name), data, images, settings)
        if from_run is not None and not isinstance(config, Config):
            raise InputError(f"--from is for models: {preset_name} is a classifier")

    from lightning_fabric.utilities.rank_zero import rank_zero_only

    from vaelab.data import load_data
    from vaelab.runs import open_run
    from vaelab.runs.derived import initial_weights_of
    from vaelab.training import CheckpointSchedule, Hardware, continue_training, fit

    out = out or Path("runs") / preset_name
    hardware = Hardware(
        accelerator=accelerator, devices=devices, nodes=nodes, precision=precision, compile=compile
    )
    checkpoint_schedule = CheckpointSchedule(steps=checkpoint_steps, seconds=checkpoint_seconds)
    if isinstance(config, Config) and from_run is not None:
        config = replace(config, initial_weights=initial_weights_of(from_run, out))
    existing = open_run(preset_name).config if config is None else config
    dataset = load_data(existing.data, data_dir)
    rank_zero_only(note_data)(dataset)
    if isinstance(config, ClassifierConfig):
        _train_classifier(config, out, dataset, hardware)
        return
    if config is None:
        run = continue_training(
            open_run(preset_name),
            more_epochs=more_epochs,
            dataset=dataset,
            hardware=hardware,
            checkpoint_schedule=checkpoint_schedule,
        )
    else:
        run = fit(
            config,
            out,
            dataset=dataset,
            hardware=hardware,
            checkpoint_schedule=checkpoint_schedule,
        )
    rank_zero_only(print_summary)(run, plugin)


def _is_run_folder(name: str) -> bool:
    """Whether a name that is no preset's is that of a run folder.

    Raises:
        InputError: if it is that of another folder.
    """
    if (Path(name) / "config.json").exists():
        return True
    if Path(name).is_dir():
        raise InputError(f"{name} is not a run folder: it has no config.json")
    return False


def _preset(name: str) -> Config | ClassifierConfig:
    return CLASSIFIER_PRESETS[name]() if name in CLASSIFIER_PRESETS else preset(name)


def _train_classifier(
    config: ClassifierConfig, out: Path, dataset: "Dataset", hardware: "Hardware"
) -> None:
    from vaelab.features import train_classifier

    classifier = train_classifier(config, out, dataset, hardware=hardware)
    card = classifier.card
    print_text(
        f"{out}: accuracy {card.test_accuracy:.2%} on {card.test_count:,} test images, "
        f"{card.parameter_count:,} parameters, SHA-256 {card.fingerprint}"
    )


def print_summary(run: "Run", plugin: Sequence[Path]) -> None:
    """Print the result of the training, what went wrong in it, and the next commands."""
    from vaelab.runs.summary import best_record, divergence, has_collapsed, validation_text
    from vaelab.training.step_scalars import ADVICE

    records = run.read_metrics()
    best = best_record(records)
    validation = best["validation"]
    losses = validation_text(validation, run.capabilities.unit)
    print_text(f"{run.path}: best epoch {best['epoch']} of {len(records)}, {losses}")
    if validation["reconstruction_floor"] is not None:
        print_text(f"lowest possible reconstruction: {validation['reconstruction_floor']:.3f}")
    if run.precision is not None:
        print_text(f"precision of the training: {run.precision}")
    active, size = best["active_units"], run.capabilities.latent_size
    if active is not None:
        print_text(f"active units: {active} of {size} latent dimensions")
    if problem := divergence(records):
        print_text(f"{problem}. {ADVICE}")
    elif has_collapsed(records):
        print_text(
            "the posterior collapsed: the code says practically nothing of the image. Lower "
            "objective.beta, or set objective.kl_schedule=warmup, or objective.free_bits_nats=0.1"
        )
    options = "".join(f" --plugin {path}" for path in plugin)
    print_text(f"next: vaelab evaluate {run.path}{options}; vaelab figures {run.path}{options}")


def describe_presets() -> str:
    """All presets and all fields."""
    presets = {name: describe(made) for name, made in (PRESETS | CLASSIFIER_PRESETS).items()}
    values = dict(describe_fields(PRESETS["mlp-vae"]()))
    fields = {}
    for name, text in field_help()[1:]:  # the first is the preset
        value = values.get(name, values.get(f"{name}.kind"))
        fields[name if value is None else f"{name}={value}"] = text
    return "\n".join(
        [
            "Presets:",
            two_columns(presets),
            "",
            "Fields for --set, with the values of mlp-vae:",
            two_columns(fields),
        ]
    )
