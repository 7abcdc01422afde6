"""One pass of a method over a clip, timed frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vosbench.data import Video
from vosbench.harness.speed.clock import Clock, Timing
from vosbench.harness.subject import Subject

Ids = NDArray[np.uint8]  # (H, W)


def decoded(video: Video, steps: int) -> tuple[list[NDArray[np.uint8]], Ids]:
    """The first `steps` frames in RAM (a short video starts over) and the mask of frame 0."""
    given = video.given(0)
    assert given is not None  # a data set hands out a mask with the first frame
    return [video.frame(t % len(video)) for t in range(steps)], given


class Clip:
    """A fresh segmenter on its way through decoded frames.

    Args:
        subject: the method.
        frames: (H, W, 3) uint8 each; decoding them is outside every timed region.
        given: ids (H, W) of frame 0; objects given later are left out.
    """

    def __init__(self, subject: Subject, frames: Sequence[NDArray[np.uint8]], given: Ids) -> None:
        self.clock = Clock(subject.settings.device)
        self.segmenter = subject.segmenter(stage=self.clock.stage)
        self.frames = frames
        self.given = given
        self.ids: list[Ids] = []  # of every frame so far

    @property
    def done(self) -> bool:
        """Whether no frame is left."""
        return len(self.ids) >= len(self.frames)

    def advance(self, count: int) -> list[Timing]:
        """Times the next `count` frames, or as many as are left."""
        return [self._frame(t) for t in range(len(self.frames))[len(self.ids) :][:count]]

    def turn(self, chunk: int) -> list[Timing]:
        """Times a turn of `chunk` frames; frame 0 comes on top of the first."""
        return self.advance(chunk + (not self.ids))

    def _frame(self, t: int) -> Timing:
        frame, given = self.frames[t], self.given if t == 0 else None
        ids, whole, stages = self.clock.time(lambda: self.segmenter.step(frame, given))
        self.ids.append(ids)
        return Timing(t, whole, stages)
