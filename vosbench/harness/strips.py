"""Strips: a video at five times with its masks drawn over the frames (GC paper, fig. 5)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.segmentation import find_boundaries

from vosbench.data import Video
from vosbench.data.png import PALETTE

TIMES = 5
HEIGHT = 120  # pixels of one picture in a strip


def overlay(frame: NDArray[np.uint8], ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame (H, W, 3) with every object tinted in its palette colour and outlined."""
    colours = np.asarray(PALETTE, dtype=np.uint8).reshape(-1, 3)[ids]
    mixed = np.where(ids[..., None] > 0, frame * 0.45 + colours * 0.55, frame)
    edges = find_boundaries(ids, mode="inner")  # type: ignore[no-untyped-call]
    mixed[edges] = 255
    return mixed.astype(np.uint8)


def write_strip(path: Path, video: Video, masks: Mapping[int, NDArray[np.uint8]]) -> None:
    """Writes five overlays side by side, from the first frame to the last, as a small PNG."""
    times = np.linspace(0, len(video) - 1, TIMES).round().astype(int)
    width = round(HEIGHT * video.size[1] / video.size[0])
    pictures = [
        Image.fromarray(overlay(video.frame(int(t)), masks[int(t)])).resize((width, HEIGHT))
        for t in times
    ]
    strip = Image.new("RGB", (TIMES * (width + 4) - 4, HEIGHT), "white")
    for i, picture in enumerate(pictures):
        strip.paste(picture, (i * (width + 4), 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    strip.quantize(128).save(path, optimize=True)
