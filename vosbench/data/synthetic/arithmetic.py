"""Noise, chance and angles that come out alike, bit for bit, on every machine.

Only integers, and float64 with + - * / floor and square root, which IEEE 754 rounds exactly; never
the C library's sine, a matrix product, or a random generator whose stream may change.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.int32]  # (height, width)
T = TypeVar("T")
_MASK64 = (1 << 64) - 1


def sine(turns: float) -> float:
    """Sine of an angle in turns, by Taylor's series to the ninth power, within 4e-6.

    >>> [round(sine(x), 4) for x in (0, 0.25, 0.5, 0.625, -1.25)]
    [0.0, 1.0, 0.0, -0.7071, -1.0]
    """
    x = turns - floor(turns + 0.5)
    x = 0.5 - x if x > 0.25 else -0.5 - x if x < -0.25 else x
    a = 6.283185307179586 * x
    b = a * a
    return a * (1 - b / 6 * (1 - b / 20 * (1 - b / 42 * (1 - b / 72))))


def cosine(turns: float) -> float:
    """Cosine of an angle in turns, within 4e-6."""
    return sine(turns + 0.25)


class Dice:
    """A stream of chances from a seed: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK64

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK64
        z = self._state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & _MASK64
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & _MASK64
        return low + (z ^ z >> 31) % (high - low + 1)

    def between(self, low: float, high: float) -> float:
        """A number from low to high, one of 2^20 + 1 evenly spaced."""
        return low + (high - low) * (self.integer(0, 1 << 20) / (1 << 20))

    def choose(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.integer(0, len(items) - 1)]


def scatter(rows: Grid, columns: Grid, seed: int) -> Grid:
    """A number 0..255 for each lattice point, without visible order: an integer hash."""
    h = rows.astype(np.uint32) * np.uint32(0x9E3779B1)
    h = h + columns.astype(np.uint32) * np.uint32(0x85EBCA77)
    h = h ^ np.uint32(seed * 0xC2B2AE3D & 0xFFFFFFFF)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        h = (h ^ h >> np.uint32(shift)) * np.uint32(factor)
    return (h >> np.uint32(24)).astype(np.int32)


def noise(shape: tuple[int, int], cell: tuple[int, int], seed: int) -> Grid:
    """Smooth value noise 0..255 on shape; it repeats after the shape where cells divide it.

    Lattice values every ``cell`` pixels are blended with smoothstep weights in 1/256.
    """
    (upper, lower, down), (left, right, across) = (
        _lattice(side, step) for side, step in zip(shape, cell, strict=True)
    )
    count = max(1, shape[0] // cell[0]), max(1, shape[1] // cell[1])
    lines = np.arange(int(lower.max()) + 1, dtype=np.int32)[:, None] % count[0]
    at_left = scatter(lines, left[None, :] % count[1], seed)
    at_right = scatter(lines, right[None, :] % count[1], seed)
    line = at_left * 256 + (at_right - at_left) * across[None, :]  # (lattice rows, width)
    blend = line[upper] * 256 + (line[lower] - line[upper]) * down[:, None]
    return blend >> 16


def fractal(shape: tuple[int, int], cell: tuple[int, int], seed: int, octaves: int = 4) -> Grid:
    """Noise 0..255 with detail: each octave has half the cell and half the weight."""
    total = np.zeros(shape, dtype=np.int32)
    weight = 0
    for octave in range(octaves):
        size = max(1, cell[0] >> octave), max(1, cell[1] >> octave)
        share = 1 << (octaves - 1 - octave)
        total += noise(shape, size, seed + 101 * octave) * share
        weight += share
    return total // weight


def _lattice(side: int, cell: int) -> tuple[NDArray[np.int32], ...]:
    """For each pixel of a side: the lattice points around it and the blend weight 0..256."""
    place = np.arange(side, dtype=np.int32)
    before = place // cell
    step = (place % cell) * 256 // cell
    weight = step * step * (768 - 2 * step) >> 16  # 3 s^2 - 2 s^3
    return before, before + 1, weight
