"""A run folder: its files, how they are written and read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

import vaelab
from vaelab import settings
from vaelab.config import Config
from vaelab.documents import read_json
from vaelab.errors import InputError, UnknownNameError
from vaelab.files import fingerprint_of_file, remove_partial_files, write_json
from vaelab.folders import require_no_way_out
from vaelab.locks import lock_folder, moved, require_same_folder
from vaelab.models import ImageShape
from vaelab.models.build import build_model
from vaelab.models.capabilities import Capabilities
from vaelab.models.contract import LatentVariableModel
from vaelab.names import displayed
from vaelab.notebook import Html
from vaelab.pretrained_runs import located
from vaelab.randomness import generator
from vaelab.runs import checkpoints, evaluation_values, records, summary, weights
from vaelab.runs.data_card import DataCard, data_card_from
from vaelab.runs.stored_values import read_evaluation
from vaelab.runs.tensors import load_weights
from vaelab.runs.weights import TrainedModel, Weights


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

    @property
    def records_file(self) -> Path:
        """The file of the records of all epochs."""
        return self.path / "metrics.jsonl"

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
        """The trained model, in evaluation mode; see `load_trained`."""
        return self.load_trained().model

    def load_trained(self) -> TrainedModel:
        """The trained model, in evaluation mode, and the fingerprint of its weights.

        Raises:
            InputError: if there are no weights yet, they are damaged, or they belong to another
                model or run.
        """
        read, model = self._read_weights(), self.build_model()
        load_weights(model, read.tensors, self.weights)
        weights.require_mark(read, read_json(self.path / "config.json"), self.weights)
        weights.require_finite(model, self.weights)
        return TrainedModel(model.eval().requires_grad_(requires_grad=False), read.fingerprint)

    def read_weights(self) -> Weights:
        """The weights to use, with the fingerprint of the bytes that they were read from.

        Raises:
            InputError: if there are none yet, they are damaged, or they belong to another run.
        """
        read = self._read_weights()
        weights.require_mark(read, read_json(self.path / "config.json"), self.weights)
        return read

    def _read_weights(self) -> Weights:
        try:
            return weights.read_weights(self.weights)
        except FileNotFoundError:
            raise self._untrained() from None

    def has_whole_weights(self) -> bool:
        """Whether the weights to use are there and undamaged."""
        try:
            self.read_weights()
        except InputError:
            return False
        return True

    def save_weights(self, tensors: dict[str, Tensor]) -> None:
        """Replace the weights to use.

        Raises:
            InputError: for what the operating system refuses, or if the run's folder is gone.
        """
        self.require_folder()
        weights.write_weights(self.weights, tensors, read_json(self.path / "config.json"))

    def weights_fingerprint(self) -> str:
        """SHA-256 of the file of the weights to use.

        Raises:
            InputError: if there are none yet.
        """
        try:
            return fingerprint_of_file(self.weights)
        except FileNotFoundError:
            raise self._untrained() from None
        except OSError as error:
            raise InputError(f"{self.weights} cannot be read: {error.strerror or error}") from None

    def read_metrics(self) -> list[dict[str, Any]]:
        """The records of all epochs so far: the checkpoint's, or where it has none, the file's.

        Raises:
            InputError: naming the first line that is not a record.
        """
        try:
            values = self.load_checkpoint_values()
        except InputError:
            if not self.records_file.is_file():
                raise
            values = None
        if values is None:
            return records.read_records(self.records_file)
        lines: list[dict[str, Any]] = values["records"]
        return lines

    def write_metrics(self, lines: list[dict[str, Any]]) -> None:
        """Replace the records of all epochs atomically."""
        self.require_folder()
        records.write_records(self.records_file, lines)

    def read_evaluation(self) -> dict[str, Any]:
        """The stored evaluation of the present weights; empty if there is none.

        Raises:
            InputError: if the file cannot be read.
        """
        stored = self._stored_evaluation()
        return {} if self._staleness(stored) else stored

    def stale_evaluation(self) -> str:
        """Why the stored evaluation is not that of the present weights; empty if it is.

        Raises:
            InputError: if the file cannot be read.
        """
        return self._staleness(self._stored_evaluation())

    def _staleness(self, stored: dict[str, Any]) -> str:
        measured = stored.get("weights_fingerprint")
        if measured is None or not self.weights.exists():
            return ""
        present = self.weights_fingerprint()
        if measured == present:
            return ""
        return (
            f"the stored numbers of {self.path} are of other weights (SHA-256 {measured!s:.12}) "
            f"than it has now ({present:.12}); run `vaelab evaluate {self.path}`"
        )

    def _stored_evaluation(self) -> dict[str, Any]:
        return read_evaluation(self.path / evaluation_values.EVALUATION)

    def write_evaluation(
        self, evaluation: dict[str, Any], values: dict[str, Tensor] | None = None
    ) -> None:
        """See `evaluation_values.write_evaluation`."""
        evaluation_values.write_evaluation(self.path, evaluation, values)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Reserve the folder for this process, which is to train the run.

        Raises:
            InputError: if another process has reserved it.
        """
        with lock_folder(self.path):
            remove_partial_files(self.path)
            shutil.rmtree(self.path / checkpoints.INCOMPLETE, ignore_errors=True)
            yield

    def save_checkpoint(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """See `checkpoints.save_checkpoint`.

        Raises:
            InputError: also if the run's folder is gone.
        """
        self.require_folder()
        checkpoints.save_checkpoint(self.path, tensors, values)

    def load_checkpoint(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """See `checkpoints.load_checkpoint`."""
        return checkpoints.load_checkpoint(self.path)

    def load_checkpoint_values(self) -> dict[str, Any] | None:
        """See `checkpoints.load_checkpoint_values`."""
        return checkpoints.load_checkpoint_values(self.path)

    def is_finished(self) -> bool:
        """Whether training is complete, and its weights are there and undamaged."""
        values = self.load_checkpoint_values()
        return (
            values is not None
            and values["stages_done"] == len(self.config.training.stages)
            and self.has_whole_weights()
        )

    def summary(self) -> dict[str, str]:
        """Preset, data, progress and best epoch.

        Raises:
            InputError: if a file of the run cannot be read.
        """
        epochs = self.read_metrics()
        progress = summary.progress(
            epochs, self.config.training.epochs, is_finished=self.is_finished()
        )
        return {
            "preset": self.config.preset,
            "data": self.data.name,
            "epochs": progress,
            **(summary.best_epoch(epochs, self.capabilities.unit) if epochs else {}),
        }

    def __repr__(self) -> str:
        try:
            facts = self.summary()
        except InputError as error:
            return f"<Run {self.path}: {error}>"
        return f"<Run {self.path}: {'; '.join(f'{what} {text}' for what, text in facts.items())}>"

    def _repr_html_(self) -> str:
        return summary.html(self.name, str(self.path), self.html_parts())

    def html_parts(self, evaluation: dict[str, Any] | None = None) -> list[Html]:
        """Its summary and its main results, for a notebook cell.

        Args:
            evaluation: the results; None: those of the present weights.
        """
        try:
            stored = self.read_evaluation() if evaluation is None else evaluation
            return summary.parts(self.summary(), stored)
        except InputError as error:
            return [summary.problem(error)]

    def require_folder(self) -> None:
        """Refuse to write into a folder that was moved or replaced since the run began.

        Raises:
            InputError: if it was.
        """
        require_same_folder(self.path)
        if not (self.path / "config.json").exists():
            raise moved(self.path)

    def _untrained(self) -> InputError:
        return InputError(f"{self.path} holds no trained model yet; run its `vaelab train` again")


def open_run(path: Path | str) -> Run:
    """The run at `path`, or of pretrained:NAME.

    Raises:
        InputError: if there is none, its configuration cannot be read, or a link leads out of it.
    """
    path = located(path)
    file = path / "config.json"
    if not file.exists():
        raise InputError(f"{path} is not a run folder: it has no config.json")
    require_no_way_out(path)
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
