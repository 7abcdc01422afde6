"""Straight lines through what was measured against t, and where they end."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from vosbench.metrics.slope import slope
from vosbench.report.costs import Costs


@dataclass(frozen=True)
class Line:
    """A quantity that grows with t along a straight line, up to some t."""

    start: float  # at t = 0
    slope: float  # a frame
    until: float = math.inf  # t from which it grows no more; 0: it never grew

    @classmethod
    def through(cls, t: np.ndarray, values: np.ndarray, until: float = math.inf) -> Line:
        """The least squares line; the mean of a single point, or of what never grew."""
        if not until or len(t) < 2:
            return cls(float(values.mean()), 0.0, until)
        slope, start = np.polyfit(t, values, 1)
        return cls(float(start), float(slope), until)

    def at(self, t: float) -> float:
        return self.start + self.slope * min(t, self.until)

    def total(self, first: float, last: float) -> float:
        """The sum over t = first, first + 1, ..., last."""
        end = min(last, max(first - 1, self.until))
        growing = (end - first + 1) * self.at((first + end) / 2)
        return growing + (last - end) * self.at(last)


def state_line(costs: Costs, label: str) -> Line | None:
    """State bytes of one object against t, the most so far: a sawtooth needs room for its teeth.

    What grew in the last half of the measured t, or is below the bound that its cost() states,
    grows on, up to that bound; the rest is full, since the first t that had as much.
    """
    t, values = costs.series(label, "state_bytes")
    if not len(t):
        return None
    most, late = np.maximum.accumulate(values), t >= t.max() / 2
    bound = costs.at(label, "state_bound_bytes", None)
    if most[-1] > most[late][0]:
        return _up_to(Line.through(t[late], most[late]), bound)
    full = float(t[most >= most[-1]][0])
    if full == t[0]:
        return Line(float(most[-1]), 0.0, until=0)
    if bound is not None and most[-1] < bound:
        return _up_to(Line.through(t, most), bound)
    return Line.through(t[t <= full], most[t <= full], until=full)


def _up_to(line: Line, bound: float | None) -> Line:
    return line if bound is None else replace(line, until=(bound - line.start) / line.slope)


class FrameLines(NamedTuple):
    """Seconds of a frame along a line: the likeliest, and those at its slope's 95 % interval."""

    likely: Line
    least: Line
    most: Line


def frame_lines(speed: Costs, label: str, *, until: float) -> FrameLines | None:
    """Wall seconds of a frame against t. While the state grows, its read does: the rest is a mean.

    A line through whole frames would take the machine's noise in the encoder for growth. Whatever
    the noise, a read grows no faster than in proportion to t, and never shrinks.

    Args:
        speed: what was timed.
        label: of a method.
        until: t from which its state grows no more, 0 for one that never did.
    """
    t, frame = speed.series(label, "frame_seconds")
    times, read = speed.series(label, "read_seconds")
    if not len(t):
        return None
    growing = np.minimum(t, until)
    slopes = np.zeros(3)
    if until:
        read = read if np.array_equal(t, times) else frame
        found = slope(growing, read) or (0.0, 0.0, math.inf)  # too few t to tell
        slopes = np.clip(found, 0.0, read.mean() / growing.mean())
    middle = float(frame.mean()), float(growing.mean())
    return FrameLines(*(Line(middle[0] - b * middle[1], b, until) for b in slopes.tolist()))
