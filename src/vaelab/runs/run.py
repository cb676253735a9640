"""A run folder: its files, how they are written and read."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

import vaelab
from vaelab import settings
from vaelab.config import Config
from vaelab.documents import parse_json, read_json, read_text
from vaelab.errors import InputError, UnknownNameError
from vaelab.files import write_json, write_text
from vaelab.locks import lock_folder
from vaelab.models import ImageShape
from vaelab.models.build import build_model
from vaelab.models.capabilities import Capabilities
from vaelab.models.contract import LatentVariableModel
from vaelab.names import displayed
from vaelab.notebook import Html
from vaelab.randomness import generator
from vaelab.runs import checkpoints, summary
from vaelab.runs.data_card import DataCard, data_card_from
from vaelab.runs.stored_values import check_record, read_evaluation
from vaelab.runs.tensors import load_weights, read_tensors, write_tensors


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """A run folder, which need not exist yet, with the settings and the data of the run."""

    path: Path
    config: Config
    data: DataCard

    @property
    def name(self) -> str:
        """The folder's name, as any output can show it."""
        return displayed(self.path.absolute().name)

    @property
    def figures(self) -> Path:
        """The folder for figures."""
        return self.path / "figures"

    @property
    def previews(self) -> Path:
        """The folder for pictures made during training."""
        return self.path / "previews"

    @property
    def weights(self) -> Path:
        """The file of the weights to use."""
        return self.path / "model.safetensors"

    def write_config(self, capabilities: Capabilities, precision: str | None) -> None:
        """Begin the run folder: all that rebuilds the model and its data split.

        Args:
            capabilities: of the model.
            precision: of the training, see `precision`.
        """
        write_json(
            self.path / "config.json",
            {
                **settings.to_dict(self.config),
                "vaelab_version": vaelab.__version__,
                "data_card": asdict(self.data),
                "capabilities": asdict(capabilities),
                "precision": precision,
            },
        )

    @property
    def precision(self) -> str | None:
        """The precision of the training; None before it begins, and without steps by gradient."""
        file = self.path / "config.json"
        precision: str | None = read_json(file).get("precision") if file.exists() else None
        return precision

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do, as stored when the run began.

        Raises:
            InputError: if the run has not begun, or its config.json cannot be read.
        """
        file = self.path / "config.json"
        values = read_json(file).get("capabilities")
        if not isinstance(values, dict):
            raise InputError(f"{file}: capabilities are missing; train the run again")
        capabilities: Capabilities = settings.read_as(Capabilities, values, "capabilities")
        return capabilities

    def build_model(self) -> LatentVariableModel:
        """The model as it was before training."""
        return build_model(
            self.config.model,
            ImageShape(*self.data.shape),
            len(self.data.class_names),
            generator(self.config.seed, "weights"),
        )

    def load_model(self) -> LatentVariableModel:
        """The trained model, in evaluation mode.

        Raises:
            InputError: if there are no weights yet, or they belong to another model.
        """
        if not self.weights.exists():
            raise self._untrained()
        model = self.build_model()
        load_weights(model, read_tensors(self.weights), self.weights)
        return model.eval().requires_grad_(requires_grad=False)

    def save_weights(self, weights: dict[str, Tensor]) -> None:
        """Replace the weights to use.

        Raises:
            InputError: for what the operating system refuses, or if the run's folder is gone.
        """
        self._require_folder()
        write_tensors(self.weights, weights)

    def weights_fingerprint(self) -> str:
        """SHA-256 of the file of the weights to use.

        Raises:
            InputError: if there are none yet.
        """
        try:
            return hashlib.sha256(self.weights.read_bytes()).hexdigest()
        except FileNotFoundError:
            raise self._untrained() from None

    def read_metrics(self) -> list[dict[str, Any]]:
        """The records of all epochs so far.

        Raises:
            InputError: naming the first line that is not a record.
        """
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return []
        lines = read_text(path).splitlines()
        return [_record(line, f"{path} line {i}", i) for i, line in enumerate(lines, 1)]

    def write_metrics(self, records: list[dict[str, Any]]) -> None:
        """Replace the records of all epochs atomically."""
        lines = (json.dumps(record, allow_nan=False) + "\n" for record in records)
        write_text(self.path / "metrics.jsonl", "".join(lines))

    def read_evaluation(self) -> dict[str, Any]:
        """The stored evaluation; empty if there is none."""
        return read_evaluation(self.path / "evaluation.json")

    def write_evaluation(self, evaluation: dict[str, Any]) -> None:
        """Replace the stored evaluation."""
        write_json(self.path / "evaluation.json", evaluation)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Reserve the folder for this process, which is to train the run.

        Raises:
            InputError: if another process has reserved it.
        """
        with lock_folder(self.path):
            # Files that a killed process left incomplete.
            for leftover in self.path.rglob(".*.partial*"):
                leftover.unlink(missing_ok=True)
            shutil.rmtree(self.path / checkpoints.INCOMPLETE, ignore_errors=True)
            yield

    def save_checkpoint(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """See `checkpoints.save_checkpoint`.

        Raises:
            InputError: also if the run's folder is gone.
        """
        self._require_folder()
        checkpoints.save_checkpoint(self.path, tensors, values)

    def load_checkpoint(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """See `checkpoints.load_checkpoint`."""
        return checkpoints.load_checkpoint(self.path)

    def load_checkpoint_values(self) -> dict[str, Any] | None:
        """See `checkpoints.load_checkpoint_values`."""
        return checkpoints.load_checkpoint_values(self.path)

    def is_finished(self) -> bool:
        """Whether training is complete."""
        values = self.load_checkpoint_values()
        return values is not None and values["stages_done"] == len(self.config.training.stages)

    def summary(self) -> dict[str, str]:
        """Preset, data, progress and best epoch.

        Raises:
            InputError: if a file of the run cannot be read.
        """
        records = self.read_metrics()
        progress = summary.progress(
            records, self.config.training.epochs, is_finished=self.is_finished()
        )
        return {
            "preset": self.config.preset,
            "data": self.data.name,
            "epochs": progress,
            **(summary.best_epoch(records, self.capabilities.unit) if records else {}),
        }

    def __repr__(self) -> str:
        try:
            facts = self.summary()
        except InputError as error:
            return f"<Run {self.path}: {error}>"
        return f"<Run {self.path}: {'; '.join(f'{what} {text}' for what, text in facts.items())}>"

    def _repr_html_(self) -> str:
        return summary.html(self.name, str(self.path), self.html_parts())

    def html_parts(self) -> list[Html]:
        """Its summary and its main results, for a notebook cell."""
        try:
            return summary.parts(self.summary(), self.read_evaluation())
        except InputError as error:
            return [summary.problem(error)]

    def _require_folder(self) -> None:
        """Nothing is written into a folder that was moved or replaced."""
        if not (self.path / "config.json").exists():
            raise InputError(
                f"{self.path} cannot be written: it is no longer the folder that the run began in; "
                "move it back, and the same command resumes"
            )

    def _untrained(self) -> InputError:
        return InputError(f"{self.path} holds no trained model yet; run its `vaelab train` again")


def require_free(wanted: Run) -> None:
    """Refuse a folder that holds anything else than this run, begun or finished.

    Raises:
        InputError: naming what differs, or that other files are there.
    """
    path = wanted.path
    if not (path / "config.json").exists():
        if path.exists() and (not path.is_dir() or any(_visible(path))):
            raise InputError(f"{path} exists and is not a run folder; choose another --out")
        return
    existing = open_run(path)
    if existing.load_checkpoint_values() is None:
        return  # without a checkpoint nothing is lost by starting again
    other_splits = existing.data.differing_splits(wanted.data)
    config = existing.config
    if not other_splits:  # the same images may have been moved
        config = replace(config, data=replace(config.data, path=wanted.config.data.path))
    there, here = config.training.stages, wanted.config.training.stages
    differing = settings.differences(config, wanted.config)
    if not other_splits and there[: len(here)] == here[: len(there)]:
        same_stages = replace(
            config.training,
            epochs=wanted.config.training.epochs,
            continued_from_epochs=wanted.config.training.continued_from_epochs,
        )
        if replace(config, training=same_stages) == wanted.config:
            if len(there) <= len(here):
                return  # the wanted run is this one, continued or not
            raise InputError(
                f"{path} was continued to {there[-1]} epochs: `vaelab train {path}` resumes it; "
                f"for a run of {here[-1]} epochs choose another --out"
            )
    differing += [
        f"{split} images: of {existing.data.name} / of {wanted.data.name}" for split in other_splits
    ]
    raise InputError(
        f"{path} holds a run with other settings (there / wanted): "
        f"{'; '.join(differing)}; choose another --out or delete that folder"
    )


def require_same_images(run: Run, found: DataCard) -> None:
    """Refuse other images than those that a run was trained on.

    Raises:
        InputError: naming the split that differs.
    """
    differing = run.data.differing_splits(found)
    if differing:
        raise InputError(
            f"{run.path} was trained on other {differing[0]} images of {run.data.name} "
            f"({run.data.source}) than those found now ({found.source}); "
            "name the right ones with --data-dir"
        )


def open_run(path: Path | str) -> Run:
    """The run at `path`.

    Raises:
        InputError: if there is none, or its configuration cannot be read.
    """
    path = Path(path)
    file = path / "config.json"
    if not file.exists():
        raise InputError(f"{path} is not a run folder: it has no config.json")
    values = read_json(file)
    for name in ("vaelab_version", "capabilities", "precision"):
        values.pop(name, None)
    try:
        data = data_card_from(values.pop("data_card", {}))
        return Run(path, settings.from_dict(values, Config), data)
    except UnknownNameError as error:
        hint = "if a plugin defines it, name its file, as in --plugin my_parts.py"
        raise InputError(f"{file}: {error}; {hint}") from None
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _record(line: str, where: str, epoch: int) -> dict[str, Any]:
    record = parse_json(line, where)
    check_record(record, where, epoch)
    return record


def _visible(folder: Path) -> list[Path]:
    """Without hidden files, such as those that a killed process left incomplete."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
