"""The folder that keeps the evaluation of samples made elsewhere.

samples.json            source, count and fingerprint of the samples, and the card of the data
evaluation.json         as in a run folder
evaluation.safetensors  as in a run folder
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

import vaelab
from vaelab import settings
from vaelab.errors import InputError
from vaelab.files import write_json
from vaelab.names import displayed
from vaelab.runs import DataCard, data_card_from, read_evaluation, read_json, write_evaluation

CARD, EVALUATION = "samples.json", "evaluation.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplesCard:
    """What the samples are.

    Attributes:
        source: the file or folder that they were read from.
        count: of samples.
        has_labels: whether each was generated for a given class.
        fingerprint: SHA-256 of the images and labels.
    """

    source: str
    count: int
    has_labels: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class StoredSamples:
    """A folder with the evaluation of samples; comparisons take it like a run.

    Attributes:
        path: the folder.
        card: what the samples are.
        data: the data that they are compared with.
    """

    path: Path
    card: SamplesCard
    data: DataCard

    @property
    def name(self) -> str:
        """The folder's name, as any output can show it."""
        return displayed(self.path.absolute().name)

    def create(self) -> None:
        """Write the card into the folder, which must be new or hold the same samples.

        Raises:
            InputError: if it holds something else.
        """
        if (self.path / CARD).exists():
            stored = open_samples(self.path)
            if (stored.card.fingerprint, stored.data) != (self.card.fingerprint, self.data):
                raise InputError(
                    f"{self.path} holds the evaluation of other samples ({stored.card.source}); "
                    "choose another --out or delete that folder"
                )
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise InputError(f"{self.path} exists and holds no samples; choose another --out")
        write_json(
            self.path / CARD,
            {
                **asdict(self.card),
                "data_card": asdict(self.data),
                "vaelab_version": vaelab.__version__,
            },
        )

    def read_evaluation(self) -> dict[str, Any]:
        """What was measured of the samples; empty if nothing was."""
        return {} if self.stale_evaluation() else self._stored_evaluation()

    def stale_evaluation(self) -> str:
        """Why the stored evaluation is not that of these samples; empty if it is."""
        measured = self._stored_evaluation().get("samples_fingerprint", self.card.fingerprint)
        if measured == self.card.fingerprint:
            return ""
        return (
            f"the stored numbers of {self.path} are of other samples than {CARD} names; evaluate "
            "the samples again"
        )

    def _stored_evaluation(self) -> dict[str, Any]:
        return read_evaluation(self.path / EVALUATION)

    def write_evaluation(
        self, evaluation: dict[str, Any], values: dict[str, Tensor] | None = None
    ) -> None:
        """Replace what was measured; see `vaelab.runs.write_evaluation`."""
        write_evaluation(self.path, evaluation, values)


def holds_samples(path: Path) -> bool:
    """Whether a folder keeps the evaluation of samples."""
    return (path / CARD).exists()


def open_samples(path: Path) -> StoredSamples:
    """The evaluated samples in a folder.

    Raises:
        InputError: if there are none, or their card cannot be read.
    """
    file = path / CARD
    if not file.exists():
        raise InputError(f"{path} holds no evaluated samples: it has no {CARD}")
    values = read_json(file)
    values.pop("vaelab_version", None)
    try:
        data = data_card_from(values.pop("data_card", {}))
        return StoredSamples(path, settings.read_as(SamplesCard, values, "samples"), data)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
