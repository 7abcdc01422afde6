"""What a sequence holds, as a short text: two clips of one name are told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from vosbench.data.files import FileVideo
from vosbench.data.video import Video
from vosbench.data.video_file import VideoFile
from vosbench.errors import VosbenchError

UNKNOWN = "unknown"


def fingerprint(video: Video) -> str:
    """First 12 hex digits of a sha256 over a sequence's names, sizes, masks and ends.

    The names of all frames, the size, the objects, the first frame, every mask that is given, the
    last mask that is known, and of files what `undecoded` says: a digest of every frame would cost
    as much as segmenting them. "unknown" where a file cannot be read: whoever measures the sequence
    says why.
    """
    seen = hashlib.sha256()
    try:
        facts = repr((video.size, video.frame_names, video.objects, video.annotated))
        seen.update(facts.encode())
        for image in (video.frame(0), video.given(0), video.truth(max(video.annotated, default=0))):
            seen.update(b"none" if image is None else np.ascontiguousarray(image).tobytes())
        for t in range(1, len(video)):
            if (given := video.given(t)) is not None:
                seen.update(b"%d" % t + np.ascontiguousarray(given).tobytes())
        for part in undecoded(video):
            seen.update(part)
    except (VosbenchError, OSError):
        return UNKNOWN
    return seen.hexdigest()[:12]


def undecoded(video: Video) -> Iterator[bytes]:
    """What files tell without being decoded: the size of each frame's, and the bytes of each mask.

    Masks are small, and one that is rewritten may keep its size. A built-in video has no files.
    Raises OSError where a file is gone.
    """
    if isinstance(video, FileVideo):
        yield from (b"%d " % path.stat().st_size for path in video.frames)
        yield from (path.read_bytes() for path in video.masks.values())
    elif isinstance(video, VideoFile):
        yield b"%d" % video.path.stat().st_size
