"""Strips: a video at five times with its masks drawn over the frames (GC paper, fig. 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.segmentation import find_boundaries

from vosbench.data import Video
from vosbench.data.png import PALETTE

TIMES = 5
HEIGHT = 120  # pixels of one picture in a strip
QUALITY = 85  # of WebP: a page holds many strips, and what is small must keep its colour
GAP = 4  # pixels between two pictures


def overlay(frame: NDArray[np.uint8], ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame (H, W, 3) with every object tinted in its palette colour and outlined."""
    colours = np.asarray(PALETTE, dtype=np.uint8).reshape(-1, 3)[ids]
    mixed = np.where(ids[..., None] > 0, frame * 0.45 + colours * 0.55, frame)
    edges = find_boundaries(ids, mode="inner")  # type: ignore[no-untyped-call]
    mixed[edges] = 255
    return mixed.astype(np.uint8)


def times(video: Video) -> list[int]:
    """Five frames spread from the first to the last; annotated ones where there are as many."""
    frames = video.annotated if len(video.annotated) >= TIMES else range(len(video))
    return [frames[int(i)] for i in np.linspace(0, len(frames) - 1, TIMES).round()]


def write_strips(folder: Path, video: Video, predictions: Mapping[int, NDArray[np.uint8]]) -> None:
    """Writes two small pictures, five frames wide.

    Args:
        folder: takes `strip.webp`, the predicted masks over the frames, and `truth.webp`, the
            frames and below them the true masks; a frame without truth stays blank there.
        video: is read at five times.
        predictions: masks (H, W) of object ids, by frame.
    """
    shown = times(video)
    frames = [video.frame(t) for t in shown]
    truth = [video.truth(t) for t in shown]
    predicted = [overlay(f, predictions[t]) for f, t in zip(frames, shown, strict=True)]
    true = [None if ids is None else overlay(f, ids) for f, ids in zip(frames, truth, strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    save_grid(folder / "strip.webp", [predicted], video.size)
    save_grid(folder / "truth.webp", [frames, true], video.size)


def save_grid(
    path: Path,
    rows: Sequence[Sequence[NDArray[np.uint8] | None]],
    size: tuple[int, int],
    height: int = HEIGHT,
) -> None:
    """Writes rows of equally many pictures, which show frames of `size`, as one WebP."""
    width = round(height * size[1] / size[0])
    across, down = width + GAP, height + GAP
    sheet = Image.new("RGB", (len(rows[0]) * across - GAP, len(rows) * down - GAP), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            if picture is not None:
                small = Image.fromarray(picture).resize((width, height))
                sheet.paste(small, (x * across, y * down))
    sheet.save(path, quality=QUALITY)
