"""Films: a whole video with its masks drawn over the frames, as MP4 (or WebP without PyAV)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vosbench.data import Video
from vosbench.harness.strips import overlay

RATE = 12  # frames per second
CODECS = ("libx264", "libopenh264", "mpeg4")  # the first that this PyAV was built with


def write_film(folder: Path, video: Video, masks: Mapping[int, NDArray[np.uint8]]) -> Path:
    """Writes `overlay.mp4`, or `overlay.webp` where PyAV is not installed; returns its path.

    It has that name once it is whole: what a kill leaves is `.overlay.mp4`, which is no film.
    Frames are read, drawn and encoded one at a time: a long MP4 needs no more memory than a short
    one. A WebP is encoded from all of its frames at once, and they from a list.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = (overlay(video.frame(t), masks[t]) for t in range(len(video)))
    try:
        import av
    except ImportError:  # an extra: `pip install -e '.[video]'`
        part = _webp(folder / ".overlay.webp", pictures)
    else:
        part = _mp4(av, folder / ".overlay.mp4", pictures, video.size)
    return part.replace(part.with_name(part.name.removeprefix(".")))


def exists(folder: Path) -> bool:
    """Whether a film was written there."""
    return any(folder.glob("overlay.*"))


def _mp4(av: Any, path: Path, pictures: Iterator[NDArray[np.uint8]], size: tuple[int, int]) -> Path:
    height, width = (side - side % 2 for side in size)  # 4:2:0 wants even sides
    codec = next(name for name in CODECS if name in av.codecs_available)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(RATE))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 8 * height * width  # about 0.7 bits a pixel: edges of masks stay sharp
        for picture in pictures:
            even = np.ascontiguousarray(picture[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode())
    return path


def _webp(path: Path, pictures: Iterator[NDArray[np.uint8]]) -> Path:
    first, *rest = (Image.fromarray(picture) for picture in pictures)
    first.save(path, save_all=True, append_images=rest, duration=1000 // RATE, loop=0, quality=70)
    return path
