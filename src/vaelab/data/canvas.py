"""Pictures painted in layers, many at once; shapes are signed distances, edges anti-aliased.

Letters in shapes: N pictures, H height, W width. All is float32, one value per pixel (N, H, W) or
one per picture (N, 1, 1); the two broadcast. Distances are in pixels, negative inside.

Only operations that IEEE 754 rounds correctly are used (no sine, no power), each in a step of its
own, so that a picture is the same on every machine.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 28  # pixels, height and width

Field = NDArray[np.floating[Any]]
Number = Field | float
Point = tuple[Number, Number]
Plane = tuple[Field, Field]

_RIM_PIXELS = 2.0


def blend(start: Number, end: Number, share: Field) -> Field:
    """`start` where `share` is 0, `end` where it is 1, a straight line between."""
    return start + (end - start) * share


def triangle_wave(x: Field, period: float) -> Field:
    """1 at whole multiples of the period, -1 half-way between, straight lines from one to other."""
    phase = x / period
    wave: Field = 4 * np.abs(phase - np.floor(phase) - 0.5) - 1
    return wave


def turned_plane(tangent: Field) -> Plane:
    """Coordinates of every pixel from the picture's centre, x rightwards and y downwards.

    Args:
        tangent: (N, 1, 1), of half the angle by which the picture is turned clockwise.

    Returns:
        x and y, each (N, H, W).
    """
    steps = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    right, down = steps[None, None, :], steps[None, :, None]
    # Cosine and sine from the tangent of half the angle: exact arithmetic, no library function.
    scale = 1 + tangent * tangent
    cosine, sine = (1 - tangent * tangent) / scale, 2 * tangent / scale
    return cosine * right + sine * down, cosine * down - sine * right


def polygon(plane: Plane, *corners: Point) -> Field:
    """Signed distance (N, H, W) to a polygon, convex or not; no two neighbours may coincide."""
    x, y = plane
    squared = np.full_like(x, np.inf)
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        across, down = bx - ax, by - ay
        dx, dy = x - ax, y - ay
        np.minimum(squared, _squared_to_segment(dx, dy, across, down), out=squared)
        # A ray to the right leaves the polygon where an edge spans its height to the right of it.
        spans = (y >= ay) != (y >= by)
        inside ^= spans & ((across * dy > down * dx) == np.greater(down, 0))
    distance = np.sqrt(squared)
    return np.where(inside, -distance, distance)


def stroke(plane: Plane, radius: Number, *points: Point) -> Field:
    """Signed distance (N, H, W) to a line of width 2 * radius through the points."""
    x, y = plane
    squared = np.full_like(x, np.inf)
    for (ax, ay), (bx, by) in pairwise(points):
        np.minimum(squared, _squared_to_segment(x - ax, y - ay, bx - ax, by - ay), out=squared)
    distance: Field = np.sqrt(squared) - radius
    return distance


def disc(plane: Plane, radius: Number, centre: Point) -> Field:
    """Signed distance (N, H, W) to a disc."""
    dx, dy = plane[0] - centre[0], plane[1] - centre[1]
    distance: Field = np.sqrt(dx * dx + dy * dy) - radius
    return distance


def both(first: Field, second: Field) -> Field:
    """The distance to where two shapes overlap."""
    return np.maximum(first, second)


def _squared_to_segment(dx: Field, dy: Field, across: Number, down: Number) -> Field:
    """Squared distance of points from a segment, both relative to the segment's start."""
    share = np.clip((dx * across + dy * down) / (across * across + down * down), 0, 1)
    rest_x, rest_y = dx - share * across, dy - share * down
    squared: Field = rest_x * rest_x + rest_y * rest_y
    return squared


@dataclass(frozen=True, kw_only=True, slots=True)
class Canvas:
    """N pictures while they are painted.

    Attributes:
        plane: coordinates x and y, each (N, H, W), in the garment's own frame.
        halves: the same with |x| for x: what is drawn there appears left and right.
        grey: (N, H, W) in [0, 1], painted in place; starts black.
    """

    plane: Plane
    halves: Plane
    grey: Field

    @classmethod
    def black(cls, plane: Plane) -> "Canvas":
        """An empty one over these coordinates."""
        x, y = plane
        return cls(plane=plane, halves=(np.abs(x), y), grey=np.zeros_like(x))

    def paint(self, shape: Field, grey: Number, rim: float = 0.0) -> None:
        """Lay a shape over what is there; towards its edge it is darker by the share `rim`."""
        if rim:
            grey = grey * (1 - rim * np.clip(1 + shape / _RIM_PIXELS, 0, 1))
        self.grey[...] += _coverage(shape) * (grey - self.grey)

    def darken(self, shape: Field, share: float) -> None:
        """Darken what is there by a share, as a seam or a fold does."""
        self.grey[...] *= 1 - share * _coverage(shape)


def _coverage(shape: Field) -> Field:
    """How much of each pixel a shape covers, from the distance of the pixel's centre to it."""
    covered: Field = np.clip(0.5 - shape, 0, 1)
    return covered
