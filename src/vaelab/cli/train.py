"""`vaelab train`: train a preset."""

from collections.abc import Sequence
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
from vaelab.config import ClassifierConfig
from vaelab.presets import CLASSIFIER_PRESETS, PRESETS, describe, preset
from vaelab.settings import describe_fields, field_help

if TYPE_CHECKING:
    from vaelab.data import Dataset
    from vaelab.runs import Run
    from vaelab.training import Hardware

# Below this fraction of active latent dimensions, posterior collapse is reported.
COLLAPSE_FRACTION = 0.1


def train(
    preset_name: Annotated[Positional[str], arg(metavar="PRESET", help="one of the presets above")],
    /,
    *,
    data: Annotated[str | None, option(DATA_SETS, "DATA", "the preset's")] = None,
    data_dir: DataDir = None,
    images: ReadingOptions = AS_STORED,
    out: Annotated[Path | None, option("run folder", "DIR", "runs/PRESET")] = None,
    settings: Settings = (),
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
    """Train a preset, or resume an interrupted run."""
    load_plugins(plugin)
    # Checked before torch is imported, so that a misspelled name is reported at once.
    is_classifier = preset_name in CLASSIFIER_PRESETS
    chosen = CLASSIFIER_PRESETS[preset_name]() if is_classifier else preset(preset_name)
    config = configure(chosen, data, images, settings)

    from lightning_fabric.utilities.rank_zero import rank_zero_only

    from vaelab.data import load_data
    from vaelab.training import CheckpointSchedule, Hardware, fit

    out = out or Path("runs") / preset_name
    hardware = Hardware(
        accelerator=accelerator, devices=devices, nodes=nodes, precision=precision, compile=compile
    )
    dataset = load_data(config.data, data_dir)
    rank_zero_only(note_data)(dataset)
    if isinstance(config, ClassifierConfig):
        _train_classifier(config, out, dataset, hardware)
        return
    run = fit(
        config,
        out,
        dataset=dataset,
        hardware=hardware,
        checkpoint_schedule=CheckpointSchedule(steps=checkpoint_steps, seconds=checkpoint_seconds),
    )
    rank_zero_only(print_summary)(run, plugin)


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
    """Print the result of the training, advice on posterior collapse, and the next commands."""
    from vaelab.runs.summary import validation_text

    records = run.read_metrics()
    best = min(records, key=lambda record: record["selection_loss"])
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
        if active < COLLAPSE_FRACTION * size:
            print_text(
                "the posterior collapsed: nearly all latent dimensions ignore the image. Lower "
                "objective.beta, or set objective.kl_schedule=warmup, or "
                "objective.free_bits_nats=0.1"
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
