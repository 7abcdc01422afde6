"""What a score's curves say: mean, recall, decay; return after an absence."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vosbench.metrics.formulas import Curve

RETURN_FRAMES = 5  # of an object that comes back: whether it is known again, not how it goes on
OFFICIAL_DECAY_BREAKS_AT = 256  # scored frames: the official code keeps frame indices in 8 bits


class Summary(NamedTuple):
    """One curve in three numbers."""

    mean: float
    recall: float  # share of frames above 0.5
    decay: float  # mean of the first quarter minus mean of the last


def summarise(x: Curve, *, official_decay: bool = False) -> Summary:
    """Mean, recall and decay of a curve (frames,), as in Perazzi et al., CVPR 2016.

    Decay compares the first and the last of four bins, which share their end frames:
    ids = round(linspace(1, n, 5) + 1e-10) - 1, D = mean(x[id0 : id1+1]) - mean(x[id3 : id4+1]).
    The official code keeps ids in 8 bits, so its value is wrong from 256 frames on;
    `official_decay` gives that value and warns. An empty curve is three NaN.

    >>> summarise(np.array([0.9, 0.7, 0.5, 0.3]))
    Summary(mean=0.6, recall=0.5, decay=0.4)
    """
    if not len(x):
        return Summary(np.nan, np.nan, np.nan)
    ids = (np.round(np.linspace(1, len(x), 5) + 1e-10) - 1).astype(np.int64)
    ends = ids + 1
    if official_decay:
        if len(x) >= OFFICIAL_DECAY_BREAKS_AT:
            warnings.warn(
                f"official decay of {len(x)} frames: its 8-bit frame indices overflow from "
                f"{OFFICIAL_DECAY_BREAKS_AT} frames on, so the value is wrong",
                stacklevel=2,
            )
        ids, ends = ids % 256, ends % 256
    decay = _mean(x[ids[0] : ends[1]]) - _mean(x[ids[3] : ends[4]])
    return Summary(_mean(x), float(np.mean(x > 0.5)), decay)


def returned(visible: NDArray[np.bool_], frames: int = RETURN_FRAMES) -> NDArray[np.bool_]:
    """The first `frames` visible frames each time an object comes back into sight, (frames,).

    A curve starts after the frame that gave the mask, so that it starts with the object in sight is
    no return.

    >>> returned(np.array([True, False, True, True, True, False]), frames=2).astype(int)
    array([0, 0, 1, 1, 0, 0])
    """
    back = np.zeros_like(visible)
    left = 0  # frames still to take
    for t, seen in enumerate(visible):
        if not seen:
            left = frames
        elif left:
            back[t] = True
            left -= 1
    return back


def _mean(x: Curve) -> float:
    return float(np.mean(x)) if len(x) else np.nan
