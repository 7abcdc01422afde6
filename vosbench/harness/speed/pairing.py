"""The ratio of two methods' times, from turns that they took side by side, with its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from vosbench.results import Row

Seconds = NDArray[np.float64]  # (rounds, turns)


class Ratio(NamedTuple):
    """How many times as long one method takes as the other."""

    ratio: float
    low: float  # NaN where there is one round alone
    high: float


def paired_ratio(a: Seconds, b: Seconds, level: float = 0.95) -> Ratio:
    """The geometric mean of a / b over all turns, with its log-ratio t interval.

    x_rc = log(a_rc / b_rc), with r the round and c the turn within a round. A memory that grows
    makes x depend on c, the same in every round, so each turn has a mean of its own and only what
    rounds differ by counts as noise: s^2 = sum (x_rc - mean_r x_rc)^2 / (C (R - 1)). The interval
    is exp(mean x -+ t s / sqrt(R C)) with C (R - 1) degrees of freedom.

    Args:
        a: (R, C) seconds of one method's turns.
        b: (R, C) seconds of the other's, each taken right beside a's.
        level: of confidence.

    >>> paired_ratio(np.full((3, 2), 4.0), np.full((3, 2), 2.0))
    Ratio(ratio=2.0, low=2.0, high=2.0)
    """
    if a.shape != b.shape or a.ndim != 2 or not a.size:
        raise ValueError(f"turns are {a.shape} and {b.shape}; expected the same (rounds, turns)")
    x = np.log(a / b)
    freedom = x.size - x.shape[1]
    centre = float(x.mean())
    if not freedom:
        return Ratio(float(np.exp(centre)), np.nan, np.nan)
    variance = float(((x - x.mean(axis=0)) ** 2).sum() / freedom)
    reach = stdtrit(freedom, (1 + level) / 2) * np.sqrt(variance / x.size)  # Student's t
    low, ratio, high = np.exp([centre - reach, centre, centre + reach]).tolist()
    return Ratio(ratio, low, high)


def rows(name: str, found: Ratio, suffix: str = "") -> list[Row]:
    """A ratio as Records: NAME, NAME_low and NAME_high, each followed by the suffix."""
    parts = {"": found.ratio, "_low": found.low, "_high": found.high}
    return [
        Row(None, None, f"{name}{end}{suffix}", value, "1")
        for end, value in parts.items()
        if np.isfinite(value)
    ]
