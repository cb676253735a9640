"""Comparison tables: comparable rows, their numbers, and which row is best."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vaelab.comparison.differences import LEAD_STANDARD_ERRORS, Difference, difference
from vaelab.comparison.rows import Row
from vaelab.comparison.seeds import grouped_over_seeds
from vaelab.formatting import counted, note_mark, number, numbered_notes, unit_label

BOUNDS = ("floor", "baseline")

# In place of the name of a row: the best value of each column.
BEST = "best"


@dataclass(frozen=True, slots=True)
class Lead:
    """The row with the best value of a column, compared with the others.

    Attributes:
        first: the row.
        others: the other rows by value, with the difference of the first to each, up to the first
            difference that is not clear.
    """

    first: Row
    others: list[tuple[Row, Difference]]

    @property
    def is_clear(self) -> bool:
        """Whether the row leads every other one."""
        return all(each.is_clear for _, each in self.others)


@dataclass(frozen=True, slots=True)
class Table:
    """Comparable rows.

    Attributes:
        rows: one per run.
        columns: names of numbers.
        reason: the difference from the first table; empty for the first.
        reference: the row that differences are shown to, a name or `BEST`; empty: none are shown.
    """

    rows: list[Row]
    columns: list[str]
    reason: str
    reference: str = ""
    _leads: dict[str, Lead | None] = field(default_factory=dict, init=False, repr=False)

    def grouped_over_seeds(self) -> "Table":
        """The table with one row for runs that differ in the seed only."""
        return replace(self, rows=grouped_over_seeds(self.rows))

    def example(self, column: str) -> dict[str, Any] | None:
        """The number as the first run has it that does."""
        return next((row.metrics[column] for row in self.rows if column in row.metrics), None)

    def best(self, column: str) -> Row | None:
        """The row that leads every other one by more than the standard error of their difference.

        None if there is none. Likelihoods given the label are ranked only where all are.
        """
        lead = self.lead(column)
        return lead.first if lead is not None and lead.is_clear else None

    def lead(self, column: str) -> Lead | None:
        """The first row compared with the others; None if fewer than two rows are ranked."""
        if column not in self._leads:
            self._leads[column] = self._find_lead(column)
        return self._leads[column]

    def _find_lead(self, column: str) -> Lead | None:
        ranked = self.ranked(column)
        if len(ranked) < 2:
            return None
        first = ranked[0].stored(column)
        others = []
        for row in ranked[1:]:
            others.append((row, difference(first, row.stored(column))))
            if not others[-1][1].is_clear:
                break
        return Lead(ranked[0], others)

    def ranked(self, column: str) -> list[Row]:
        """The ranked rows, the best value first; empty where no direction is better.

        Numbers with a caveat are not ranked.
        """
        example = self.example(column)
        if example is None or example["direction"] is None:
            return []
        if any(row.caveat(column) for row in self.rows):
            return []
        sign = 1 if example["direction"] == "lower" else -1
        rows = self.ranked_rows(column)
        return sorted(rows, key=lambda row: sign * row.metrics[column]["value"])

    def differences(self, column: str) -> list[Difference | None]:
        """The difference of each row to the row of reference; None where one has no number."""
        reference = self._reference_row(column)
        return [
            None
            if reference is None or row is reference or row.value(column) is None
            else difference(row.stored(column), reference.stored(column))
            for row in self.rows
        ]

    def _reference_row(self, column: str) -> Row | None:
        named = [row for row in self.rows if row.name == self.reference]
        if not named and self.reference == BEST:
            named = self.ranked(column)
        row = next(iter(named), None)
        return row if row is not None and row.value(column) is not None else None

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
            text = value_text(row.metrics.get(column))
            text = mark(text) if self.best(column) is row else text + self.mark(row, column)
            texts.append(text)
        return [row.name, row.preset, *texts]

    def difference_rows(self) -> list[list[str]]:
        """The lines of differences to the row of reference; empty if none are shown."""
        if not self.reference:
            return []
        columns = [self.differences(column) for column in self.columns]
        return [
            [row.name, row.preset, *("" if each is None else each.signed_text for each in found)]
            for row, *found in zip(self.rows, *columns, strict=True)
        ]

    def difference_note(self) -> str:
        """What the differences are to, and what their standard errors rest on."""
        reference = "the best value" if self.reference == BEST else self.reference
        found = {
            column: dict.fromkeys(each.basis for each in self.differences(column) if each)
            for column in self.columns
        }
        return (
            f"differences to {reference} ± one standard error; "
            f"{_by_basis(found) or 'no row has a number in common with it'}"
        )

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
            f"{LEAD_STANDARD_ERRORS:g} standard errors of the difference"
        )
        deciding = {
            column: dict.fromkeys(each.basis for _, each in lead.others)
            for column in self.columns
            if (lead := self.lead(column)) is not None
        }
        text = ", ".join(filter(None, [text, _by_basis(deciding)]))
        if any(row.members for row in self.rows):
            text = f"{text}; of several seeds: mean ± standard deviation over seeds"
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


def value_text(result: dict[str, Any] | None) -> str:
    """The value; of several seeds the mean and the standard deviation."""
    text = _text(result, "value")
    deviation = _text(result, "standard_deviation")
    return f"{text} ± {deviation}" if deviation else text


def _text(result: dict[str, Any] | None, key: str) -> str:
    return "" if result is None else number(result.get(key), result["unit"])


def _by_basis(found: Mapping[str, Iterable[str]]) -> str:
    """What standard errors rest on, each basis once, with its columns if there are several."""
    columns: dict[str, list[str]] = {}
    for column, bases in found.items():
        for basis in bases:
            columns.setdefault(basis, []).append(column)
    if len(columns) == 1:
        return next(iter(columns))
    return ", ".join(f"{basis} ({', '.join(names)})" for basis, names in columns.items())
