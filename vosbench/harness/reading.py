"""What it costs to read frames from files: CPU seconds and bytes a frame, for `vosbench plan`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from vosbench.data import Dataset, Video
from vosbench.data.files import FileVideo
from vosbench.data.video_file import VideoFile
from vosbench.errors import UsageError
from vosbench.results import Cell, Row, Store

READING = "reading"  # harness name
PROTOCOL = "CPU time of one process, from file to RGB in RAM, files in the page cache"
MOST = 500  # frames, as many of each video: a mean needs no more


def measure(dataset: Dataset, store: Store) -> Cell:
    """Time the reading of a data set's frames, and keep it in a store.

    Raises:
        UsageError: the data set is not read from files.
        DataError: a frame that cannot be read.
    """
    videos = [video for video in dataset.videos if _files(video)]
    if not videos:
        raise UsageError(
            f"--data {dataset.name}: its frames are in no files; expected a data set on disk, such "
            "as davis2017=PATH: leave --data out, or name one"
        )
    each = max(1, MOST // len(videos))  # from the first on: a video file is read in order
    chosen = [(video, t) for video in videos for t in range(min(len(video), each))]
    for video, t in chosen:  # once into the page cache
        video.frame(t)
    before = time.process_time()
    for video, t in chosen:
        video.frame(t)
    seconds = (time.process_time() - before) / len(chosen)
    length = sum(len(video) for video in videos)
    size = sum(path.stat().st_size for video in videos for path in _files(video))
    cell = Cell(
        harness=READING, method="vosbench", dataset=dataset.name, protocol=PROTOCOL,
        size=", ".join(sorted({"x".join(map(str, video.size)) for video in videos})),
    )  # fmt: skip
    store.append(cell, [
        Row(None, None, "read_frame_seconds", seconds, "s"),
        Row(None, None, "frame_bytes", size / length, "byte"),
        Row(None, None, "frames", len(chosen), "1"),
    ])  # fmt: skip
    return cell


def _files(video: Video) -> Sequence[Path]:
    if isinstance(video, FileVideo):
        return video.frames
    return (video.path,) if isinstance(video, VideoFile) else ()
