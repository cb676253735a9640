"""Tops, trousers and dresses as polygons whose corners depend on the factors.

Coordinates are pixels from the center of the image, x to the right and y down, as in `canvas`.
`width` and `length` are the extents along x and y; each docstring says what `cut` changes.
"""

import numpy as np

from vaelab.data.wardrobe.canvas import Canvas, blend, both, disc, polygon, stroke
from vaelab.data.wardrobe.parts import (
    GarmentFactors,
    outline,
    paint_body,
    paint_neck,
    paint_sleeves,
    paint_trim,
)


def t_shirt(canvas: Canvas, factors: GarmentFactors) -> None:
    """Short sleeves, a ribbed neck, a print on the chest; `cut` is the sleeve length."""
    half = blend(5.8, 8.4, factors.width)
    hem = blend(7.5, 13.3, factors.length)
    reach = blend(3.0, 8.6, factors.cut)
    paint_sleeves(
        canvas, factors, half, reach=reach, slope=blend(0.72, 0.58, factors.cut), wide=5.8
    )
    body = paint_body(canvas, factors, half, hem, flare=0.0)
    canvas.darken(both(stroke(canvas.plane, 0.3, (-14, hem - 1.2), (14, hem - 1.2)), body), 0.3)
    paint_neck(canvas, factors, body, radius=3.2)
    chest = polygon(canvas.plane, (-2.2, -5.5), (2.2, -5.5), (2.2, -2.5), (-2.2, -2.5))
    paint_trim(canvas, factors, chest)


def trouser(canvas: Canvas, factors: GarmentFactors) -> None:
    """Two legs from a waistband; `cut` goes from tapered legs to flared ones."""
    hip = blend(4.0, 6.2, factors.width)
    hem = blend(8.5, 13.3, factors.length)
    outer = hip + blend(-0.8, 3.2, factors.cut)
    inner = blend(0.9, 2.0, factors.width)
    legs = polygon(
        canvas.halves,
        (-1, -13),
        (hip - 0.7, -13),
        (hip, -7.5),
        (outer, hem),
        (inner, hem),
        (0.3, -4.0),
        (-1, -4.0),
    )
    canvas.paint(legs, factors.fabric, rim=0.3)
    crease = 0.5 * (hip + inner)
    canvas.darken(both(stroke(canvas.halves, 0.3, (crease, -9), (crease, 14)), legs), 0.15)
    canvas.darken(both(stroke(canvas.halves, 0.3, (hip - 2.4, -11), (hip, -8.5)), legs), 0.4)
    canvas.darken(stroke(canvas.plane, 0.3, (0, -11), (0, -5)), 0.4)
    canvas.paint(both(legs, canvas.plane[1] + 11.4), factors.trim)
    canvas.paint(both(legs, hem - 0.7 - canvas.plane[1]), factors.trim)


def pullover(canvas: Canvas, factors: GarmentFactors) -> None:
    """Long sleeves, ribbed neck, cuffs and hem; `cut` is the sleeve length."""
    half = blend(6.0, 8.2, factors.width)
    hem = blend(7.5, 13.3, factors.length)
    reach = blend(14.0, 24.0, factors.cut)
    paint_sleeves(
        canvas, factors, half, reach=reach, slope=blend(0.32, 0.23, factors.cut), wide=4.8, cuff=2.0
    )
    body = paint_body(canvas, factors, half, hem, flare=0.0)
    canvas.paint(both(body, hem - 2.0 - canvas.plane[1]), factors.trim, rim=0.2)
    paint_neck(canvas, factors, body, radius=2.9)


def dress(canvas: Canvas, factors: GarmentFactors) -> None:
    """No sleeves, a belt at the waist; `cut` goes from a straight skirt to a flared one."""
    bust = blend(4.0, 6.4, factors.width)
    hem = blend(7.5, 13.2, factors.length)
    skirt = bust + blend(-0.3, 6.2, factors.cut)
    waist = bust - 1.1
    gown = polygon(
        canvas.halves,
        (-1, -9.0),
        (1.2, -9.4),
        (bust - 3.0, -13.3),
        (bust - 1.0, -13.3),
        (bust - 0.6, -9.6),
        (bust, -8.0),
        (waist, -2.6),
        (0.25 * waist + 0.75 * skirt + 0.4, 0.3 * hem + 1.5),
        (skirt, hem),
        (-1, hem + 0.4),
    )
    canvas.paint(gown, factors.fabric, rim=0.3)
    for fold in (0.25, 0.65):
        pleat = stroke(canvas.halves, 0.3, (waist * fold, -1), (skirt * fold, hem))
        canvas.darken(both(pleat, gown), 0.25)
    canvas.paint(both(gown, np.abs(canvas.plane[1] + 2.6) - 0.8), factors.trim)
    canvas.paint(both(gown, hem - 1.0 - canvas.plane[1]), factors.trim)


def coat(canvas: Canvas, factors: GarmentFactors) -> None:
    """Long, buttoned in front, with lapels over a lining; `cut` is the depth of the opening."""
    half = blend(6.2, 8.2, factors.width)
    hem = blend(9.5, 13.4, factors.length)
    opening = blend(-9.0, 3.0, factors.cut)
    paint_sleeves(
        canvas, factors, half, reach=hem + 9.6, slope=blend(0.26, 0.24, factors.width), wide=5.2
    )
    body = paint_body(canvas, factors, half, hem, flare=0.9)
    edge = blend(2.2, 3.6, factors.cut)
    lapels = polygon(canvas.halves, (-1, -13.4), (edge, -13.4), (edge + 1.4, -9.4), (0, opening))
    canvas.paint(lapels, factors.fabric * 1.15, rim=0.55)
    lining = polygon(canvas.halves, (-1, -13.8), (edge - 0.6, -13.8), (0, opening - 1.5))
    canvas.paint(lining, 0.15)
    canvas.paint(both(outline(disc(canvas.plane, 2.6, (0, -14.0)), 0.7), body), factors.trim)
    canvas.darken(both(stroke(canvas.plane, 0.35, (0, opening), (0, 14)), body), 0.75)
    for share in (0.1, 0.5, 0.9):
        height = opening + (hem - 2 - opening) * share
        paint_trim(canvas, factors, disc(canvas.plane, 0.75, (1.7, height)))
    pocket = polygon(
        canvas.halves,
        (half - 4.2, 2.6),
        (half - 1.4, 2.0),
        (half - 1.4, 3.4),
        (half - 4.2, 4.0),
    )
    paint_trim(canvas, factors, pocket)


def shirt(canvas: Canvas, factors: GarmentFactors) -> None:
    """A pointed collar, a buttoned front, a pocket; `cut` goes from short sleeves to long."""
    half = blend(5.6, 7.8, factors.width)
    hem = blend(7.5, 13.0, factors.length)
    paint_sleeves(
        canvas,
        factors,
        half,
        reach=blend(6.0, 23.0, factors.cut),
        slope=blend(0.6, 0.25, factors.cut),
        wide=4.8,
        cuff=1.2,
    )
    body = paint_body(canvas, factors, half, hem, flare=-0.3)
    canvas.darken(both(outline(np.abs(canvas.plane[0]) - 1.2, 0.3), body), 0.4)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        paint_trim(canvas, factors, disc(canvas.plane, 0.6, (0.0, -8.0 + (hem + 6.2) * share)))
    pocket = polygon(canvas.plane, (2.4, -5.6), (5.0, -5.6), (5.0, -2.4), (2.4, -2.4))
    canvas.darken(outline(pocket, 0.3), 0.4)
    canvas.paint(disc(canvas.plane, 1.6, (0, -13.2)), 0.1)
    collar = polygon(canvas.halves, (0.9, -13.6), (3.0, -13.4), (4.0, -9.6), (0.2, -10.8))
    paint_trim(canvas, factors, collar)
