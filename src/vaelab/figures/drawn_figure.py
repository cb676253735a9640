"""A figure as it is handed to the user: it shows itself and can be saved."""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from vaelab.figures.style import encoded, save, write

# The size in a notebook; the picture has more, for screens with finer pixels and for zooming in.
SHOWN_PIXELS_PER_INCH = 100


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class DrawnFigure:
    """A figure with its name.

    Attributes:
        name: a key of the table that it is from.
        subject: what it is of.
        figure: it, as matplotlib has it.
    """

    name: str
    subject: str
    figure: Figure

    def save(self, path: Path | str) -> Path:
        """Write it as .png or .svg.

        Returns:
            The file.

        Raises:
            InputError: on another ending.
        """
        return write(self.figure, Path(path))

    def save_in(self, folder: Path) -> Path:
        """Write it into a folder under its own name; returns the PNG file, an SVG lies beside."""
        return save(self.figure, folder / self.name)[0]

    def __repr__(self) -> str:
        return f"<figure {self.name} of {self.subject}>"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width = round(self.figure.get_figwidth() * SHOWN_PIXELS_PER_INCH)
        return encoded(self.figure, ".png"), {"width": width}
