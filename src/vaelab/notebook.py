"""HTML for notebook cells.

Colors are left to the notebook, light or dark, and every text is escaped here.
Letters in shapes: N images, C channels, H height, W width.
"""

import base64
import html
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vaelab.pictures import png_bytes, to_pixels

GALLERY_COLUMNS = 10
# Approximate: each pixel of an image is a whole number of screen pixels wide.
IMAGE_WIDTH = 80

_CELL = "padding:.15em .7em;vertical-align:top"
_SMALL = "font-size:.85em;opacity:.8"


class Html(str):
    """Text that is already HTML and is not escaped again."""

    __slots__ = ()


def strong(text: str) -> Html:
    """A text in bold."""
    return Html(f"<strong>{html.escape(text)}</strong>")


def block(heading: str, *parts: Html, note: str = "") -> str:
    """The HTML of a cell: a heading, if any, its parts, and a note below them, if any."""
    lines = [f"<div>{strong(heading)}</div>"] if heading else []
    lines += parts
    if note:
        lines.append(f'<div style="{_SMALL}">{html.escape(note)}</div>')
    return f"<div>{''.join(lines)}</div>"


def paragraph(text: str) -> Html:
    """A separate line."""
    return Html(f'<div style="margin:.4em 0">{html.escape(text)}</div>')


def facts(pairs: Sequence[tuple[str, str]]) -> Html:
    """A table with one row for each name and value."""
    return table((), pairs, "ll")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> Html:
    """A table.

    Args:
        head: the column heads; empty for none.
        rows: the cells of each row.
        sides: one letter for each column: l aligned left, r aligned right.
    """
    lines = [_row("th", head, sides)] if head else []
    lines += [_row("td", row, sides) for row in rows]
    return Html(f'<table style="margin:.4em 0">{"".join(lines)}</table>')


def gallery(images: NDArray[np.float32], captions: Sequence[str] = ()) -> Html:
    """Images (N, C, H, W) in [0, 1] in rows of ten, their pixels unblurred, captions below them."""
    cells = [
        f'<div style="text-align:center;overflow-wrap:anywhere">{_image(picture, caption)}'
        f'<div style="{_SMALL};line-height:1.2">{html.escape(caption)}</div></div>'
        for picture, caption in zip(to_pixels(images), captions or [""] * len(images), strict=True)
    ]
    columns, width = min(GALLERY_COLUMNS, len(images)), images.shape[3]
    shown_width = width * max(1, round(IMAGE_WIDTH / width))
    return Html(
        f'<div style="display:grid;gap:4px;margin:.4em 0;'
        f'grid-template-columns:repeat({columns},minmax(0,{shown_width}px))">'
        f"{''.join(cells)}</div>"
    )


def _row(tag: str, cells: Sequence[str], sides: str) -> str:
    texts = []
    for cell, side in zip(cells, sides, strict=True):
        align = "left" if side == "l" else "right"
        content = cell if isinstance(cell, Html) else html.escape(cell)
        texts.append(f'<{tag} style="text-align:{align};{_CELL}">{content}</{tag}>')
    return f"<tr>{''.join(texts)}</tr>"


def _image(picture: NDArray[np.uint8], text: str) -> str:
    data = base64.b64encode(png_bytes(picture)).decode()
    return (
        f'<img alt="{html.escape(text)}" src="data:image/png;base64,{data}" '
        'style="display:block;width:100%;image-rendering:pixelated">'
    )
