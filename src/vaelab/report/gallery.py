"""Copies figures into a site, compressed without a visible loss."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from vaelab.files import atomic_write

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
    """Copies figures into a site.

    Attributes:
        problems: figures that cannot be read, one line each.
    """

    def __init__(self, site: Path) -> None:
        self.problems: list[str] = []
        self._site = site
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
    ) -> Picture | None:
        """Copy a figure into the site; returns None if there is no file or it is not an image."""
        if not source.exists():
            return None
        if href not in self._sizes:
            self._sizes[href] = self._copy(source, href)
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

    def _copy(self, source: Path, href: str) -> tuple[int, int] | None:
        """Copy the file; returns its width and height in pixels, None if it is not an image."""
        try:
            with Image.open(source) as opened:
                image = _compressed(opened)
        # For a damaged file Pillow may raise many exceptions.
        except Exception as error:
            reason = str(error).partition("\n")[0]
            self.problems.append(
                f"{source} cannot be read as an image ({reason}); draw the figure again"
            )
            return None
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
