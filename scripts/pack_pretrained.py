"""Pack a finished, evaluated run of Fashion-MNIST as a pretrained run of the package.

    python -m scripts.pack_pretrained RUN NAME

Weights are stored in half precision where the losses agree. The stored evaluation is that of the
packed weights: where their values have changed, every number is measured again.
"""

import argparse
import json
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.half_precision import (
    in_half_precision,
    loss_of_garments,
    losses,
    with_small_constants,
)
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.explorer import write_explorer
from vaelab.files import write_checksums, write_json
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.pretrained_runs.folders import EXPLORER, PACKAGE, RECORD, size_bytes
from vaelab.report.payloads import write_payloads
from vaelab.runs import Run, open_run, read_json
from vaelab.runs.weights import parameter_count, write_weights

# Half precision is refused if a loss changes by more.
TOLERANCE_NATS = 0.01
# Images whose codes are stored for the explorer.
EXPLORED_IMAGES = 2000
# Of all pretrained runs together.
MOST_BYTES = 25_000_000


@dataclass(frozen=True, slots=True)
class Packing:
    """A run that is being packed.

    Attributes:
        source: the trained run.
        folder: the new folder, whose name is that of the pretrained run.
    """

    source: LoadedRun
    folder: Path


def pack(
    run: Path,
    name: str,
    *,
    package: Path = PACKAGE,
    data_dir: Path | None = None,
    accelerator: str = "auto",
    keep_float32: bool = False,
    replace: bool = False,
) -> Path:
    """Write the reduced folder of a run into the package.

    Args:
        run: the folder of the run.
        name: of the pretrained run.
        package: the folder of all pretrained runs.
        data_dir: location of Fashion-MNIST.
        accelerator: cpu, gpu or auto.
        keep_float32: whether to keep full precision without a comparison.
        replace: whether to replace a pretrained run of that name.

    Returns:
        The new folder.

    Raises:
        InputError: if the run is not finished, evaluated and of Fashion-MNIST, or if the package
            would become too large.
    """
    source = load_run(run, data_dir, accelerator=accelerator)
    require_packable(source, name)
    target = package / name
    if target.exists() and not replace:
        raise InputError(f"{target} exists; replace it with --replace")
    with tempfile.TemporaryDirectory(prefix="vaelab-pack-") as folder:
        packing = Packing(source, Path(folder) / name)
        write_reduced(packing)
        write_packed_weights(packing, keep_float32=keep_float32)
        write_packed_evaluation(packing)
        write_packed_explorer(packing)
        write_record(packing)
        require_clean(packing)
        require_small(packing.folder, package)
        package.mkdir(exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(packing.folder, target)
    return target


def require_packable(source: LoadedRun, name: str) -> None:
    """Refuse what cannot be a pretrained run.

    Raises:
        InputError: saying why.
    """
    run, data = source.run, source.config.data
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InputError(f"expected a name of the form mlp-vae, found {name!r}")
    if data.name != "fashion-mnist" or data.test_count is not None:
        raise InputError(f"{run.path}: expected a run with all test images of fashion-mnist")
    if not run.is_finished():
        raise InputError(f"{run.path} is not finished; `vaelab train {run.path}` resumes it")
    if not run.read_evaluation():
        raise InputError(f"{run.path} has no evaluation of its weights; run `vaelab evaluate`")


def write_reduced(packing: Packing) -> None:
    """Write settings, records, and the state of the training without its tensors."""
    run, folder = packing.source.run, packing.folder
    config = read_json(run.path / "config.json")
    config["data"]["path"] = None
    config["data_card"]["source"] = config["data_card"]["name"]
    for reference in ("parent", "initial_weights"):
        if config[reference] is not None:
            name = PurePosixPath(config[reference]["run"]).name
            config[reference]["run"] = f"../{name}"
    write_json(folder / "config.json", config)
    (folder / "checkpoint").mkdir()
    shutil.copyfile(run.path / "checkpoint" / "state.json", folder / "checkpoint" / "state.json")
    write_checksums(folder / "checkpoint", ["state.json"])
    open_run(folder).write_metrics(run.read_metrics())


def write_packed_weights(packing: Packing, *, keep_float32: bool) -> None:
    """Write the weights in half precision if the losses agree, else as they are."""
    run, folder = packing.source.run, packing.folder
    tensors = run.read_weights().tensors
    config = read_json(folder / "config.json")
    if not keep_float32:
        halves = in_half_precision(tensors, packing.source.model)
        write_weights(folder / "model.safetensors", halves, config)
        differences = compared(packing)
        print(f"half precision changes the losses by {differences}")
        if max(map(abs, differences.values())) <= TOLERANCE_NATS:
            return
        print(f"that is more than {TOLERANCE_NATS} nats: the weights stay in full precision")
    write_weights(folder / "model.safetensors", tensors, config)


def compared(packing: Packing) -> dict[str, float]:
    """The changes of the losses on the first test images, with the same noise, in nats."""
    dataset, accelerator = packing.source.data, packing.source.accelerator
    packed = LoadedRun(open_run(packing.folder), dataset=dataset, accelerator=accelerator)
    before, after = losses(packing.source), losses(packed)
    return {name: after[name] - value for name, value in before.items()}


def write_packed_evaluation(packing: Packing) -> None:
    """Store the evaluation of the packed weights, without the values of single images.

    Weights with the same bytes have the same numbers. For others all are measured again, with the
    seeds and numbers of draws of the run.
    """
    stored = packing.source.run.read_evaluation()
    run = open_run(packing.folder)
    if run.weights_fingerprint() == stored["weights_fingerprint"]:
        run.write_evaluation(stored, {})
        return
    dataset, accelerator = packing.source.data, packing.source.accelerator
    packed = LoadedRun(run, dataset=dataset, accelerator=accelerator)
    for (seed, draws), names in groups_of_metrics(stored["metrics"]).items():
        evaluate(
            packed,
            metrics=names,
            seed=seed,
            importance_samples=draws,
            only_available=True,
            show_progress=True,
        )
    run.write_evaluation(run.read_evaluation(), {})
    if missing := stored["metrics"].keys() - run.read_evaluation()["metrics"].keys():
        raise InputError(f"{', '.join(sorted(missing))} could not be measured again")


def groups_of_metrics(
    stored: Mapping[str, Mapping[str, Any]],
) -> dict[tuple[int, int | None], list[str]]:
    """The names of stored numbers by their seed and number of importance samples."""
    groups: dict[tuple[int, int | None], list[str]] = defaultdict(list)
    for name, each in stored.items():
        draws = re.search(r"k = ([\d,]+)|of ([\d,]+) draws", each["unit"])
        count = None if draws is None else int((draws[1] or draws[2]).replace(",", ""))
        groups[each["seed"] or 0, count].append(name)
    return groups


def write_packed_explorer(packing: Packing) -> None:
    """Write the explorer without the test images, its networks with the packed weights."""
    dataset = packing.source.data
    loaded = LoadedRun(open_run(packing.folder), dataset=dataset)
    explorer = write_explorer(loaded, tsne=True, count=EXPLORED_IMAGES)
    for path in explorer.glob("*.onnx"):
        path.write_bytes(with_small_constants(path.read_bytes()))
    record = read_json(explorer / "explorer.json")
    record["absence"] = without_folder(record["absence"], packing)
    write_json(explorer / "explorer.json", record)


def write_record(packing: Packing) -> None:
    """Write pretrained.json; the test images, from which it was made, are deleted."""
    run = open_run(packing.folder)
    write_json(
        packing.folder / RECORD,
        {
            "parameter_count": parameter_count(run.weights),
            "loss_of_garments": loss_of_garments(run),
            "explorer": index_of_explorer(run),
        },
    )
    for name in ("images.png", ".vaelab.json"):
        (run.path / EXPLORER / name).unlink(missing_ok=True)
    for lock in run.path.rglob(".*.lock"):
        lock.unlink()


def index_of_explorer(run: Run) -> dict[str, Any]:
    """What the index of an explorer says of the run."""
    with tempfile.TemporaryDirectory() as site:
        left_out = write_payloads("", {run.name: run}, Path(site), {run.name: ""})
        if left_out:
            absence = read_json(run.path / EXPLORER / "explorer.json")["absence"]
            return {"absence": absence or left_out[run.name]}
        text = (Path(site) / EXPLORER / "index.js").read_text(encoding="utf-8")
    index = json.loads(text.partition(",")[2].rpartition(")")[0])
    return {
        "absence": "",
        "version": index["version"],
        "images": index["images"],
        "model": index["models"][0],
    }


def without_folder(text: str, packing: Packing) -> str:
    """A message without the temporary folder."""
    return text.replace(str(packing.folder), packing.folder.name)


def require_clean(packing: Packing) -> None:
    """Refuse files that name a folder of this machine.

    Raises:
        InputError: naming the file.
    """
    places = {str(packing.folder.parent), str(Path.home()), str(Path.cwd())}
    places.add(str(packing.source.run.path.resolve().parent))
    for path in sorted(packing.folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        for place in places:
            if len(place) > 1 and place.encode() in content:
                raise InputError(f"{path.relative_to(packing.folder)} names the folder {place}")


def require_small(folder: Path, package: Path) -> None:
    """Refuse to let the package become too large.

    Raises:
        InputError: with the sizes.
    """
    others = sum(
        size_bytes(each) for each in package.glob("*") if each.is_dir() and each.name != folder.name
    )
    size = size_bytes(folder)
    total = others + size
    print(f"{folder.name}: {size / 1e6:.2f} MB; all pretrained runs: {total / 1e6:.2f} MB")
    if total > MOST_BYTES:
        raise InputError(
            f"all pretrained runs together may have {MOST_BYTES / 1e6:.0f} MB, and have "
            f"{total / 1e6:.2f} MB with this one"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="scripts.pack_pretrained", description=__doc__)
    parser.add_argument("run", type=Path, help="the folder of a finished, evaluated run")
    parser.add_argument("name", help="of the pretrained run, such as mlp-vae")
    parser.add_argument("--data-dir", type=Path, help="location of Fashion-MNIST")
    parser.add_argument("--accelerator", default="auto", help="cpu, gpu or auto")
    parser.add_argument("--keep-float32", action="store_true", help="keep full precision")
    parser.add_argument("--replace", action="store_true", help="replace the run of that name")
    options = parser.parse_args(arguments)
    try:
        print(pack(**vars(options)))
    except InputError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
