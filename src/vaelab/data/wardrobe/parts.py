"""The factors of a garment, and the parts that several garments have in common."""

from dataclasses import dataclass

import numpy as np

from vaelab.data.wardrobe.canvas import Canvas, Field, both, disc, polygon, stroke


@dataclass(frozen=True, kw_only=True, slots=True)
class GarmentFactors:
    """The factors of N garments of one class, as the painting functions take them.

    Attributes:
        width: (N, 1, 1) in [0, 1].
        length: (N, 1, 1) in [0, 1].
        cut: (N, 1, 1) in [0, 1].
        fabric: (N, H, W), gray value of the cloth at every pixel.
        trim: (N, 1, 1), gray value of collars, hems, buttons, soles and handles.
    """

    width: Field
    length: Field
    cut: Field
    fabric: Field
    trim: Field


def outline(shape: Field, half_width: float) -> Field:
    """Signed distance to a line of width 2 * half_width along the edge of a shape."""
    distance: Field = np.abs(shape) - half_width
    return distance


def paint_body(
    canvas: Canvas, factors: GarmentFactors, half: Field, hem: Field, flare: float
) -> Field:
    """Paint the front of a top from the shoulders to the hem, and return its shape."""
    body = polygon(
        canvas.halves,
        (-1, -13.3),
        (2.4, -13.3),
        (half - 0.4, -11.2),
        (half - 0.5, -4.0),
        (half + flare, hem),
        (-1, hem),
    )
    canvas.paint(body, factors.fabric, rim=0.3)
    canvas.darken(outline(body, 0.3), 0.35)
    return body


def paint_sleeves(
    canvas: Canvas,
    factors: GarmentFactors,
    half: Field,
    *,
    reach: Field,
    slope: Field,
    wide: float,
    cuff: float = 0.0,
) -> None:
    """Paint both sleeves, from the shoulders outwards and down.

    Args:
        canvas: to paint on.
        factors: for the fabric and the trim.
        half: half the width of the body.
        reach: length of the upper edge of a sleeve.
        slope: horizontal component of the direction of the upper edge; 0 is straight down.
        wide: width at the shoulder; the wrist is narrower.
        cuff: length of the cuff at the wrist; 0 for no cuff.
    """
    fall = np.sqrt(1 - slope * slope)
    shoulder = (half - 0.6, -11.6)
    wrist = (shoulder[0] + reach * slope, shoulder[1] + reach * fall)
    narrow = 0.66 * wide
    inner = (wrist[0] - narrow * fall, wrist[1] + narrow * slope)
    sleeve = polygon(
        canvas.halves,
        (half - 2.5, -12.4),
        shoulder,
        wrist,
        inner,
        (half - 1.0, -11.6 + 1.1 * wide),
    )
    canvas.paint(sleeve, factors.fabric, rim=0.3)
    if cuff:
        canvas.paint(both(stroke(canvas.halves, cuff, wrist, inner), sleeve), factors.trim)


def paint_neck(canvas: Canvas, factors: GarmentFactors, body: Field, radius: float) -> None:
    """Paint a ribbed neck, with the inside of the back visible through it."""
    neck = disc(canvas.plane, radius, (0, -13.8))
    canvas.paint(both(neck, body), 0.2 * factors.fabric)
    canvas.paint(both(outline(neck, 0.7), body), factors.trim)


def paint_trim(canvas: Canvas, factors: GarmentFactors, shape: Field) -> None:
    """Paint a shape in the gray of the trim, with a shadow that separates it from the fabric."""
    canvas.darken(shape - 0.7, 0.3)
    canvas.paint(shape, factors.trim)
