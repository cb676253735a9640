"""Copies of figures, as small as they can be without a visible loss, with what a page must know."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from vaelab.errors import InputError
from vaelab.files import written_whole

# Figures are drawn at 160 dots per inch, and 96 make an inch on a page.
PIXELS_PER_DOT = 96 / 160

# The most colours that a palette holds.
PALETTE = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A figure on a page.

    Attributes:
        href: relative to the site's root.
        width: that it takes on the page, in CSS pixels.
        height: likewise.
        alt: what is seen.
        note: below it.
    """

    href: str
    width: int
    height: int
    alt: str
    note: str


class Gallery:
    """Takes figures into a site."""

    def __init__(self, site: Path) -> None:
        self._site = site
        # Several pages show the same figure.
        self._taken: dict[str, tuple[int, int]] = {}

    def take(
        self,
        source: Path,
        href: str,
        *,
        alt: str,
        note: str = "",
        scale: float = PIXELS_PER_DOT,
    ) -> Picture | None:
        """Copy a figure into the site; None if it is not there.

        Raises:
            InputError: if it cannot be read as an image.
        """
        if not source.exists():
            return None
        if href not in self._taken:
            self._taken[href] = self._copy(source, href)
        width, height = self._taken[href]
        return Picture(
            href=href,
            width=max(1, round(width * scale)),
            height=max(1, round(height * scale)),
            alt=alt,
            note=note,
        )

    def _copy(self, source: Path, href: str) -> tuple[int, int]:
        """Write it; returns width and height in pixels."""
        try:
            with Image.open(source) as opened:
                image = _compact(opened)
        except OSError as error:
            raise InputError(
                f"{source} cannot be read as an image: {error}; draw it anew"
            ) from None
        with written_whole(self._site / href) as partial:
            image.save(partial, format="PNG", compress_level=6)
        return image.width, image.height


def _compact(opened: Image.Image) -> Image.Image:
    """Grey where it is grey, else in a palette where that loses nothing to be seen."""
    image = Image.new("RGB", opened.size, "white")
    image.paste(opened.convert("RGBA"), mask=opened.convert("RGBA").getchannel("A"))
    colors = image.getcolors(PALETTE**2) or []
    if colors and all(r == g == b for _, (r, g, b) in colors):  # type: ignore[misc]
        return image.convert("L")
    return image.quantize(PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
