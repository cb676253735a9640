"""Comparison tables: comparable runs, their numbers, and which run is best."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vaelab.comparison.groups import Evaluated
from vaelab.errors import InputError
from vaelab.evaluation.stored_samples import StoredSamples
from vaelab.formatting import counted, note_mark, number, numbered_notes, unit_label
from vaelab.preset_changes import preset_label

# A run is best if it leads by more than so many standard errors of the difference.
LEAD_STANDARD_ERRORS = 2.0

BOUNDS = ("floor", "baseline")


@dataclass(frozen=True, slots=True)
class Row:
    """One run, or one set of samples.

    Attributes:
        name: of the run.
        preset: that it is made from, see `preset_label`; `samples` for samples without a model.
        data: the name of its data set.
        metrics: by name, as stored in evaluation.json.
    """

    name: str
    preset: str
    data: str
    metrics: dict[str, dict[str, Any]]

    def value(self, metric: str) -> float | None:
        """The metric's value, or None where the run has none."""
        return self.metrics[metric]["value"] if metric in self.metrics else None

    def caveat(self, metric: str) -> str:
        """Why the metric's value says little; empty if it does not, or where there is none."""
        return self.metrics.get(metric, {}).get("caveat") or ""


def read_row(run: Evaluated) -> Row:
    """The stored evaluation of a run or of samples.

    Raises:
        InputError: if it was not evaluated yet.
    """
    metrics = run.read_evaluation().get("metrics")
    if metrics is None:
        raise InputError(f"{run.path} was not evaluated yet; run `vaelab evaluate {run.path}`")
    preset = "samples" if isinstance(run, StoredSamples) else preset_label(run.config)
    return Row(run.name, preset, run.data.name, metrics)


@dataclass(frozen=True, slots=True)
class Table:
    """Comparable rows.

    Attributes:
        rows: one per run.
        columns: names of numbers.
        reason: the difference from the first table; empty for the first.
    """

    rows: list[Row]
    columns: list[str]
    reason: str

    def example(self, column: str) -> dict[str, Any] | None:
        """The number as the first run has it that does."""
        return next((row.metrics[column] for row in self.rows if column in row.metrics), None)

    def best(self, column: str) -> Row | None:
        """The row that leads by more than the standard error allows; None if there is none.

        Likelihoods given the label are ranked only where all are. Numbers with a caveat are not
        ranked.
        """
        example = self.example(column)
        if example is None or example["direction"] is None:
            return None
        if any(row.caveat(column) for row in self.rows):
            return None
        sign = 1 if example["direction"] == "lower" else -1
        ranked = sorted(
            self.ranked_rows(column),
            key=lambda row: sign * row.metrics[column]["value"],
        )
        if len(ranked) < 2:
            return None
        first, second = (row.metrics[column] for row in ranked[:2])
        errors = [each["standard_error"] for each in (first, second)]
        if None in errors:
            return None
        lead = abs(first["value"] - second["value"])
        return ranked[0] if lead > LEAD_STANDARD_ERRORS * math.hypot(*errors) else None

    def ranked_rows(self, column: str) -> list[Row]:
        """The rows that have the number, without likelihoods given the label among others."""
        rows = [row for row in self.rows if row.value(column) is not None]
        return [row for row in rows if not row.metrics[column].get("given_label")] or rows

    @property
    def caveats(self) -> list[str]:
        """Why some numbers say little; each number has the mark of its note."""
        found = (row.caveat(column) for row in self.rows for column in self.columns)
        return list(dict.fromkeys(filter(None, found)))

    def mark(self, row: Row, column: str) -> str:
        """The mark of the note on a row's number; empty without one."""
        return note_mark(row.caveat(column), self.caveats)

    def given_label(self) -> str:
        """Which likelihoods are not ranked, where there are conditional and other models."""
        if not any(map(self._mixes_conditional, self.columns)):
            return ""
        return (
            "conditional models are given the label: their likelihoods are p(x|y), which are not "
            "ranked with the others' p(x)"
        )

    def _mixes_conditional(self, column: str) -> bool:
        rows = [row.metrics[column] for row in self.rows if column in row.metrics]
        return len({row.get("given_label", False) for row in rows}) > 1

    def titles(self) -> list[str]:
        """The heads of the columns."""
        heads = []
        for column in self.columns:
            example = self.example(column)
            unit = "" if example is None else f" ({unit_label(example['unit'])})"
            heads.append(f"{column}{unit}")
        return ["run", "preset", *heads]

    def cells(self, row: Row, mark: Callable[[str], str]) -> list[str]:
        """The texts of a row, with the best of each column marked."""
        texts = []
        for column in self.columns:
            text = _text(row.metrics.get(column), "value")
            text = mark(text) if self.best(column) is row else text + self.mark(row, column)
            texts.append(text)
        return [row.name, row.preset, *texts]

    def bounds(self) -> list[list[str]]:
        """The lines of floors and baselines."""
        lines = []
        for bound in BOUNDS:
            texts = [_text(self.example(column), bound) for column in self.columns]
            if any(texts):
                lines.append([f"({bound})", "", *texts])
        return lines

    def heading(self) -> str:
        """Why the table is separate; empty for the first."""
        return f"Not comparable with the first table: {self.reason}." if self.reason else ""

    def footer(self) -> str:
        """The data, the images and the feature extractors of the numbers."""
        losses = self.example("reconstruction")
        images = (
            ""
            if losses is None
            else f", {counted(losses['count'], 'test image')}; "
            "losses per image at one latent sample"
        )
        text = (
            f"{self.rows[0].data}{images}; best: a lead of more than "
            f"{LEAD_STANDARD_ERRORS:g} standard errors"
        )
        extractors = sorted(
            {
                f"{result.get('features_name') or 'network'} {result['features'][:12]}"
                for column in self.columns
                if (result := self.example(column)) and result.get("features")
            }
        )
        if extractors:
            text = f"{text}; features: {', '.join(extractors)}"
        return "; ".join(filter(None, [text, self.given_label()]))

    def notes(self) -> list[str]:
        """The footer and the notes that numbers have a mark of, one line each."""
        return [self.footer(), *numbered_notes(self.caveats)]


def _text(result: dict[str, Any] | None, key: str) -> str:
    return "" if result is None else number(result.get(key), result["unit"])
