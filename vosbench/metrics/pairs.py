"""Two methods on the same sequences: their difference, its interval, and whether it is noise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from vosbench.metrics.formulas import Curve

LEVEL = 0.05  # a difference is clear where chance alone gives one as large no more often
DRAWS = 10_000
Values = Sequence[float] | Curve


class Paired(NamedTuple):
    """A difference of means over pairs."""

    difference: float
    low: float  # 95 % bootstrap interval
    high: float
    p: float  # two-sided, see `chance`

    @property
    def clear(self) -> bool:
        """Whether the difference is more than noise."""
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
    draws = np.random.default_rng(seed).integers(len(pairs), size=(DRAWS, len(pairs)))
    means = (w * pairs)[draws].sum(axis=1) / w[draws].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    difference = (w * pairs).sum() / w.sum()
    return Paired(float(difference), float(low), float(high), chance(w * pairs))


def holm(p: Sequence[float]) -> list[float]:
    """P-values of several tests at once, by Holm: the chance that any of them errs stays p.

    The least of n is times n, the next times n - 1, ..., never below one before it (Holm 1979).

    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    order = sorted(range(len(p)), key=lambda i: p[i])
    found, least = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(p) - rank) * p[i]))
        found[i] = least
    return found


def holm_of_pairs(values: Sequence[Values], weights: Values) -> dict[tuple[int, int], float]:
    """P-values (`chance`) of all pairs i < j of several methods at once, by Holm.

    All of them, whichever are looked at: the best of many is found by looking, and of many equal
    ones it differs from some by chance.

    Args:
        values: of each method, (sequences,).
        weights: (sequences,) of each in the mean.
    """
    which = list(combinations(range(len(values)), 2))
    w = np.asarray(weights, np.float64)
    found = [chance(w * (np.asarray(values[i]) - np.asarray(values[j]))) for i, j in which]
    return dict(zip(which, holm(found), strict=True))


def chance(pairs: Curve) -> float:
    """How often a mean as far from 0 as theirs comes of pairs whose mean is 0: Student's t, paired.

    t = mean / (s / sqrt(n)), n - 1 degrees of freedom, two-sided; 1 of a single pair, which says
    nothing.
    """
    n = len(pairs)
    spread = float(pairs.std(ddof=1)) if n > 1 else np.inf
    mean = abs(float(pairs.mean()))
    if not spread:
        return 0.0 if mean else 1.0
    return float(2 * student.sf(mean / (spread / np.sqrt(n)), max(1, n - 1)))
