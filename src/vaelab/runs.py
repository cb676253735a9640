"""The only owner of a run folder: what lies in it, how it is written, how it is read back."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

import vaelab
from vaelab import notebook, settings
from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.errors import InputError, note
from vaelab.files import (
    find_damage,
    sync_folder,
    write_json,
    write_sums,
    write_text,
    written_whole,
)
from vaelab.locks import held
from vaelab.models import ImageShape, LatentVariableModel, build_model
from vaelab.models.likelihoods import LIKELIHOODS
from vaelab.notebook import Html
from vaelab.randomness import generator
from vaelab.rounding import rounded

# The metrics that a run is known by.
HEADLINES = ("reconstruction", "kl", "negative_elbo", "fid_proxy", "conditional_accuracy")
BOUNDS = ("floor", "baseline")
LARGEST_SIDE = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class DataCard:
    """What a run must remember of its data to be used without it.

    Attributes:
        name: of the data set, shown with every artefact.
        source: where the images came from, in words.
        train_fingerprint: of the training images, before the validation split.
        test_fingerprint: of the test images.
        shape: channels, height, width.
        class_names: a name per label value.
    """

    name: str
    source: str
    train_fingerprint: str
    test_fingerprint: str
    shape: tuple[int, int, int]
    class_names: tuple[str, ...]

    @classmethod
    def of(cls, dataset: Dataset) -> "DataCard":
        """The card of a data set."""
        _, channels, height, width = dataset.train.images.shape
        return cls(
            name=dataset.name,
            source=dataset.source,
            train_fingerprint=dataset.train.fingerprint(),
            test_fingerprint=dataset.test.fingerprint(),
            shape=(channels, height, width),
            class_names=dataset.train.class_names,
        )

    def differing_splits(self, other: "DataCard") -> list[str]:
        """Which of train and test hold other images than those of `other`."""
        fingerprints = {
            "train": (self.train_fingerprint, other.train_fingerprint),
            "test": (self.test_fingerprint, other.test_fingerprint),
        }
        return [split for split, (mine, others) in fingerprints.items() if mine != others]


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """A run folder, there or to be, with what it is made from."""

    path: Path
    config: Config
    data: DataCard

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.absolute().name

    @property
    def figures(self) -> Path:
        """The folder for figures."""
        return self.path / "figures"

    @property
    def previews(self) -> Path:
        """The folder for pictures made during training."""
        return self.path / "previews"

    def write_config(self) -> None:
        """Begin the run folder: all that rebuilds the model and its data split."""
        write_json(
            self.path / "config.json",
            {
                **settings.to_dict(self.config),
                "vaelab_version": vaelab.__version__,
                "data_card": asdict(self.data),
            },
        )

    def build_model(self) -> LatentVariableModel:
        """The model as it was before training."""
        return build_model(
            self.config.model,
            ImageShape(*self.data.shape),
            len(self.data.class_names),
            generator(self.config.seed, "weights"),
        )

    def load_model(self) -> LatentVariableModel:
        """The model with the weights to use, ready to be looked at.

        Raises:
            InputError: if there are none yet, or they are not those of this model.
        """
        if not self._weights.exists():
            raise self._untrained()
        model = self.build_model()
        load_weights(model, read_tensors(self._weights), self._weights)
        return model.eval().requires_grad_(requires_grad=False)

    def save_weights(self, weights: dict[str, Tensor]) -> None:
        """Replace the weights to use.

        Raises:
            InputError: for what the operating system refuses, or if the run's folder is gone.
        """
        self._require_there()
        write_tensors(self._weights, weights)

    def weights_fingerprint(self) -> str:
        """SHA-256 of the file of the weights to use.

        Raises:
            InputError: if there are none yet.
        """
        try:
            return hashlib.sha256(self._weights.read_bytes()).hexdigest()
        except FileNotFoundError:
            raise self._untrained() from None

    def read_metrics(self) -> list[dict[str, Any]]:
        """The records of all epochs so far.

        Raises:
            InputError: naming the line that is no record.
        """
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return []
        lines = _read_text(path).splitlines()
        return [_record(line, f"{path} line {i}", i) for i, line in enumerate(lines, 1)]

    def write_metrics(self, records: list[dict[str, Any]]) -> None:
        """Replace the records of all epochs, whole, so that no line is ever half there."""
        lines = (json.dumps(record, allow_nan=False) + "\n" for record in records)
        write_text(self.path / "metrics.jsonl", "".join(lines))

    def read_evaluation(self) -> dict[str, Any]:
        """What was measured of the trained model; empty if nothing was."""
        path = self.path / "evaluation.json"
        return read_json(path) if path.exists() else {}

    def write_evaluation(self, evaluation: dict[str, Any]) -> None:
        """Replace what was measured."""
        write_json(self.path / "evaluation.json", evaluation)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder for this process alone, which is to train the run.

        Raises:
            InputError: if another process has it.
        """
        with held(self.path):
            # What a process left half written that was killed.
            for leftover in self.path.rglob(".*.partial*"):
                leftover.unlink(missing_ok=True)
            shutil.rmtree(self.path / _CHECKPOINTS[1], ignore_errors=True)
            yield

    def save_checkpoint(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Keep the full state to go on from; the one before is kept beside it.

        Raises:
            InputError: for what the operating system refuses, or if the run's folder is gone; the
                checkpoints that were there stay.
        """
        self._require_there()
        newest, aside, before = (self.path / name for name in _CHECKPOINTS)
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            write_tensors(aside / _TENSORS, tensors)
            write_json(aside / _VALUES, {"schema_version": CHECKPOINT_VERSION, **values})
            write_sums(aside, (_TENSORS, _VALUES))
            sync_folder(aside)
            if newest.exists():
                shutil.rmtree(before, ignore_errors=True)
                newest.replace(before)
            aside.replace(newest)
            sync_folder(self.path)
        except OSError as error:
            raise InputError(
                f"{newest} cannot be written: {error.strerror or error}; make room there, then "
                "the same command goes on from the checkpoint before"
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def load_checkpoint(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """The newest full state that is whole, or None where there is none yet.

        Raises:
            InputError: if none of those that are there is whole, or it is of another version.
        """
        folder = self._whole_checkpoint((_TENSORS, _VALUES), tell=note)
        if folder is None:
            return None
        return read_tensors(folder / _TENSORS), self._checkpoint_values(folder)

    def load_checkpoint_values(self) -> dict[str, Any] | None:
        """What the newest checkpoint says of itself, its tensors left alone.

        Raises:
            InputError: as `load_checkpoint`.
        """
        folder = self._whole_checkpoint((_VALUES,), tell=lambda _: None)
        return None if folder is None else self._checkpoint_values(folder)

    def is_finished(self) -> bool:
        """Whether training came to its end."""
        values = self.load_checkpoint_values()
        return values is not None and bool(values["is_finished"])

    def summary(self) -> dict[str, str]:
        """What it is and how far it has come, in words.

        Raises:
            InputError: if a file of it cannot be read.
        """
        lines = {
            "preset": self.config.preset,
            "data": self.data.name,
            "epochs": self._progress(),
        }
        records = self.read_metrics()
        if records:
            best = min(records, key=lambda record: record["selection_loss"])
            lines["best epoch"] = f"{best['epoch']}: {self._validation_text(best['validation'])}"
        return lines

    def __repr__(self) -> str:
        try:
            words = self.summary()
        except InputError as error:
            return f"<Run {self.path}: {error}>"
        return f"<Run {self.path}: {'; '.join(f'{what} {text}' for what, text in words.items())}>"

    def _repr_html_(self) -> str:
        return notebook.block(f"Run {self.name}", *self.html_parts(), note=str(self.path))

    def html_parts(self) -> list[Html]:
        """Its summary and the numbers that it is known by, for a notebook cell."""
        try:
            return [notebook.facts(list(self.summary().items())), self._headlines()]
        except InputError as error:
            return [notebook.paragraph(str(error))]

    def _progress(self) -> str:
        done, wanted = len(self.read_metrics()), self.config.training.epochs
        text = f"{done} of {wanted}"
        if not self.is_finished():
            return f"{text}, not finished"
        return text if done == wanted else f"{text}, stopped early"

    def _validation_text(self, losses: dict[str, Any]) -> str:
        unit = LIKELIHOODS[self.config.model.likelihood].unit
        terms = {name: rounded(losses[name], unit) for name in ("negative_elbo", "reconstruction")}
        if self.config.model.kind == "autoencoder":
            return f"validation reconstruction {terms['reconstruction']} {unit}"
        return (
            f"validation negative ELBO {terms['negative_elbo']} {unit} = "
            f"{terms['reconstruction']} reconstruction "
            f"+ {rounded(losses['kl'], 'nats')} KL"
        )

    def _headlines(self) -> Html:
        metrics = self.read_evaluation().get("metrics", {})
        known = {name: metrics[name] for name in HEADLINES if name in metrics}
        if not known:
            return notebook.paragraph("not evaluated yet")
        rows = [
            [
                name,
                *(rounded(result[part], result["unit"]) for part in ("value", *BOUNDS)),
                result["unit"],
            ]
            for name, result in known.items()
        ]
        return notebook.table(["", "value", *BOUNDS, ""], rows, "lrrrl")

    @property
    def _weights(self) -> Path:
        return self.path / "model.safetensors"

    def _require_there(self) -> None:
        """Nothing is written into a folder that somebody moved away or put anew."""
        if not (self.path / "config.json").exists():
            raise InputError(
                f"{self.path} cannot be written: it is no longer the folder that the run began in; "
                "put it back, and the same command goes on"
            )

    def _untrained(self) -> InputError:
        return InputError(f"{self.path} holds no trained model yet; run its `vaelab train` again")

    def _whole_checkpoint(self, names: tuple[str, ...], tell: Callable[[str], None]) -> Path | None:
        """The newest checkpoint whose files of these names are what was written."""
        found, damages = self._look_for_checkpoint(names)
        if damages and found is not None:
            tell(f"{damages[0]}; going on from {found.name}, which is whole")
        if damages and found is None:
            raise InputError(
                f"{'; '.join(damages)}; no checkpoint is whole: delete {self.path} to begin anew"
            )
        return found

    def _look_for_checkpoint(self, names: tuple[str, ...]) -> tuple[Path | None, list[str]]:
        """The newest whole checkpoint, and what is wrong with any newer one."""
        newest, _, before = (self.path / name for name in _CHECKPOINTS)
        while True:
            seen, damages = _stamp(newest), list[str]()
            # Killed between the two renames of `save_checkpoint`, only the one before is there.
            for folder in (newest, before):
                damage = find_damage(folder, names) if folder.exists() else ""
                if damage is None:
                    return folder, damages
                damages += [damage] if damage else []
            if not damages or _stamp(newest) == seen:
                return None, damages
            # Another process, which trains the run, has just put a new one there.

    @staticmethod
    def _checkpoint_values(folder: Path) -> dict[str, Any]:
        values = read_json(folder / _VALUES)
        version = values.get("schema_version")
        if version != CHECKPOINT_VERSION:
            raise InputError(
                f"{folder} is of schema version {version!r}, this vaelab reads "
                f"{CHECKPOINT_VERSION}; go on with the vaelab that wrote it, or train into "
                "another --out"
            )
        return values


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Changes when another folder takes the place of this one."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


CHECKPOINT_VERSION = 2

_CHECKPOINTS = ("checkpoint", "checkpoint.new", "checkpoint.before")
_TENSORS, _VALUES = "tensors.safetensors", "state.json"


def require_free(wanted: Run) -> None:
    """Refuse a folder in which something else stands than this run, begun or finished.

    Raises:
        InputError: naming what differs, or that foreign files are there.
    """
    path = wanted.path
    if not (path / "config.json").exists():
        if path.exists() and (not path.is_dir() or any(_visible(path))):
            raise InputError(f"{path} is there and is no run folder; choose another --out")
        return
    there = open_run(path)
    if there.load_checkpoint_values() is None:
        return  # nothing was kept yet, so nothing is lost when it is begun anew
    differing = settings.differences(there.config, wanted.config)
    differing += [
        f"{split} images: of {there.data.name} / of {wanted.data.name}"
        for split in there.data.differing_splits(wanted.data)
    ]
    if differing:
        raise InputError(
            f"{path} holds a run with other settings (there / wanted): "
            f"{'; '.join(differing)}; choose another --out or delete that folder"
        )


def open_run(path: Path) -> Run:
    """The run at `path`.

    Raises:
        InputError: if there is none, or its configuration cannot be read.
    """
    file = path / "config.json"
    if not file.exists():
        raise InputError(f"{path} is no run folder: it has no config.json")
    values = read_json(file)
    values.pop("vaelab_version", None)
    try:
        data = data_card_from(values.pop("data_card", {}))
        return Run(path, settings.from_dict(values, Config), data)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def data_card_from(values: Any) -> DataCard:
    """The card whose fields were written as JSON.

    Raises:
        InputError: if a field is missing, unknown or of another type, or no images are like that.
    """
    card: DataCard = settings.read_as(DataCard, values, "data_card")
    if len(card.shape) != 3 or not all(0 < size <= LARGEST_SIDE for size in card.shape):
        raise InputError(f"data_card.shape should be (C, H, W) in pixels, found {card.shape}")
    return card


def load_weights(model: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Put `weights`, read from `path`, into `model`.

    Raises:
        InputError: if names or shapes are not those of the model.
    """
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise InputError(
                f"{path}: tensor {name} should have shape {expected.get(name)}, "
                f"found {found.get(name)}; the file belongs to another configuration"
            )
    model.load_state_dict(weights)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file.

    Raises:
        InputError: if it is missing or damaged.
    """
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, FileNotFoundError) as error:
        raise InputError(f"{path} cannot be read as safetensors: {error}") from None
    return tensors


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file, whole or not at all."""
    content = save({name: value.detach().contiguous() for name, value in tensors.items()})
    with written_whole(path) as partial:
        partial.write_bytes(content)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        InputError: if it is missing, or holds something else.
    """
    return _parse_json(_read_text(path), str(path))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text, so not JSON") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


# What every record has, which others count on.
_RECORD_NUMBERS = ("selection_loss", "kl_weight", "learning_rate", "seconds", "images_per_second")
_RECORD_LOSSES = ("reconstruction", "kl", "negative_elbo")


def _record(line: str, where: str, epoch: int) -> dict[str, Any]:
    """A line of metrics.jsonl, checked."""
    record = _parse_json(line, where)
    numbers = {name: record.get(name) for name in _RECORD_NUMBERS}
    for part in ("train", "validation"):
        losses = record.get(part)
        known = losses if isinstance(losses, dict) else {}
        numbers |= {f"{part}.{name}": known.get(name) for name in _RECORD_LOSSES}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{where}: {name} should be a number, found {value!r:.40}")
    if record.get("epoch") != epoch:
        raise InputError(f"{where}: expected epoch {epoch}, found {record.get('epoch')!r:.40}")
    return record


def _visible(folder: Path) -> list[Path]:
    """Without hidden files, such as one half written when a process was killed."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def _parse_json(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # also of numbers and nesting without end
        raise InputError(f"{where} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"{where} should hold a JSON object, found {type(value).__name__}")
    return value
