"""Images painted in layers, many at once; shapes are signed distances, edges are anti-aliased.

Letters in shapes: N images, H height, W width. All values are float32, one per pixel (N, H, W) or
one per image (N, 1, 1); the two broadcast. Distances are in pixels, negative inside.

Only operations that IEEE 754 rounds correctly are used (no sine, no power), each in a separate
step, so an image is the same on every machine.
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
    """Linear interpolation: `start` where `share` is 0, `end` where it is 1."""
    return start + (end - start) * share


def triangle_wave(x: Field, period: float) -> Field:
    """A triangle wave: 1 at multiples of the period, -1 half-way between them."""
    phase = x / period
    wave: Field = 4 * np.abs(phase - np.floor(phase) - 0.5) - 1
    return wave


def turned_plane(tangent: Field) -> Plane:
    """Coordinates of every pixel from the center of the image, x to the right and y down.

    Args:
        tangent: (N, 1, 1), of half the angle of the clockwise rotation.

    Returns:
        x and y, each (N, H, W).
    """
    steps = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    right, down = steps[None, None, :], steps[None, :, None]
    # Cosine and sine from the tangent of half the angle: no library function is needed.
    scale = 1 + tangent * tangent
    cosine, sine = (1 - tangent * tangent) / scale, 2 * tangent / scale
    return cosine * right + sine * down, cosine * down - sine * right


def polygon(plane: Plane, *corners: Point) -> Field:
    """Signed distance (N, H, W) to a polygon, convex or not; adjacent corners must differ."""
    x, y = plane
    squared = np.full_like(x, np.inf)
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        across, down = bx - ax, by - ay
        dx, dy = x - ax, y - ay
        np.minimum(squared, _squared_to_segment(dx, dy, across, down), out=squared)
        # A point is inside if a ray to the right crosses an odd number of edges.
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


def disc(plane: Plane, radius: Number, center: Point) -> Field:
    """Signed distance (N, H, W) to a disc."""
    dx, dy = plane[0] - center[0], plane[1] - center[1]
    distance: Field = np.sqrt(dx * dx + dy * dy) - radius
    return distance


def both(first: Field, second: Field) -> Field:
    """Signed distance to the intersection of two shapes."""
    return np.maximum(first, second)


def _squared_to_segment(dx: Field, dy: Field, across: Number, down: Number) -> Field:
    """Squared distance of points from a segment, both relative to the segment's start."""
    share = np.clip((dx * across + dy * down) / (across * across + down * down), 0, 1)
    rest_x, rest_y = dx - share * across, dy - share * down
    squared: Field = rest_x * rest_x + rest_y * rest_y
    return squared


@dataclass(frozen=True, kw_only=True, slots=True)
class Canvas:
    """N images while they are painted.

    Attributes:
        plane: coordinates x and y, each (N, H, W), in the frame of the garment.
        halves: the same with |x| for x, so a shape appears on the left and on the right.
        gray: (N, H, W) in [0, 1], modified in place; black at first.
    """

    plane: Plane
    halves: Plane
    gray: Field

    @classmethod
    def black(cls, plane: Plane) -> "Canvas":
        """A black canvas with these coordinates."""
        x, y = plane
        return cls(plane=plane, halves=(np.abs(x), y), gray=np.zeros_like(x))

    def paint(self, shape: Field, gray: Number, rim: float = 0.0) -> None:
        """Paint a shape over the canvas; its edge is darker by the share `rim`."""
        if rim:
            gray = gray * (1 - rim * np.clip(1 + shape / _RIM_PIXELS, 0, 1))
        self.gray[...] += _coverage(shape) * (gray - self.gray)

    def darken(self, shape: Field, share: float) -> None:
        """Darken the canvas within a shape by a share, as a seam or a fold does."""
        self.gray[...] *= 1 - share * _coverage(shape)


def _coverage(shape: Field) -> Field:
    """The share of each pixel that a shape covers, from the distance of the pixel's center."""
    covered: Field = np.clip(0.5 - shape, 0, 1)
    return covered
