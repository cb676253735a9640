"""The ten garments of `wardrobe`, as patterns whose corners depend on three measures.

Coordinates are pixels from the picture's centre, x rightwards and y downwards, as `canvas` has
them. `Order.width` and `Order.length` are the extents along x and y in every class; `Order.cut` is
what else can be cut one way or another, said in each garment's docstring. Shoes point left.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vaelab.data.canvas import (
    Canvas,
    Field,
    blend,
    both,
    disc,
    polygon,
    stroke,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a batch of N garments of one class is to be made like.

    Attributes:
        width: (N, 1, 1) in [0, 1].
        length: (N, 1, 1) in [0, 1].
        cut: (N, 1, 1) in [0, 1].
        fabric: (N, H, W), grey of the cloth at every pixel.
        trim: (N, 1, 1), grey of collars, hems, buttons, soles and handles.
    """

    width: Field
    length: Field
    cut: Field
    fabric: Field
    trim: Field


def t_shirt(canvas: Canvas, order: Order) -> None:
    """Short sleeves, a ribbed neck, a print on the chest; the cut is the sleeves' length."""
    half = blend(5.8, 8.4, order.width)
    hem = blend(7.5, 13.3, order.length)
    reach = blend(3.0, 8.6, order.cut)
    _sleeves(canvas, order, half, reach=reach, slope=blend(0.72, 0.58, order.cut), wide=5.8)
    body = _body(canvas, order, half, hem, flare=0.0)
    canvas.darken(both(stroke(canvas.plane, 0.3, (-14, hem - 1.2), (14, hem - 1.2)), body), 0.3)
    _round_neck(canvas, order, body, radius=3.2)
    chest = polygon(canvas.plane, (-2.2, -5.5), (2.2, -5.5), (2.2, -2.5), (-2.2, -2.5))
    _sew_on(canvas, order, chest)


def trouser(canvas: Canvas, order: Order) -> None:
    """Two legs from a waistband; the cut goes from tapered legs to flared ones."""
    hip = blend(4.0, 6.2, order.width)
    hem = blend(8.5, 13.3, order.length)
    outer = hip + blend(-0.8, 3.2, order.cut)
    inner = blend(0.9, 2.0, order.width)
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
    canvas.paint(legs, order.fabric, rim=0.3)
    crease = 0.5 * (hip + inner)
    canvas.darken(both(stroke(canvas.halves, 0.3, (crease, -9), (crease, 14)), legs), 0.15)
    canvas.darken(both(stroke(canvas.halves, 0.3, (hip - 2.4, -11), (hip, -8.5)), legs), 0.4)
    canvas.darken(stroke(canvas.plane, 0.3, (0, -11), (0, -5)), 0.4)
    canvas.paint(both(legs, canvas.plane[1] + 11.4), order.trim)
    canvas.paint(both(legs, hem - 0.7 - canvas.plane[1]), order.trim)


def pullover(canvas: Canvas, order: Order) -> None:
    """Long sleeves, ribbed neck, cuffs and hem; the cut is the sleeves' length."""
    half = blend(6.0, 8.2, order.width)
    hem = blend(7.5, 13.3, order.length)
    reach = blend(14.0, 24.0, order.cut)
    _sleeves(
        canvas, order, half, reach=reach, slope=blend(0.32, 0.23, order.cut), wide=4.8, cuff=2.0
    )
    body = _body(canvas, order, half, hem, flare=0.0)
    canvas.paint(both(body, hem - 2.0 - canvas.plane[1]), order.trim, rim=0.2)
    _round_neck(canvas, order, body, radius=2.9)


def dress(canvas: Canvas, order: Order) -> None:
    """No sleeves, a belt at the waist; the cut goes from a straight skirt to a flared one."""
    bust = blend(4.0, 6.4, order.width)
    hem = blend(7.5, 13.2, order.length)
    skirt = bust + blend(-0.3, 6.2, order.cut)
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
    canvas.paint(gown, order.fabric, rim=0.3)
    for fold in (0.25, 0.65):
        pleat = stroke(canvas.halves, 0.3, (waist * fold, -1), (skirt * fold, hem))
        canvas.darken(both(pleat, gown), 0.25)
    canvas.paint(both(gown, np.abs(canvas.plane[1] + 2.6) - 0.8), order.trim)
    canvas.paint(both(gown, hem - 1.0 - canvas.plane[1]), order.trim)


def coat(canvas: Canvas, order: Order) -> None:
    """Long, buttoned in front, with lapels over a lining; the cut is how deep it opens."""
    half = blend(6.2, 8.2, order.width)
    hem = blend(9.5, 13.4, order.length)
    opening = blend(-9.0, 3.0, order.cut)
    _sleeves(canvas, order, half, reach=hem + 9.6, slope=blend(0.26, 0.24, order.width), wide=5.2)
    body = _body(canvas, order, half, hem, flare=0.9)
    edge = blend(2.2, 3.6, order.cut)
    lapels = polygon(canvas.halves, (-1, -13.4), (edge, -13.4), (edge + 1.4, -9.4), (0, opening))
    canvas.paint(lapels, order.fabric * 1.15, rim=0.55)
    lining = polygon(canvas.halves, (-1, -13.8), (edge - 0.6, -13.8), (0, opening - 1.5))
    canvas.paint(lining, 0.15)
    canvas.paint(both(_ring(disc(canvas.plane, 2.6, (0, -14.0)), 0.7), body), order.trim)
    canvas.darken(both(stroke(canvas.plane, 0.35, (0, opening), (0, 14)), body), 0.75)
    for share in (0.1, 0.5, 0.9):
        height = opening + (hem - 2 - opening) * share
        _sew_on(canvas, order, disc(canvas.plane, 0.75, (1.7, height)))
    pocket = polygon(
        canvas.halves,
        (half - 4.2, 2.6),
        (half - 1.4, 2.0),
        (half - 1.4, 3.4),
        (half - 4.2, 4.0),
    )
    _sew_on(canvas, order, pocket)


def sandal(canvas: Canvas, order: Order) -> None:
    """An open shoe of straps on a sole; the cut goes from a flat heel to a high one."""
    half = blend(10.6, 13.2, order.width)
    heel = blend(1.0, 9.5, order.cut)
    ankle = blend(5.0, 10.0, order.length)
    ground = 0.5 * (heel + ankle) + 0.6
    foot = ground - 1.0 - heel
    arch = (0.3 * half, foot + 0.4 * heel)
    knuckle = (-0.42 * half, ground - 1.8 - 0.5 * ankle)
    tongue = (0.12 * half, foot + 0.2 * heel - 0.45 * ankle)
    instep = (0.4 * half, foot - 0.92 * ankle)
    back, nape = (0.86 * half, foot), (0.84 * half, foot - ankle)
    ball = (-0.2 * half, ground - 1.6)
    canvas.paint(stroke(canvas.plane, 0.9, knuckle, tongue, instep, nape), order.fabric)
    canvas.paint(
        stroke(canvas.plane, 1.6, (-0.72 * half, ground - 2.0), knuckle, ball),
        order.fabric,
        rim=0.2,
    )
    counter = polygon(
        canvas.plane,
        (0.56 * half, foot),
        (0.74 * half, foot - 0.55 * ankle),
        (0.78 * half, foot - ankle),
        (0.94 * half, foot - ankle),
        (0.96 * half, foot),
    )
    canvas.paint(counter, order.fabric, rim=0.2)
    post = polygon(
        canvas.plane,
        (0.66 * half, foot),
        (0.96 * half, foot),
        (0.9 * half, ground),
        (0.78 * half, ground),
    )
    canvas.paint(post, order.trim)
    sole = stroke(
        canvas.plane,
        1.0,
        (-half, ground - 1.3),
        (-0.3 * half, ground - 0.8),
        arch,
        back,
    )
    canvas.paint(sole, order.trim)


def shirt(canvas: Canvas, order: Order) -> None:
    """A pointed collar, a buttoned front, a pocket; the cut goes from short sleeves to long."""
    half = blend(5.6, 7.8, order.width)
    hem = blend(7.5, 13.0, order.length)
    _sleeves(
        canvas,
        order,
        half,
        reach=blend(6.0, 23.0, order.cut),
        slope=blend(0.6, 0.25, order.cut),
        wide=4.8,
        cuff=1.2,
    )
    body = _body(canvas, order, half, hem, flare=-0.3)
    canvas.darken(both(_ring(np.abs(canvas.plane[0]) - 1.2, 0.3), body), 0.4)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        _sew_on(canvas, order, disc(canvas.plane, 0.6, (0.0, -8.0 + (hem + 6.2) * share)))
    pocket = polygon(canvas.plane, (2.4, -5.6), (5.0, -5.6), (5.0, -2.4), (2.4, -2.4))
    canvas.darken(_ring(pocket, 0.3), 0.4)
    canvas.paint(disc(canvas.plane, 1.6, (0, -13.2)), 0.1)
    collar = polygon(canvas.halves, (0.9, -13.6), (3.0, -13.4), (4.0, -9.6), (0.2, -10.8))
    _sew_on(canvas, order, collar)


def sneaker(canvas: Canvas, order: Order) -> None:
    """A low laced shoe with a side stripe; the cut goes from a thin sole to a thick wedge."""
    half = blend(10.8, 13.3, order.width)
    high = blend(6.8, 11.0, order.length)
    sole = blend(1.2, 4.2, order.cut)
    ground = 0.5 * (high + sole)
    top, seat = ground - sole - high, ground - 0.6 * sole
    upper = polygon(
        canvas.plane,
        (-half, seat - 0.5),
        (-half + 0.6, seat - 0.3 * high),
        (-0.72 * half, seat - 0.42 * high),
        (-0.1 * half, top + 0.3 * high),
        (0.22 * half, top),
        (0.4 * half, top + 0.2),
        (0.6 * half, top + 0.32 * high),
        (0.86 * half, top + 0.1 * high),
        (0.95 * half, top + 0.2),
        (half, seat),
    )
    canvas.paint(upper, order.fabric, rim=0.3)
    toe = disc(canvas.plane, 0.42 * half, (-half, seat + 0.4))
    canvas.darken(both(_ring(toe, 0.35), upper), 0.4)
    for share in (0.0, 0.5, 1.0):
        x = -0.28 * half + 0.42 * half * share
        y = top + (0.52 - 0.38 * share) * high
        lace = stroke(canvas.plane, 0.45, (x, y), (x + 1.6, y + 2.0))
        _sew_on(canvas, order, both(lace, upper))
    stripe = stroke(canvas.plane, 0.7, (0.1 * half, seat - 0.6), (0.55 * half, top + 0.45 * high))
    _sew_on(canvas, order, both(stripe, upper))
    canvas.paint(
        polygon(
            canvas.plane,
            (-half - 0.4, ground - 0.6 * sole - 0.3),
            (half + 0.3, ground - sole),
            (half, ground),
            (-half + 0.8, ground),
        ),
        order.trim,
        rim=0.15,
    )


def bag(canvas: Canvas, order: Order) -> None:
    """A handle, a flap, a clasp; the cut is the handle's height."""
    half = blend(10.0, 13.2, order.width)
    high = blend(10.5, 17.0, order.length)
    handle = blend(1.6, 9.2, order.cut)
    bottom = 0.5 * (high + handle)
    top = bottom - high
    grip = 0.55 * half
    arch = stroke(
        canvas.halves,
        0.75,
        (grip, top + 1),
        (grip * 0.92, top - 0.6 * handle),
        (grip * 0.6, top - handle + 0.4),
        (-1, top - handle),
    )
    canvas.paint(arch, order.trim)
    body = polygon(
        canvas.halves,
        (-1, top),
        (half - 1.6, top),
        (half - 0.8, top + 0.8),
        (half, bottom - 1),
        (half - 0.8, bottom),
        (-1, bottom),
    )
    canvas.paint(body, order.fabric, rim=0.3)
    flap = polygon(
        canvas.halves,
        (-1, top),
        (half - 1.4, top),
        (half - 2.6, top + 0.4 * high),
        (-1, top + 0.48 * high),
    )
    canvas.darken(_ring(flap, 0.35), 0.5)
    clasp = polygon(
        canvas.halves,
        (-1, top + 0.38 * high),
        (1.5, top + 0.38 * high),
        (1.5, top + 0.6 * high),
        (-1, top + 0.6 * high),
    )
    _sew_on(canvas, order, clasp)


def ankle_boot(canvas: Canvas, order: Order) -> None:
    """A shaft with an elastic side; the cut goes from a flat heel to a high one."""
    half = blend(10.6, 13.2, order.width)
    shaft = blend(12.5, 20.0, order.length)
    heel = blend(1.0, 6.0, order.cut)
    ground = 0.5 * (shaft + heel)
    top, seat = ground - heel - shaft, ground - 1.0 - heel
    upper = polygon(
        canvas.plane,
        (-half, ground - 1.2),
        (-half + 0.4, ground - 3.8),
        (-half + 2.6, ground - 5.2),
        (-0.32 * half, ground - 7.0 - 0.4 * heel),
        (-0.02 * half, top + 0.45 * shaft),
        (-0.02 * half, top),
        (0.9 * half, top + 0.6),
        (0.86 * half, top + 0.5 * shaft),
        (half, seat - 1.5),
        (half - 0.6, seat + 0.6),
        (0.3 * half, seat + 0.8),
        (-0.3 * half, ground - 0.8),
    )
    canvas.paint(upper, order.fabric, rim=0.3)
    elastic = polygon(
        canvas.plane,
        (0.28 * half, top + 0.8),
        (0.62 * half, top + 0.8),
        (0.5 * half, top + 0.55 * shaft),
        (0.4 * half, top + 0.55 * shaft),
    )
    _sew_on(canvas, order, elastic)
    canvas.darken(
        both(stroke(canvas.plane, 0.3, (-half, seat), (-0.3 * half, ground - 5)), upper), 0.3
    )
    post = polygon(
        canvas.plane,
        (0.42 * half, seat),
        (half - 0.4, seat),
        (half - 0.8, ground),
        (0.5 * half, ground),
    )
    canvas.paint(post, order.trim, rim=0.2)
    sole = stroke(
        canvas.plane,
        0.8,
        (-half + 0.2, ground - 0.9),
        (-0.3 * half, ground - 0.7),
        (0.3 * half, seat + 0.9),
        (half - 0.8, seat + 0.4),
    )
    canvas.paint(sole, order.trim)


GARMENTS: dict[str, Callable[[Canvas, Order], None]] = {
    "T-shirt/top": t_shirt,
    "Trouser": trouser,
    "Pullover": pullover,
    "Dress": dress,
    "Coat": coat,
    "Sandal": sandal,
    "Shirt": shirt,
    "Sneaker": sneaker,
    "Bag": bag,
    "Ankle boot": ankle_boot,
}
"""Class names and how each is painted, in the order of the labels of Fashion-MNIST."""


def _ring(shape: Field, half_width: float) -> Field:
    """The distance to the outline of a shape."""
    outline: Field = np.abs(shape) - half_width
    return outline


def _body(canvas: Canvas, order: Order, half: Field, hem: Field, flare: float) -> Field:
    """Paint the front of a top from shoulders to hem, and return its shape."""
    body = polygon(
        canvas.halves,
        (-1, -13.3),
        (2.4, -13.3),
        (half - 0.4, -11.2),
        (half - 0.5, -4.0),
        (half + flare, hem),
        (-1, hem),
    )
    canvas.paint(body, order.fabric, rim=0.3)
    canvas.darken(_ring(body, 0.3), 0.35)
    return body


def _sleeves(
    canvas: Canvas,
    order: Order,
    half: Field,
    *,
    reach: Field,
    slope: Field,
    wide: float,
    cuff: float = 0.0,
) -> None:
    """Paint both sleeves, from the shoulders of a body `half` wide outwards and down.

    Args:
        canvas: what to paint on.
        order: fabric and trim.
        half: half the body's width.
        reach: length along the sleeve's upper edge.
        slope: its horizontal part; 0 hangs straight down.
        wide: width at the shoulder; the wrist is narrower.
        cuff: length of its trimmed end at the wrist; 0: none.
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
    canvas.paint(sleeve, order.fabric, rim=0.3)
    if cuff:
        canvas.paint(both(stroke(canvas.halves, cuff, wrist, inner), sleeve), order.trim)


def _round_neck(canvas: Canvas, order: Order, body: Field, radius: float) -> None:
    """Paint a ribbed neck and what shows of the inside of the back through it."""
    neck = disc(canvas.plane, radius, (0, -13.8))
    canvas.paint(both(neck, body), 0.2 * order.fabric)
    canvas.paint(both(_ring(neck, 0.7), body), order.trim)


def _sew_on(canvas: Canvas, order: Order, shape: Field) -> None:
    """Paint a piece in the trim's grey; its shadow shows it on fabric of the same grey."""
    canvas.darken(shape - 0.7, 0.3)
    canvas.paint(shape, order.trim)
