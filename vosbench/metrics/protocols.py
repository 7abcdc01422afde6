"""The rules evaluators part on: which frames, which ids, which span of each object.

A score without the name of its protocol means nothing: on the same masks these give other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from vosbench.errors import unknown

VOID = 255
Ids = Sequence[frozenset[int]]  # ids present in each frame of the truth, in order
Shown = NDArray[np.bool_]  # (frames, objects) whether an object is present in a frame


@dataclass(frozen=True)
class Protocol:
    """One evaluator's rules."""

    name: str
    summary: str  # one line, for help texts and reports
    objects: Callable[[Ids], tuple[int, ...]]  # the ids that are scored
    span: Callable[[Shown, Shown], Shown]  # truth, prediction -> where each object is scored
    ends: tuple[int, int] = (1, 1)  # frames left out at the start and at the end
    binary: bool = False  # any value above 0 is the one object
    void: bool = True  # 255 in the truth is background
    strict: bool = True  # a predicted id that is not scored is an error
    seen_and_unseen: bool = False  # averages over classes seen and unseen in training

    @property
    def least(self) -> int:
        """Annotated frames without which there is nothing to score."""
        return sum(self.ends) + 1


def _up_to_largest(ids: Ids) -> tuple[int, ...]:
    """1..K, K the largest id of the first frame: an id between that is nowhere counts as well."""
    return tuple(range(1, max(ids[0], default=0) + 1))


def _one(ids: Ids) -> tuple[int, ...]:
    return (1,)


def _in_inner_frames(ids: Ids) -> tuple[int, ...]:
    return tuple(sorted(frozenset().union(*ids[1:-1])))


def _anywhere(ids: Ids) -> tuple[int, ...]:
    return tuple(sorted(frozenset().union(*ids)))


def _every_frame(truth: Shown, prediction: Shown) -> Shown:
    return np.ones_like(truth)


def _from_first_sight(truth: Shown, prediction: Shown) -> Shown:
    """From the first inner frame that shows an object or that predicts it."""
    shown = truth | prediction
    shown[0] = False
    return np.logical_or.accumulate(shown, axis=0)


def _own_range(truth: Shown, prediction: Shown) -> Shown:
    """After the frame that first shows an object (its mask is given), to the last that does."""
    before = np.logical_or.accumulate(truth, axis=0)
    started = np.vstack([np.zeros_like(truth[:1]), before[:-1]])
    unfinished = np.logical_or.accumulate(truth[::-1], axis=0)[::-1]
    return started & unfinished


_ALL = (
    Protocol(
        name="davis2017",
        summary="davis2017-evaluation: ids 1..K of the first frame, all frames but first and last",
        objects=_up_to_largest,
        span=_every_frame,
    ),
    Protocol(
        name="davis2016",
        summary="one object, any value above 0; all frames but first and last; mean of sequences",
        objects=_one,
        span=_every_frame,
        binary=True,
        void=False,
        strict=False,
    ),
    Protocol(
        name="vos-benchmark",
        summary="ids of the inner frames, 255 too, each from the frame where it is first seen",
        objects=_in_inner_frames,
        span=_from_first_sight,
        void=False,
        strict=False,
    ),
    Protocol(
        name="youtube-vos",
        summary="each object after its first annotated frame to its last; classes seen and unseen",
        objects=_anywhere,
        span=_own_range,
        ends=(1, 0),
        seen_and_unseen=True,
    ),
)
PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({p.name: p for p in _ALL})


def get(name: str) -> Protocol:
    """The protocol of that name; UsageError lists the nearest for a name that is none."""
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
