"""`vaelab evaluate`: compute metrics of runs or of samples."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from vaelab.cli.options import (
    AS_STORED,
    DATA_SETS,
    Accelerator,
    AsJson,
    DataDir,
    Plugins,
    ReadingOptions,
    Seed,
    load,
    load_plugins,
    option,
    require_runs,
    with_data,
)
from vaelab.cli.output import print_json, print_text, two_columns
from vaelab.config import DataConfig
from vaelab.errors import InputError, note

if TYPE_CHECKING:
    from vaelab.evaluation import Results


def evaluate(
    runs: Annotated[
        Positional[tuple[Path, ...]],
        option("run folders or pretrained:NAME", "RUN...", "none, with --samples"),
    ] = (),
    /,
    *,
    metrics: Annotated[
        tuple[str, ...],
        option("metrics from the list above", "NAME...", "all that are not optional"),
    ] = (),
    protocol: Annotated[
        str,
        option(
            "default, or exemplar for the published likelihoods on binarized images: 50,000 "
            "training images, 5,000 importance samples",
            "NAME",
        ),
    ] = "default",
    sample_count: Annotated[
        int | None, option("number of samples", "N", "the number of test images, at most 10,000")
    ] = None,
    importance_samples: Annotated[
        int | None,
        arg(
            aliases=["-k"],
            metavar="K",
            help="importance samples for each image",
            help_behavior_hint="(default: the protocol's, 20 or 5,000)",
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        option(
            "evaluate these images instead of runs: an .npz file, an .npy file or a folder",
            "FILE",
            "none",
        ),
    ] = None,
    data: Annotated[
        str | None,
        option(f"the real images for --samples: {DATA_SETS}", "DATA", "fashion-mnist"),
    ] = None,
    out: Annotated[
        Path | None,
        option("folder that keeps the results of --samples, for compare and report", "DIR", "none"),
    ] = None,
    features: Annotated[
        str | None,
        option(
            "features for distances between images: reference-classifier, second-classifier, a "
            "name that a plugin adds, or an ONNX file from images (N, C, H, W) to features (N, F)",
            "NAME|FILE.onnx",
            "reference-classifier",
        ),
    ] = None,
    data_dir: DataDir = None,
    images: ReadingOptions = AS_STORED,
    seed: Seed = 0,
    accelerator: Accelerator = "auto",
    json: AsJson = False,
    plugin: Plugins = (),
) -> None:
    """Compute metrics of trained runs, or of samples from any generator, on the test images."""
    load_plugins(plugin)
    from vaelab.evaluation import evaluate as evaluate_run
    from vaelab.evaluation import evaluate_file
    from vaelab.runs.summary import divergence

    results: dict[Path, Results] = {}
    if samples is not None:
        if runs:
            raise InputError("vaelab evaluate takes runs or --samples, not both")
        if protocol != "default" or sample_count or importance_samples:
            raise InputError("--protocol, --sample-count and -k are for runs, not for --samples")
        results[samples] = evaluate_file(
            samples,
            with_data(DataConfig(), data, images),
            data_dir,
            metrics=metrics,
            features=features,
            accelerator=accelerator,
            seed=seed,
            out=out,
        )
    else:
        require_runs(runs, "evaluate")
        if data is not None or out is not None or images != AS_STORED:
            raise InputError(
                "--data and --out are for --samples, with --resize, --pad, --crop and --gray: runs "
                "keep their own settings and results"
            )
        for path in runs:
            loaded = load(path, accelerator, data_dir)
            if problem := divergence(loaded.run.read_metrics()):
                note(f"{path}: {problem}")
            results[path] = evaluate_run(
                loaded,
                metrics=metrics,
                protocol=protocol,
                features=features,
                accelerator=accelerator,
                seed=seed,
                sample_count=sample_count,
                importance_samples=importance_samples,
                only_available=len(runs) > 1,
                show_progress=True,
            )
    if json:
        print_json([{"path": str(path), **each.to_json()} for path, each in results.items()])
        return
    for path, each in results.items():
        print_text(f"{path}\n{each!r}")


def describe_metrics() -> str:
    """All metrics, each with the numbers that it computes."""
    from vaelab.evaluation import METRICS

    rows = {}
    for name, metric in METRICS.items():
        aliases = f"also {', '.join(metric.aliases)}" if metric.aliases else ""
        optional = "" if metric.is_default else "computed only if named"
        rows[name] = "; ".join(filter(None, [aliases, optional]))
        for spec in metric.specs:
            rows[f"  {spec.name}"] = spec.meaning
    return (
        "Metrics for --metrics and the numbers that each computes. The name of a number also "
        f"selects its metric.\n{two_columns(rows)}"
    )
