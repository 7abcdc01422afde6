"""The growth exponent: something grows as t to this power."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vosbench.metrics.slope import slope


class Exponent(NamedTuple):
    """An exponent and its 95 % interval."""

    value: float
    low: float
    high: float


def exponent(t: ArrayLike, amount: ArrayLike, *, start: float = 0) -> Exponent | None:
    """Slope b of log(amount) = a + b log(t) by least squares over t >= start, with its interval.

    What the interval of `slope` covers here is how far the curve is from one power of t, not
    chance: bytes are counted, and counted again they are the same.

    Args:
        t: frame indices.
        amount: of anything, at each of them.
        start: below it, what a memory starts with bends the line.

    Returns:
        None where fewer than three points with t >= start are positive, or all at one t.

    >>> exponent([1, 2, 4, 8], [5, 5, 5, 5])
    Exponent(value=0.0, low=0.0, high=0.0)
    """
    used = _used(t, amount, start)
    x, y = (np.log(np.asarray(z, dtype=float)[used]) for z in (t, amount))
    found = slope(x, y)
    return None if found is None else Exponent(*found)


def _used(t: ArrayLike, amount: ArrayLike, start: float) -> np.ndarray:
    """Which points a fit takes: logarithms need both numbers above 0."""
    x, y = np.asarray(t, dtype=float), np.asarray(amount, dtype=float)
    return (x >= start) & (x > 0) & (y > 0)


def of_last_decade(t: ArrayLike, amount: ArrayLike) -> np.ndarray:
    """Which points `last_decade` takes, a mask: less than a decade where t starts later."""
    return _used(t, amount, _decade(t))


def _decade(t: ArrayLike) -> float:
    return float(np.max(t, initial=0)) / 10


def last_decade(t: ArrayLike, amount: ArrayLike) -> Exponent | None:
    """The exponent over the last decade of t: what a memory starts with bends the line before.

    >>> last_decade([1, 2, 10, 50, 100], [7, 7, 10, 50, 100]).value
    1.0
    """
    return exponent(t, amount, start=_decade(t))
