"""Accuracy: segments a video, stores its masks and scores them against the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vosbench.data import Dataset, Video
from vosbench.data.png import write_mask
from vosbench.harness.strips import write_strip
from vosbench.harness.subject import Subject
from vosbench.metrics import Truth
from vosbench.metrics.sequence import SequenceScore
from vosbench.model.frames import Fit
from vosbench.results import Cell, Row

Ids = NDArray[np.uint8]


def cell(subject: Subject, dataset: Dataset, video: Video) -> Cell:
    """The cell of one method on one video."""
    height, width = Fit.of(video.size, subject.short_side).inner
    return subject.cell(
        "accuracy", dataset=dataset.name, sequence=video.name, size=f"{height}x{width}",
        objects=len(video.objects), protocol=dataset.protocol,
    )  # fmt: skip


def measure(
    subject: Subject, dataset: Dataset, video: Video, store: Path, tick: Callable[[], None]
) -> list[Row]:
    """J and F of each object and frame, and the pixels given to the wrong object.

    Args:
        subject: the method.
        dataset: names the protocol.
        video: is read one frame at a time.
        store: `predictions/` and `strips/` in it get DATASET/METHOD/SEQUENCE/ each.
        tick: called after every frame.
    """
    place = Path(dataset.name, subject.name, video.name)
    predictions = segment(subject, video, store / "predictions" / place, tick)
    write_strip(store / "strips" / place / "strip.png", video, predictions)
    if len(video.annotated) < 2:
        return []  # nothing to score against: the masks are the result
    truth = _truth(video, dataset.protocol)
    return rows(truth.score({t: predictions[t] for t in video.annotated}))


def segment(
    subject: Subject, video: Video, folder: Path, tick: Callable[[], None]
) -> dict[int, Ids]:
    """Masks of every frame, also written to `folder` under the frames' names."""
    segmenter = subject.segmenter()
    out = {}
    for t in range(len(video)):
        out[t] = segmenter.step(video.frame(t), video.given(t))
        write_mask(folder / f"{video.frame_names[t]}.png", out[t])
        tick()
    return out


def rows(score: SequenceScore) -> list[Row]:
    """A sequence's score as Records."""
    out = [
        Row(o, t, name, float(x), "1")
        for o, s in score.objects.items()
        for name, curve in (("J", s.J), ("F", s.F))
        for t, x in zip(s.frames, curve, strict=True)
    ]
    return out + [
        Row(None, t, "swap_pixels", float(n), "pixel")
        for t, n in zip(score.frames, score.swaps, strict=True)
    ]


class _Masks(Mapping[int, Ids]):
    """The annotated masks of a video, decoded when asked for."""

    def __init__(self, video: Video) -> None:
        self.video = video

    def __getitem__(self, t: int) -> Ids:
        mask = self.video.truth(t)
        if mask is None:
            raise KeyError(t)
        return mask

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.video.annotated)

    def __len__(self) -> int:
        return len(self.video.annotated)


@lru_cache(maxsize=64)
def _truth(video: Video, protocol: str) -> Truth:
    """The truth's planes, shared by all methods that are run on the video."""
    return Truth(_Masks(video), protocol, video.name)
