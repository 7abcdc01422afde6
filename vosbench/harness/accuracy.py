"""Accuracy: segments a video, stores its masks and scores them against the truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vosbench.data import Video
from vosbench.data.images import read_mask
from vosbench.data.png import write_mask
from vosbench.harness.failures import write_failures
from vosbench.harness.film import write_film
from vosbench.harness.key_maps import write_key_maps
from vosbench.harness.strips import write_strips
from vosbench.harness.subject import Subject
from vosbench.metrics import Truth, protocols
from vosbench.metrics.sequence import SequenceScore
from vosbench.metrics.statistics import returned
from vosbench.results import Cell, Row

Ids = NDArray[np.uint8]


def measure(
    subject: Subject, video: Video, cell: Cell, tick: Callable[[], None] = lambda: None,
    *, among: int = 1,
) -> list[Row]:  # fmt: skip
    """J and F of each object and frame, and the pixels given to the wrong object.

    Args:
        subject: the method.
        video: is read one frame at a time.
        cell: names the protocol, and the folder of the pictures (`Cell.folder`) in `predictions/`
            and `strips/` of the store.
        tick: called after every frame.
        among: sequences that the run is to measure; kept beside the scores, so that a report knows
            whether they are all there.
    """
    store = subject.settings.store
    masks = store / "predictions" / cell.folder
    shutil.rmtree(masks, ignore_errors=True)  # what an attempt that was killed may have left
    predictions = segment(subject, video, masks, tick)
    drawn = pictures(store, cell)
    shutil.rmtree(drawn, ignore_errors=True)
    write_strips(drawn, video, predictions)
    write_key_maps(drawn / "keys.webp", subject, video)
    found = []
    if len(video.annotated) >= protocols.get(cell.protocol).least:  # else the masks are the result
        truth = _Truth(video)
        scored = Written(masks, video, video.annotated)
        score = Truth(truth, cell.protocol, video.name).score(scored)
        write_failures(drawn, video, predictions, truth, score)
        found = rows(score)
    if subject.settings.film:  # last: an earlier record of the cell counts once there is a film
        write_film(drawn, video, predictions)
    return [*found, Row(None, None, "planned_sequences", among, "1")]


def pictures(store: Path, cell: Cell) -> Path:
    """Where what is drawn of a cell lies."""
    return store / "strips" / cell.folder


def segment(
    subject: Subject, video: Video, folder: Path, tick: Callable[[], None]
) -> Mapping[int, Ids]:
    """Masks of every frame, written to `folder` under the frames' names; none is kept in memory."""
    segmenter = subject.segmenter()
    for t in range(len(video)):
        write_mask(_file(folder, video, t), segmenter.step(video.frame(t), video.given(t)))
        tick()
    return Written(folder, video, tuple(range(len(video))))


def _file(folder: Path, video: Video, t: int) -> Path:
    return folder / f"{video.frame_names[t]}.png"


class Written(Mapping[int, Ids]):
    """Masks of some frames, read from the files they were written to when asked for."""

    def __init__(self, folder: Path, video: Video, frames: tuple[int, ...]) -> None:
        self.folder, self.video, self.frames = folder, video, frames

    def __getitem__(self, t: int) -> Ids:
        if t not in self.frames:
            raise KeyError(t)
        return read_mask(_file(self.folder, self.video, t))

    def __contains__(self, t: object) -> bool:
        return t in self.frames  # the mixin's would decode the mask to find out

    def __iter__(self) -> Iterator[int]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)


def rows(score: SequenceScore) -> list[Row]:
    """A sequence's score as Records."""
    out = [
        Row(o, t, name, float(x), "1")
        for o, s in score.objects.items()
        for name, curve in (("J", s.J), ("F", s.F))
        for t, x in zip(s.frames, curve, strict=True)
    ]
    out += [
        Row(o, t, "J_after_return", float(x), "1")
        for o, s in score.objects.items()
        for t, x, back in zip(s.frames, s.J, returned(s.visible), strict=True)
        if back
    ]
    return out + [
        Row(None, t, "swap_pixels", float(n), "pixel")
        for t, n in zip(score.frames, score.swaps, strict=True)
    ]


class _Truth(Mapping[int, Ids]):
    """The annotated masks of a video, decoded when asked for."""

    def __init__(self, video: Video) -> None:
        self.video = video

    def __getitem__(self, t: int) -> Ids:
        mask = self.video.truth(t)
        if mask is None:
            raise KeyError(t)
        return mask

    def __iter__(self) -> Iterator[int]:
        return iter(self.video.annotated)

    def __len__(self) -> int:
        return len(self.video.annotated)
