"""Shoes and bags as polygons whose corners depend on the factors; shoes point left.

Coordinates are pixels from the center of the image, x to the right and y down, as in `canvas`.
`width` and `length` are the extents along x and y; each docstring says what `cut` changes.
"""

from vaelab.data.wardrobe.canvas import Canvas, blend, both, disc, polygon, stroke
from vaelab.data.wardrobe.parts import GarmentFactors, outline, paint_trim


def sandal(canvas: Canvas, factors: GarmentFactors) -> None:
    """An open shoe of straps on a sole; `cut` goes from a flat heel to a high one."""
    half = blend(10.6, 13.2, factors.width)
    heel = blend(1.0, 9.5, factors.cut)
    ankle = blend(5.0, 10.0, factors.length)
    ground = 0.5 * (heel + ankle) + 0.6
    foot = ground - 1.0 - heel
    arch = (0.3 * half, foot + 0.4 * heel)
    knuckle = (-0.42 * half, ground - 1.8 - 0.5 * ankle)
    tongue = (0.12 * half, foot + 0.2 * heel - 0.45 * ankle)
    instep = (0.4 * half, foot - 0.92 * ankle)
    back, nape = (0.86 * half, foot), (0.84 * half, foot - ankle)
    ball = (-0.2 * half, ground - 1.6)
    canvas.paint(stroke(canvas.plane, 0.9, knuckle, tongue, instep, nape), factors.fabric)
    canvas.paint(
        stroke(canvas.plane, 1.6, (-0.72 * half, ground - 2.0), knuckle, ball),
        factors.fabric,
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
    canvas.paint(counter, factors.fabric, rim=0.2)
    post = polygon(
        canvas.plane,
        (0.66 * half, foot),
        (0.96 * half, foot),
        (0.9 * half, ground),
        (0.78 * half, ground),
    )
    canvas.paint(post, factors.trim)
    sole = stroke(
        canvas.plane,
        1.0,
        (-half, ground - 1.3),
        (-0.3 * half, ground - 0.8),
        arch,
        back,
    )
    canvas.paint(sole, factors.trim)


def sneaker(canvas: Canvas, factors: GarmentFactors) -> None:
    """A low laced shoe with a side stripe; `cut` goes from a thin sole to a thick wedge."""
    half = blend(10.8, 13.3, factors.width)
    high = blend(6.8, 11.0, factors.length)
    sole = blend(1.2, 4.2, factors.cut)
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
    canvas.paint(upper, factors.fabric, rim=0.3)
    toe = disc(canvas.plane, 0.42 * half, (-half, seat + 0.4))
    canvas.darken(both(outline(toe, 0.35), upper), 0.4)
    for share in (0.0, 0.5, 1.0):
        x = -0.28 * half + 0.42 * half * share
        y = top + (0.52 - 0.38 * share) * high
        lace = stroke(canvas.plane, 0.45, (x, y), (x + 1.6, y + 2.0))
        paint_trim(canvas, factors, both(lace, upper))
    stripe = stroke(canvas.plane, 0.7, (0.1 * half, seat - 0.6), (0.55 * half, top + 0.45 * high))
    paint_trim(canvas, factors, both(stripe, upper))
    canvas.paint(
        polygon(
            canvas.plane,
            (-half - 0.4, ground - 0.6 * sole - 0.3),
            (half + 0.3, ground - sole),
            (half, ground),
            (-half + 0.8, ground),
        ),
        factors.trim,
        rim=0.15,
    )


def bag(canvas: Canvas, factors: GarmentFactors) -> None:
    """A handle, a flap, a clasp; `cut` is the height of the handle."""
    half = blend(10.0, 13.2, factors.width)
    high = blend(10.5, 17.0, factors.length)
    handle = blend(1.6, 9.2, factors.cut)
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
    canvas.paint(arch, factors.trim)
    body = polygon(
        canvas.halves,
        (-1, top),
        (half - 1.6, top),
        (half - 0.8, top + 0.8),
        (half, bottom - 1),
        (half - 0.8, bottom),
        (-1, bottom),
    )
    canvas.paint(body, factors.fabric, rim=0.3)
    flap = polygon(
        canvas.halves,
        (-1, top),
        (half - 1.4, top),
        (half - 2.6, top + 0.4 * high),
        (-1, top + 0.48 * high),
    )
    canvas.darken(outline(flap, 0.35), 0.5)
    clasp = polygon(
        canvas.halves,
        (-1, top + 0.38 * high),
        (1.5, top + 0.38 * high),
        (1.5, top + 0.6 * high),
        (-1, top + 0.6 * high),
    )
    paint_trim(canvas, factors, clasp)


def ankle_boot(canvas: Canvas, factors: GarmentFactors) -> None:
    """A shaft with an elastic side; `cut` goes from a flat heel to a high one."""
    half = blend(10.6, 13.2, factors.width)
    shaft = blend(12.5, 20.0, factors.length)
    heel = blend(1.0, 6.0, factors.cut)
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
    canvas.paint(upper, factors.fabric, rim=0.3)
    elastic = polygon(
        canvas.plane,
        (0.28 * half, top + 0.8),
        (0.62 * half, top + 0.8),
        (0.5 * half, top + 0.55 * shaft),
        (0.4 * half, top + 0.55 * shaft),
    )
    paint_trim(canvas, factors, elastic)
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
    canvas.paint(post, factors.trim, rim=0.2)
    sole = stroke(
        canvas.plane,
        0.8,
        (-half + 0.2, ground - 0.9),
        (-0.3 * half, ground - 0.7),
        (0.3 * half, seat + 0.9),
        (half - 0.8, seat + 0.4),
    )
    canvas.paint(sole, factors.trim)
