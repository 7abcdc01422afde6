"""What a scene is made of: actors on paths, a ground, a camera and a light. No pixels here."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt
from typing import NamedTuple

from vosbench.data.synthetic.arithmetic import sine
from vosbench.data.synthetic.creatures import KINDS


class Pose(NamedTuple):
    """Where an actor is in one frame, in pixels of the frame, and how it holds itself."""

    x: float
    y: float
    size: float  # pixels per body unit
    along: tuple[float, float]  # cosine and sine of its direction
    facing: float  # factor on the body's own x: mirrors and foreshortens a turn
    stretch: float  # factor on the body's own y
    phase: float  # of its gait, in turns


@dataclass(frozen=True)
class Path:
    """x(t) = x + reach_x sin(t / period_x + phase_x), likewise y; pixels, frames and turns."""

    x: float
    y: float
    reach_x: float = 0.0
    reach_y: float = 0.0
    period_x: float = 48.0
    period_y: float = 36.0
    phase_x: float = 0.0
    phase_y: float = 0.0

    def at(self, t: float) -> tuple[float, float]:
        """The place at frame t, which may lie between frames."""
        return (
            self.x + self.reach_x * sine(t / self.period_x + self.phase_x),
            self.y + self.reach_y * sine(t / self.period_y + self.phase_y),
        )


@dataclass(frozen=True)
class Actor:
    """One creature, or a piece of scenery, and the id it carries in the masks."""

    kind: str  # name in KINDS
    skin: int  # seed of its coat
    size: float  # pixels per body unit
    path: Path
    label: int = 0  # 0: part of the scene, not to be segmented
    arrives: int = 0  # first frame in which it is there
    comes_from: float = 0.0  # x in pixels where it runs in when it arrives late
    swell: float = 0.0  # share by which its size comes and goes
    squash: float = 0.0  # share by which it is squashed and stretched
    beat: float = 0.0  # phase of its gait at frame 0, in turns

    def pose(self, t: int) -> Pose | None:
        """Its pose in frame t; None before it arrives."""
        if t < self.arrives:
            return None
        x, y = self._place(t)
        before, after = self._place(t - 0.5), self._place(t + 0.5)
        dx, dy = after[0] - before[0], after[1] - before[1]
        speed = sqrt(dx * dx + dy * dy)
        kind = KINDS[self.kind]
        along, facing = (1.0, 0.0), 1.0
        if kind.seen == "above":
            along = (dx / speed, dy / speed) if speed > 1e-9 else along
        elif kind.seen == "side":
            facing = _turn_around(dx / (0.03 * self.size))
        wave = sine(t / 17 + self.beat)
        size = self.size * (1 + self.swell * sine(t / 44 + self.beat))
        stretch = 1 + self.squash * wave
        phase = t / kind.period + self.beat
        return Pose(x, y, size, along, facing / stretch, stretch, phase)

    def _place(self, t: float) -> tuple[float, float]:
        """Its place; a late arrival runs from the frame's edge to its path in ten frames."""
        x, y = self.path.at(t)
        if self.arrives:
            rest = max(0.0, 1 - (t - self.arrives) / 10)
            x += (self.comes_from - x) * rest * rest
        return x, y


FADE = 96  # frames from light to light


@dataclass(frozen=True)
class Scene:
    """Everything that is needed to paint any frame of a video."""

    size: tuple[int, int]  # height, width
    ground: str  # name of a landscape or a floor
    seed: int
    actors: tuple[Actor, ...]  # from back to front
    pan: Path  # of the camera over the ground, in pixels
    margin: int  # pixels of ground beyond the frame on each side, for the camera
    dims: float = 0.0  # share of the light that fades and returns

    def camera(self, t: int) -> tuple[int, int]:
        """Row and column of the ground at the frame's upper left corner."""
        x, y = self.pan.at(t)
        last = 2 * self.margin
        return min(max(floor(y), 0), last), min(max(floor(x), 0), last)

    def light(self, t: int) -> tuple[int, int, int]:
        """Gain of red, green and blue in frame t, in 1/256; the light reddens as it fades."""
        lost = self.dims * (0.5 - 0.5 * sine(t / FADE + 0.25))
        red, green, blue = (floor(256 * (1 - lost * share)) for share in (0.8, 1.0, 1.1))
        return red, green, blue


def _turn_around(rate: float) -> float:
    """Mirror factor from the speed sideways: 1 rightwards, -1 leftwards, narrow while turning."""
    if abs(rate) < 0.35:
        return 0.35 if rate >= 0 else -0.35
    return min(1.0, max(-1.0, rate))
