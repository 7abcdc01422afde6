"""Two methods on the same sequences: their difference, its interval, and whether it is noise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vosbench.metrics.formulas import Curve

EXACT = 13  # pairs up to which every pattern of signs is looked at, 2^13
LEVEL = 0.05  # a difference is clear where chance alone gives one as large no more often
DRAWS = 10_000
Values = Sequence[float] | Curve


class Paired(NamedTuple):
    """A difference of means over pairs."""

    difference: float
    low: float  # 95 % bootstrap interval
    high: float
    p: float  # two-sided, see `sign_flip`

    @property
    def clear(self) -> bool:
        """Whether the difference is more than noise: never with fewer than 6 pairs."""
        return self.p <= LEVEL


def paired(
    a: Values, b: Values, *, weights: Values | None = None, level: float = 1 - LEVEL, seed: int = 0
) -> Paired:
    """sum(w (a - b)) / sum(w), its percentile bootstrap interval and its p-value.

    Pairs are drawn again with replacement, `DRAWS` times, with their weights. Of a handful of pairs
    such an interval is too narrow: of two it leaves 0 out half the time where there is no
    difference, of eight one time in nine. So p, which holds at any number, is what decides.

    Args:
        a: (pairs,) one value per sequence; frames or objects of a sequence are not independent, so
            average them first.
        b: (pairs,) the other method's, in the same order.
        weights: (pairs,) of each sequence in the mean, as its number of objects; 1 by default.
        level: share of the resampled differences inside the interval.
        seed: of the draws.

    Raises ValueError for curves that are empty or of different length.
    """
    pairs = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    if not len(pairs):
        raise ValueError("no pairs; expected one value per sequence for each method")
    w = np.ones(len(pairs)) if weights is None else np.asarray(weights, np.float64)
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(pairs), size=(DRAWS, len(pairs)))
    means = (w * pairs)[draws].sum(axis=1) / w[draws].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    difference = (w * pairs).sum() / w.sum()
    return Paired(float(difference), float(low), float(high), sign_flip(w * pairs, rng))


def sign_flip(pairs: Curve, rng: np.random.Generator) -> float:
    """How often a sum of pairs with random signs is as far from 0 as theirs, in 0..1.

    If two methods are alike, each pair could as well be the other way round (Fisher's
    randomisation test). Exact up to `EXACT` pairs; else of `DRAWS` patterns, the one that was
    observed among them. The least p of n pairs is 2 / 2^n: above 0.05 below 6.
    """
    signs: NDArray[np.float64]
    if len(pairs) <= EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=len(pairs))))
    else:
        signs = rng.choice((1.0, -1.0), size=(DRAWS, len(pairs)))
        signs[0] = 1
    sums = np.abs(signs @ pairs)
    return float(np.mean(sums >= sums[0] * (1 - 1e-9)))
