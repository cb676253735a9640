"""A drawn figure: it can be saved, and a notebook displays it."""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from vaelab.figures.style import encoded, save, write

# The size in a notebook; the picture has more pixels, for screens of high density and for zooming.
SHOWN_PIXELS_PER_INCH = 100


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class DrawnFigure:
    """A figure with its name.

    Attributes:
        name: a key of the table that it comes from.
        subject: names of the runs that it shows.
        figure: the matplotlib figure.
        weights: fingerprints of the weights of these runs.
    """

    name: str
    subject: str
    figure: Figure
    weights: tuple[str, ...]

    def save(self, path: Path | str) -> Path:
        """Write it as .png or .svg.

        Returns:
            The file.

        Raises:
            InputError: on another suffix.
        """
        return write(self.figure, Path(path), self.weights)

    def save_in(self, folder: Path) -> Path:
        """Write NAME.png and NAME.svg into a folder; returns the PNG file."""
        return save(self.figure, folder / self.name, self.weights)[0]

    def __repr__(self) -> str:
        return f"<figure {self.name} of {self.subject}>"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width = round(self.figure.get_figwidth() * SHOWN_PIXELS_PER_INCH)
        return encoded(self.figure, ".png", self.weights), {"width": width}
