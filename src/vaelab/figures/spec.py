"""The declaration of a figure: how it is drawn, what it needs, and the texts that go with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from vaelab.data import Dataset
from vaelab.loaded_run import LoadedRun


class Drawing(NamedTuple):
    """What a drawing function returns.

    Attributes:
        figure: without its title.
        detail: what is shown and on which data; it stands below the title.
    """

    figure: Figure
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FigureSpec:
    """A figure of one run.

    Attributes:
        draw: draws it.
        title: of the figure, and of the picture on the page.
        alt: alternative text; `{run}`, `{preset}` and `{data}` are filled in.
        caption: how to read it; it stands below the picture on the page.
        group: heading that it stands under on the page; None where the page draws its content.
        needs: keys of `vaelab.needs.NEEDS`.
        metrics: numbers of the stored evaluation that it shows.
        is_default: whether it is drawn where no figure is named.
    """

    draw: Callable[[LoadedRun], Drawing]
    title: str
    alt: str
    caption: str
    group: str | None
    needs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    is_default: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonFigureSpec:
    """A figure of several evaluated runs, all on the same images and in the same unit.

    Attributes:
        draw: draws it.
        title: of the figure.
        alt: alternative text; `{run}` (all names) and `{data}` are filled in.
        caption: how to read it; empty where the title says it.
        needs: keys of `vaelab.needs.NEEDS` that each run meets.
        metrics: numbers of the stored evaluations that it shows.
        is_on_page: False where the page draws its content.
    """

    draw: Callable[[Sequence[LoadedRun]], Drawing]
    title: str
    alt: str
    caption: str = ""
    needs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    is_on_page: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFigureSpec:
    """A figure of a data set.

    Attributes:
        draw: draws it from the images and their summary.
        title: of the figure.
        alt: alternative text; `{data}` is filled in.
        caption: how to read it.
        is_on_page: False where the page draws its content.
    """

    draw: Callable[[Dataset, dict[str, Any]], Drawing]
    title: str
    alt: str
    caption: str
    is_on_page: bool = True
