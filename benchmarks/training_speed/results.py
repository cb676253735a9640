"""A table of the reports of the contenders; without torch."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.children import Facts
from benchmarks.tables import Spread, ratios, spread, table
from benchmarks.training_speed.contenders import ARITHMETIC, CONTENDERS, PEERS

MEGABYTE = 1e6

# One entry per round; None if the contender failed or has not run yet.
Answers = dict[str, list[Facts | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The results of one contender.

    Attributes:
        network: mlp or conv.
        title: of the contender.
        images: training images in one epoch.
        seconds: of one epoch, median of each round.
        rates: images per second, by round.
        over: its rate over that of each contender in `PEERS`; None for itself.
        bytes_over_imports: peak memory minus that after importing its libraries.
    """

    network: str
    title: str
    images: int
    seconds: Spread
    rates: Sequence[float | None]
    over: Sequence[Spread | None]
    bytes_over_imports: float | None

    def to_dict(self) -> Facts:
        """As JSON values."""
        return {
            "network": self.network,
            "contender": self.title,
            "images_per_epoch": self.images,
            "seconds_per_epoch": self.seconds.to_dict(),
            "images_per_second": spread(_known(self.rates)).to_dict(),
            "rate_over": {
                CONTENDERS[peer].title: None if over is None else over.to_dict()
                for peer, over in zip(PEERS[self.network], self.over, strict=True)
            },
            "bytes_over_imports": self.bytes_over_imports,
        }


def rows_of(answers: Answers, images: int) -> list[Row]:
    """A row for each measured contender, more for vaelab, and one for the limit of each precision.

    Args:
        answers: by contender, and of `ARITHMETIC`.
        images: training images of every contender.
    """
    rows = []
    for network in PEERS:
        for name, contender in CONTENDERS.items():
            if contender.network != network:
                continue
            rows.append(_row(answers, name, contender.title, _images_a_second(answers, name)))
            whole = _images_a_second(answers, name, "whole_seconds")
            title = f"{contender.title}, with validation and checkpoint"
            rows.append(_row(answers, name, title, whole))
        rows += [_limit(answers, network, images, kind) for kind in products_rates(answers)]
    return [row for row in rows if row is not None]


def text(rows: Sequence[Row]) -> str:
    """One table per network."""
    return "\n\n".join(
        _table(network, [row for row in rows if row.network == network])
        for network in PEERS
        if any(row.network == network for row in rows)
    )


def products_rates(answers: Answers) -> dict[str, Spread]:
    """Floating-point operations per second in matrix products, by kind of number."""
    rates: dict[str, list[float]] = {}
    for answer in answers.get(ARITHMETIC, []):
        for kind, rate in ({} if answer is None else answer["flops_per_second"]).items():
            rates.setdefault(kind, []).append(rate)
    return {kind: spread(measured) for kind, measured in rates.items()}


def _table(network: str, rows: Sequence[Row]) -> str:
    peers = [f"over {CONTENDERS[name].title}" for name in PEERS[network]]
    head = [network, "images", "s/epoch", "images/s", *peers, "MB over imports"]
    return table(head, [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    memory = row.bytes_over_imports
    return [
        row.title,
        f"{row.images:,}",
        f"{row.seconds.median:.2f}",
        f"{statistics.median(_known(row.rates)):,.0f}",
        *("" if over is None else over.text() for over in row.over),
        "" if memory is None else f"{memory / MEGABYTE:.0f}",
    ]


def _row(answers: Answers, name: str, title: str, rates: list[float | None]) -> Row | None:
    known = _known(rates)
    if not known:
        return None
    there = [answer for answer in answers[name] if answer is not None]
    images = there[0]["images"]
    network = CONTENDERS[name].network
    return Row(
        network=network,
        title=title,
        images=images,
        seconds=spread([images / rate for rate in known]),
        rates=rates,
        over=_over_peers(answers, network, rates, itself=name),
        bytes_over_imports=statistics.median(
            answer["peak_bytes"] - answer["imported_bytes"] for answer in there
        ),
    )


def _limit(answers: Answers, network: str, images: int, kind: str) -> Row | None:
    """The speed if training were nothing but its matrix products."""
    rates = [
        None
        if answer is None
        else answer["flops_per_second"][kind] / answer["flops_per_image"][network]
        for answer in answers.get(ARITHMETIC, [])
    ]
    known = _known(rates)
    if not known:
        return None
    return Row(
        network=network,
        title=f"arithmetic alone in {kind}, the limit",
        images=images,
        seconds=spread([images / rate for rate in known]),
        rates=rates,
        over=_over_peers(answers, network, rates, itself=None),
        bytes_over_imports=None,
    )


def _over_peers(
    answers: Answers, network: str, rates: list[float | None], itself: str | None
) -> list[Spread | None]:
    return [
        None if peer == itself else ratios(rates, _images_a_second(answers, peer, like=rates))
        for peer in PEERS[network]
    ]


def _images_a_second(
    answers: Answers,
    name: str,
    clock: str = "seconds",
    like: Sequence[float | None] = (),
) -> list[float | None]:
    """Images per second by round; all None if the contender was not selected."""
    if name not in answers:
        return [None] * len(like)
    return [
        answer["images"] / statistics.median(answer[clock])
        if answer is not None and answer[clock]
        else None
        for answer in answers[name]
    ]


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]
