"""Copies figures into a site, compressed without a visible loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from vaelab.errors import InputError
from vaelab.figures.style import WEIGHTS
from vaelab.files import atomic_write
from vaelab.folders import require_inside
from vaelab.pictures import read_picture

# Figures are drawn at 160 dots per inch; a page has 96 pixels per inch.
PAGE_PIXELS_PER_PIXEL = 96 / 160

# The most colors of a palette.
PALETTE = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A figure on a page.

    Attributes:
        href: its path in the site.
        width: on the page, in CSS pixels.
        height: on the page, in CSS pixels.
        alt: alternative text.
        caption: the text below it.
    """

    href: str
    width: int
    height: int
    alt: str
    caption: str


class Gallery:
    """Copies figures of a study into a site.

    Attributes:
        problems: figures that are left out, one line each.
    """

    def __init__(self, site: Path | None, study: Path) -> None:
        """A gallery of the pictures in the folder `study`; without a site nothing is written."""
        self.problems: list[str] = []
        self._site = site
        self._study = study
        # Several pages show the same figure.
        self._sizes: dict[str, tuple[int, int] | None] = {}

    def add(
        self,
        source: Path,
        href: str,
        *,
        alt: str,
        caption: str = "",
        scale: float = PAGE_PIXELS_PER_PIXEL,
        weights: Sequence[str] = (),
    ) -> Picture | None:
        """Copy a figure into the site; returns None if there is none that can be shown.

        Args:
            source: the file; not every figure is drawn.
            href: its path in the site.
            alt: alternative text.
            caption: the text below it.
            scale: CSS pixels on the page for each pixel.
            weights: fingerprints of the weights of its runs; a figure of others is left out.
        """
        if not source.exists():
            return None
        if href not in self._sizes:
            self._sizes[href] = self._copy(source, href, weights)
        size = self._sizes[href]
        if size is None:
            return None
        width, height = size
        return Picture(
            href=href,
            width=max(1, round(width * scale)),
            height=max(1, round(height * scale)),
            alt=alt,
            caption=caption,
        )

    def _copy(self, source: Path, href: str, weights: Sequence[str]) -> tuple[int, int] | None:
        """Copy the file; returns its width and height in pixels, None if it is left out."""
        try:
            require_inside(source, self._study)
            opened = read_picture(source)
        except InputError as error:
            self.problems.append(f"{error}; draw the figure again")
            return None
        drawn = set(str(opened.info.get(WEIGHTS, "")).split())
        if drawn and weights and drawn != set(weights):
            self.problems.append(
                f"{source} shows other weights than its runs have now; draw the figure again"
            )
            return None
        image = _compressed(opened)
        if self._site is not None:
            with atomic_write(self._site / href) as partial:
                image.save(partial, format="PNG", compress_level=6)
        return image.width, image.height


def _compressed(opened: Image.Image) -> Image.Image:
    """Gray levels for a gray image, else a palette."""
    image = Image.new("RGB", opened.size, "white")
    image.paste(opened.convert("RGBA"), mask=opened.convert("RGBA").getchannel("A"))
    colors = image.getcolors(PALETTE**2) or []
    if colors and all(r == g == b for _, (r, g, b) in colors):  # type: ignore[misc]
        return image.convert("L")
    return image.quantize(PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
