"""A video file (MP4, MKV, ...) through PyAV, decoded one frame at a time."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vosbench.data.files import VOID, expect_size, first_objects
from vosbench.data.images import MOST_PIXELS, bomb, image_size, read_mask
from vosbench.data.video import Dataset, Image
from vosbench.errors import DataError

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
# Containers that hold their own data: a playlist by the name of a video would name other files
# and addresses for FFmpeg to open.
_OPTIONS = {"format_whitelist": "mov,mp4,matroska,webm,avi", "protocol_whitelist": "file"}

SOON = 8  # frames that are decoded and dropped sooner than a key frame is sought


class VideoFile:
    """A sequence in one file; see Video for what its attributes mean. Hashed by identity.

    Frames are asked for mostly in order: the decoder stays open and goes on. A frame before the
    last one, or more than SOON frames ahead, is sought from its key frame on. Nothing decoded is
    kept, so memory does not grow with the length.

    Args:
        path: of the video.
        mask: of its first frame; 0 and 255 alone are one object, with id 1.
    """

    dataset = "folder"
    annotated = (0,)

    def __init__(self, path: Path, mask: Path) -> None:
        self.path, self.mask = path, mask
        self.name = path.stem
        self._frames: Iterator[tuple[int, Image]] | None = None
        self._last = -1  # t of the frame that was decoded last
        self._stamps = _stamps(path)
        self._index = {stamp: t for t, stamp in enumerate(self._stamps)}
        self.frame_names = tuple(f"{t:05d}" for t in range(len(self._stamps)))
        self.size = self._first_size()
        expect_size(mask, image_size(mask), self.size)
        self._binary = set(np.unique(read_mask(mask)).tolist()) == {0, VOID}
        self.objects = tuple(first_objects(mask, binary=self._binary))

    def __len__(self) -> int:
        return len(self._stamps)

    def __getstate__(self) -> dict[str, Any]:
        """Without the open decoder, which cannot pass to another process."""
        return {**vars(self), "_frames": None, "_last": -1}

    def frame(self, t: int) -> Image:
        if not 0 <= t < len(self):
            raise IndexError(f"{self.path}: frame {t} of {len(self)}")
        if self._frames is None or not self._last < t <= self._last + SOON:
            self._frames = _decoded(self.path, self._stamps[t])
        for stamp, frame in self._frames:
            self._last = self._index.get(stamp, self._last)
            if stamp == self._stamps[t]:
                expect_size(self.path, frame.shape[:2], self.size)
                return frame
            if stamp > self._stamps[t]:
                break
        self._frames = None
        raise _damaged(self.path, f"frame {t} of {len(self)} cannot be decoded")

    def truth(self, t: int) -> Image | None:
        return self.given(t)

    def given(self, t: int) -> Image | None:
        if t != 0:
            return None
        ids = read_mask(self.mask)
        expect_size(self.mask, ids.shape, self.size)
        if self._binary:
            ids = np.minimum(ids, 1)
        ids[ids == VOID] = 0
        return ids

    def _first_size(self) -> tuple[int, int]:
        for _, frame in _decoded(self.path, self._stamps[0]):
            return frame.shape[0], frame.shape[1]
        raise _damaged(self.path, "no frame can be decoded")


def load_video_file(path: Path) -> Dataset:
    """One video in a file, with the first frame's mask as a PNG of the same name beside it.

    Raises DataError where the file or the mask is missing or damaged, or PyAV is not installed.
    """
    mask = path.with_suffix(".png")
    _av(path)
    if not mask.is_file():
        raise DataError(
            f"{mask}: mask missing; expected the first frame's mask of {path.name} beside it: "
            "save it there as an indexed PNG"
        )
    video = VideoFile(path, mask)
    return Dataset("folder", (video,), "davis2017", f"{path.name} and its first mask, no truth")


def _av(path: Path) -> Any:
    """PyAV, which is optional."""
    try:
        av: Any = importlib.import_module("av")
    except ImportError as error:
        raise DataError(
            f"{path}: a video file needs PyAV, which is not installed; expected the package av: "
            "pip install -e '.[video]', or give a folder of frames"
        ) from error
    return av


@contextmanager
def _stream(path: Path) -> Iterator[tuple[Any, Any]]:
    """Container and first video stream; what FFmpeg refuses is a DataError."""
    av = _av(path)
    try:  # an absolute path: FFmpeg takes "a:b" for a protocol
        with av.open(str(path.absolute()), options=_OPTIONS) as container:
            if not container.streams.video:
                raise _damaged(path, "no pictures in it")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise _damaged(path, "its codec is not known")
            if stream.width * stream.height > MOST_PIXELS:
                raise bomb(path, f"{stream.height}x{stream.width} pixels")
            yield container, stream
    except (av.error.FFmpegError, OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _damaged(path, " ".join(str(reason).split())) from error


def _stamps(path: Path) -> tuple[int, ...]:
    """Time stamp of every frame to be shown, ascending, read without decoding."""
    with _stream(path) as (container, stream):
        shown = [p.pts for p in container.demux(stream) if p.size and not p.is_discard]
    if not shown:
        raise _damaged(path, "no pictures in it")
    if None in shown or len(set(shown)) < len(shown):
        raise _damaged(path, "frames without a time stamp of their own")
    return tuple(sorted(shown))


def _decoded(path: Path, start: int) -> Iterator[tuple[int, Image]]:
    """Time stamp and picture (H, W, 3) of the frames from `start` on."""
    with _stream(path) as (container, stream):
        container.seek(start, stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts >= start:
                yield frame.pts, _upright(frame)


def _upright(frame: Any) -> Image:
    """As a player shows it: telephones store the turn beside the pixels."""
    pixels: Image = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path}: cannot be decoded ({reason}); expected a whole video: "
        "copy it again, or save its frames to a folder"
    )
