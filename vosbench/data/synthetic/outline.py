"""Where a posed creature's ellipses lie in the frame, and which samples they hold.

Samples are four to a pixel, in a 2x2 grid; a pixel in row r spans r..r+1. All arithmetic is float64
with + - * / and square root, one operation at a time, so that it is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vosbench.data.synthetic.arithmetic import cosine, sine
from vosbench.data.synthetic.creatures import KINDS, Colour, Part
from vosbench.data.synthetic.scene import Actor, Pose

Field = NDArray[np.float64]
Window = tuple[slice, slice]


class Box(NamedTuple):
    """Rows top..bottom and columns left..right of a frame, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def pixels(self) -> Window:
        """The box's place in a frame."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        """Samples down and across."""
        return 2 * (self.bottom - self.top), 2 * (self.right - self.left)


class Ellipse(NamedTuple):
    """A part in pixels: the points where p^2 + r^2 < 1, p and r linear in x and y."""

    x: float
    y: float
    p: tuple[float, float]  # p = p[0] * (column - x) + p[1] * (row - y)
    r: tuple[float, float]
    half_width: float
    half_height: float
    ink: Colour | None
    tone: float


class Outline(NamedTuple):
    """A creature in a frame."""

    box: Box
    ellipses: tuple[Ellipse, ...]  # in the order of painting


def outline(actor: Actor, pose: Pose, size: tuple[int, int]) -> Outline | None:
    """The ellipses of an actor in a frame of size (H, W); None where all lie outside."""
    parts = KINDS[actor.kind].parts(pose.phase)
    ellipses = tuple(_pose_part(part, pose) for part in parts)
    box = _bounds(ellipses, Box(0, size[0], 0, size[1]))
    return None if box is None else Outline(box, ellipses)


def fields(shape: Outline) -> Iterator[tuple[Ellipse, Window, Field, Field]]:
    """For each ellipse in the box: its window of samples, 1 - p^2 - r^2 there, and its rows.

    The rows are 0 at the ellipse's middle, -1 at its upper and 1 at its lower end: (rows, 1).
    """
    for ellipse in shape.ellipses:
        part = _bounds((ellipse,), shape.box)
        if part is None:
            continue
        columns = _samples(part.left, part.right) - ellipse.x
        rows = _samples(part.top, part.bottom)[:, None] - ellipse.y
        p = columns * ellipse.p[0] + rows * ellipse.p[1]
        r = columns * ellipse.r[0] + rows * ellipse.r[1]
        p *= p
        r *= r
        p += r
        np.subtract(1.0, p, out=p)
        yield ellipse, _window(part, shape.box), p, rows / ellipse.half_height


def inside(shape: Outline) -> NDArray[np.bool_]:
    """Which samples of the box the creature covers."""
    covered = np.zeros(shape.box.shape, dtype=np.bool_)
    for _, window, field, _ in fields(shape):
        covered[window] |= field > 0
    return covered


def body_axes(pose: Pose) -> tuple[tuple[float, float], tuple[float, float]]:
    """Body coordinates u, v as linear forms in column - x and row - y."""
    c, s = pose.along
    across, down = pose.size * pose.facing, pose.size * pose.stretch
    return (c / across, s / across), (-s / down, c / down)


def _pose_part(part: Part, pose: Pose) -> Ellipse:
    u, v = body_axes(pose)
    c, s = cosine(part.turn), sine(part.turn)
    p = ((u[0] * c + v[0] * s) / part.length, (u[1] * c + v[1] * s) / part.length)
    r = ((v[0] * c - u[0] * s) / part.width, (v[1] * c - u[1] * s) / part.width)
    area = p[0] * r[1] - p[1] * r[0]
    area = area if area > 0 else -area
    right, down = part.x * pose.size * pose.facing, part.y * pose.size * pose.stretch
    return Ellipse(
        x=pose.x + right * pose.along[0] - down * pose.along[1],
        y=pose.y + right * pose.along[1] + down * pose.along[0],
        p=p,
        r=r,
        half_width=sqrt(r[1] * r[1] + p[1] * p[1]) / area,
        half_height=sqrt(r[0] * r[0] + p[0] * p[0]) / area,
        ink=part.ink,
        tone=part.tone,
    )


def _bounds(ellipses: tuple[Ellipse, ...], within: Box) -> Box | None:
    top = max(within.top, floor(min(e.y - e.half_height for e in ellipses)))
    bottom = min(within.bottom, ceil(max(e.y + e.half_height for e in ellipses)))
    left = max(within.left, floor(min(e.x - e.half_width for e in ellipses)))
    right = min(within.right, ceil(max(e.x + e.half_width for e in ellipses)))
    return Box(top, bottom, left, right) if top < bottom and left < right else None


def _window(part: Box, whole: Box) -> Window:
    return (
        slice(2 * (part.top - whole.top), 2 * (part.bottom - whole.top)),
        slice(2 * (part.left - whole.left), 2 * (part.right - whole.left)),
    )


def _samples(first: int, last: int) -> Field:
    """Places of the samples of pixels first..last: first + 1/4, first + 3/4, ..."""
    places: Field = np.arange(2 * first, 2 * last, dtype=np.float64) * 0.5 + 0.25
    return places
