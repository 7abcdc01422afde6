"""The failure gallery: where the metrics, not a person, find a swap or a loss (GC paper, fig. 7).

swap   the frame with most pixels given to another object, if they are a twentieth of all
       objects' pixels there
loss   the first frame on which an object that was held (J >= HELD) is not any more
       (J <= LOST) while the truth still shows it
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vosbench.data import Video
from vosbench.harness.strips import HEIGHT, overlay, save_grid
from vosbench.metrics.sequence import SequenceScore

SWAPPED = 0.05  # of the objects' pixels
HELD, LOST = 0.5, 0.1  # J


class Failure(NamedTuple):
    """One frame on which a method failed."""

    kind: str  # "swap" or "loss"
    t: int
    object: int  # that was lost; 0 for a swap


def find(score: SequenceScore, truth: Mapping[int, NDArray[np.uint8]]) -> list[Failure]:
    """At most one swap and one loss of a sequence, the worst swap and the first loss.

    Args:
        score: of the sequence.
        truth: masks (H, W) of object ids, by frame.
    """
    return [*_swap(score, truth), *_loss(score)]


def _swap(score: SequenceScore, truth: Mapping[int, NDArray[np.uint8]]) -> list[Failure]:
    if not len(score.frames):
        return []
    worst = int(np.argmax(score.swaps))
    t = score.frames[worst]
    enough = score.swaps[worst] > SWAPPED * np.count_nonzero(truth[t])
    return [Failure("swap", t, 0)] if enough else []


def _loss(score: SequenceScore) -> list[Failure]:
    losses = []
    for label, curve in score.objects.items():
        held = False
        for t, J, visible in zip(curve.frames, curve.J, curve.visible, strict=True):
            if held and visible and J <= LOST:
                losses.append(Failure("loss", t, label))
                break
            held = held or (visible and J >= HELD)  # J is 1 of what is neither there nor seen
    return sorted(losses, key=lambda failure: failure.t)[:1]


def write_failures(
    folder: Path,
    video: Video,
    predictions: Mapping[int, NDArray[np.uint8]],
    truth: Mapping[int, NDArray[np.uint8]],
    score: SequenceScore,
) -> None:
    """Writes `failure-<kind>-<t>.webp`, truth on the left and prediction on the right."""
    for failure in find(score, truth):
        frame = video.frame(failure.t)
        pair = [overlay(frame, masks[failure.t]) for masks in (truth, predictions)]
        folder.mkdir(parents=True, exist_ok=True)
        name = f"failure-{failure.kind}-{failure.t:05d}.webp"
        save_grid(folder / name, [pair], video.size, height=2 * HEIGHT)
