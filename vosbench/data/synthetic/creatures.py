"""Creatures as unions of ellipses whose limbs move: an outline is exact, and a gait deforms it.

Lengths are in body units (a creature reaches from about -1 to 1), x forward and y down; angles
and phases are in turns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from vosbench.data.synthetic.arithmetic import cosine, sine

Colour = tuple[int, int, int]
_WHITE, _BLACK, _ORANGE = (245, 245, 240), (22, 20, 24), (240, 150, 40)


class Part(NamedTuple):
    """One ellipse; parts are painted in order."""

    x: float
    y: float
    length: float  # semi-axis along its own direction
    width: float  # the other semi-axis
    turn: float = 0.0  # direction, clockwise as y points down
    ink: Colour | None = None  # None: the creature's own skin
    tone: float = 1.0  # brightness of the skin


class Kind(NamedTuple):
    """A species: its parts at a phase of its gait, and how it goes about."""

    parts: Callable[[float], list[Part]]
    period: float  # frames that one cycle of the gait takes
    seen: Literal["side", "front", "above"]  # faces left or right; not at all; turns as it goes
    walks: bool = False  # casts a shadow on the ground at its feet


def _hound(phase: float) -> list[Part]:
    swing = 0.07 * sine(phase)
    wag = 0.05 * sine(2 * phase)
    return [
        _limb(-0.42, 0.12, 0.66, 0.10, 0.25 - swing, tone=0.62),
        _limb(0.52, 0.12, 0.66, 0.10, 0.25 + swing, tone=0.62),
        _limb(-0.62, -0.12, 0.62, 0.085, 0.64 + wag),
        _limb(-0.55, 0.10, 0.72, 0.12, 0.25 + swing, tone=0.9),
        _limb(0.44, 0.10, 0.72, 0.12, 0.25 - swing, tone=0.9),
        Part(0, 0, 0.74, 0.32),
        Part(0.62, -0.26, 0.34, 0.2, -0.13),
        Part(0.84, -0.48 + 0.3 * wag, 0.27, 0.22),
        Part(1.04, -0.4 + 0.3 * wag, 0.2, 0.12, 0.03),
        Part(1.2, -0.43 + 0.3 * wag, 0.06, 0.05, ink=_BLACK),
        _limb(0.7, -0.62, 0.38, 0.1, 0.3 + wag, tone=0.7),
        *_eye(0.9, -0.56 + 0.3 * wag, 0.06),
    ]


def _fish(phase: float) -> list[Part]:
    beat = sine(phase)
    return [
        _limb(-0.6, 0, 0.55, 0.15, 0.5 + 0.09 + 0.03 * beat, tone=0.85),
        _limb(-0.6, 0, 0.55, 0.15, 0.5 - 0.09 + 0.03 * beat, tone=0.85),
        Part(-0.08, -0.32, 0.34, 0.17, -0.03 + 0.02 * beat, tone=0.75),
        Part(-0.1, 0.32, 0.2, 0.12, 0.08 - 0.02 * beat, tone=0.75),
        Part(-0.35, 0.02 * beat, 0.45, 0.22),
        Part(0.08, 0, 0.68, 0.37),
        _limb(0.2, 0.1, 0.36, 0.1, 0.43 + 0.07 * beat, tone=0.7),
        Part(0.73, 0.07, 0.07, 0.03, ink=_BLACK),
        *_eye(0.46, -0.1, 0.09),
    ]


def _beetle(phase: float) -> list[Part]:
    legs = [
        _limb(
            x,
            side * 0.3,
            0.5,
            0.05,
            side * (0.25 - lean) + step * sine(phase + side * 0.25),
            _BLACK,
        )
        for x, lean, step in ((-0.35, -0.09, 0.03), (0.0, 0.0, -0.03), (0.32, 0.09, 0.03))
        for side in (-1, 1)
    ]
    feelers = [_limb(0.72, side * 0.08, 0.4, 0.03, side * 0.07, _BLACK) for side in (-1, 1)]
    return [
        *legs,
        *feelers,
        Part(0.6, 0, 0.26, 0.3, ink=(48, 40, 44)),
        Part(-0.05, 0, 0.66, 0.52),
        Part(-0.08, 0, 0.64, 0.022, ink=_BLACK),
        Part(0.72, -0.16, 0.07, 0.06, ink=_WHITE),
        Part(0.72, 0.16, 0.07, 0.06, ink=_WHITE),
    ]


def _serpent(phase: float) -> list[Part]:
    def bend(x: float) -> float:
        return 0.34 * sine(phase - 0.45 * x) * (0.75 - 0.25 * x)

    count = 17
    places = [-1.15 + 2.1 * i / (count - 1) for i in range(count)]
    chain = [Part(x, bend(x), 0.1 + 0.011 * i, 0.1 + 0.008 * i) for i, x in enumerate(places)]
    head = bend(1.0)
    return [
        *chain,
        Part(1.02, head, 0.3, 0.22),
        *_eye(1.1, head - 0.1, 0.06),
        *_eye(1.1, head + 0.1, 0.06),
    ]


def _bird(phase: float) -> list[Part]:
    flap = sine(phase)
    return [
        _limb(0.05, -0.1, 0.3 + 0.65 * abs(flap), 0.17, 0.57 + 0.16 * flap, tone=0.6),
        _limb(-0.45, 0.02, 0.6, 0.12, 0.48, tone=0.8),
        Part(0, 0, 0.6, 0.28, -0.02),
        Part(0.56, -0.2, 0.24, 0.21),
        _limb(0.7, -0.2, 0.36, 0.07, 0.02, _ORANGE),
        _limb(0.12, -0.08, 0.35 + 0.7 * abs(flap), 0.2, 0.6 + 0.17 * flap, tone=0.85),
        *_eye(0.62, -0.26, 0.06),
    ]


def _octopus(phase: float) -> list[Part]:
    arms = [
        Part(
            0.16 * arm * (1 + 0.26 * i) + 0.035 * i * sine(phase + 0.17 * arm - 0.08 * i),
            0.16 + (0.115 - 0.012 * abs(arm)) * i,
            0.15 - 0.012 * i,
            0.15 - 0.009 * i,
            tone=0.78 + 0.02 * i,
        )
        for arm in (-2, 2, -1, 1, 0)
        for i in range(8)
    ]
    breath = 1 + 0.06 * sine(phase)
    return [
        *arms,
        Part(0, -0.3, 0.5 * breath, 0.56 / breath),
        *_eye(-0.16, -0.1, 0.1),
        *_eye(0.2, -0.1, 0.1),
    ]


def _trunk(_phase: float) -> list[Part]:
    furrows = [Part(x, 0.3 * x, 0.03, 4.0, 0.004 * x, ink=(78, 58, 44)) for x in (-0.17, 0.02, 0.2)]
    return [Part(0, 0, 0.32, 4.2, ink=(112, 86, 64)), *furrows]


def _limb(
    x: float,
    y: float,
    length: float,
    width: float,
    turn: float,
    ink: Colour | None = None,
    *,
    tone: float = 1.0,
) -> Part:
    """An ellipse that hangs by one end from (x, y) and points along turn."""
    half = length / 2
    return Part(x + half * cosine(turn), y + half * sine(turn), half, width, turn, ink, tone)


def _eye(x: float, y: float, radius: float) -> list[Part]:
    pupil = 0.6 * radius
    return [
        Part(x, y, radius, radius, ink=_WHITE),
        Part(x + 0.3 * radius, y, pupil, pupil, ink=_BLACK),
    ]


KINDS = {
    "hound": Kind(_hound, 9, "side", walks=True),
    "fish": Kind(_fish, 8, "side"),
    "beetle": Kind(_beetle, 6, "above"),
    "serpent": Kind(_serpent, 14, "above"),
    "bird": Kind(_bird, 7, "side"),
    "octopus": Kind(_octopus, 12, "front"),
    "trunk": Kind(_trunk, 1, "front"),
}
