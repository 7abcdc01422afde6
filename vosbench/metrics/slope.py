"""The slope of a straight line through points, and how far chance may have moved it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit


class Slope(NamedTuple):
    """A slope and its 95 % interval."""

    value: float
    low: float
    high: float


def slope(x: np.ndarray, y: np.ndarray) -> Slope | None:
    """Slope b of y = a + b x by least squares; b +- Student's t (n - 2 degrees) x standard error.

    Returns:
        None for fewer than three points, or all at one x.

    >>> slope(np.arange(4), np.array([5, 7, 9, 11])), slope(np.arange(2), np.array([5, 7]))
    (Slope(value=2.0, low=2.0, high=2.0), None)
    """
    n, spread = len(x), float(((x - x.mean()) ** 2).sum()) if len(x) else 0.0
    if n < 3 or spread == 0:
        return None
    y = y - y[0]  # equal amounts then give exactly 0
    value = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    rest = y - y.mean() - value * (x - x.mean())
    error = math.sqrt(float((rest**2).sum()) / (n - 2) / spread)
    half = float(stdtrit(n - 2, 0.975)) * error  # two-sided 95 %
    return Slope(value, value - half, value + half)
