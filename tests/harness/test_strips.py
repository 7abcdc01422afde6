"""The pictures of a run, looked at pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vosbench.data import load
from vosbench.harness.strips import GAP, HEIGHT, times, write_strips


class Sparse:
    """A video whose truth is known at some frames only."""

    def __init__(self, annotated: tuple[int, ...]) -> None:
        (self._video,) = load("synthetic:length=12,size=60x80,scenario=drift").videos
        self.annotated, self.size = annotated, self._video.size

    def __len__(self) -> int:
        return 12

    def frame(self, t: int) -> np.ndarray:
        return self._video.frame(t)

    def truth(self, t: int) -> np.ndarray | None:
        return self._video.truth(t) if t in self.annotated else None


def pictures(path: Path) -> np.ndarray:
    """A grid of pictures as (rows, 5, height, width, 3)."""
    width = HEIGHT * 80 // 60
    with Image.open(path) as opened:
        sheet = np.asarray(opened.convert("RGB")).astype(int)
    rows = (sheet.shape[0] + GAP) // (HEIGHT + GAP)
    assert sheet.shape[1] == 5 * (width + GAP) - GAP
    return np.stack([
        [sheet[y * (HEIGHT + GAP) :, x * (width + GAP) :][:HEIGHT, :width] for x in range(5)]
        for y in range(rows)
    ])  # fmt: skip


def test_the_five_times_are_annotated_frames_where_there_are_five() -> None:
    assert times(Sparse(tuple(range(12)))) == [0, 3, 6, 8, 11]
    assert times(Sparse((0, 2, 4, 6, 8, 10))) == [0, 2, 4, 8, 10]
    assert times(Sparse((0, 5))) == [0, 3, 6, 8, 11]


def test_a_strip_shows_frames_then_truth_then_the_prediction(tmp_path: Path) -> None:
    video = Sparse(tuple(range(12)))
    perfect = {t: video.truth(t) for t in range(12)}
    write_strips(tmp_path, video, perfect)
    frames, truth = pictures(tmp_path / "truth.webp")
    (predicted,) = pictures(tmp_path / "strip.webp")
    for x, t in enumerate(times(video)):
        small = Image.fromarray(video.frame(t)).resize((160, 120))
        assert np.abs(frames[x] - np.asarray(small).astype(int)).mean() < 6
        assert np.abs(truth[x] - frames[x]).max() > 60  # tint and outline
        assert np.abs(truth[x] - predicted[x]).mean() < 6


def test_a_frame_without_truth_stays_blank(tmp_path: Path) -> None:
    video = Sparse((0,))
    write_strips(tmp_path, video, {t: np.zeros((60, 80), np.uint8) for t in range(12)})
    frames, truth = pictures(tmp_path / "truth.webp")
    assert (truth[1:] > 240).all()
    assert np.abs(truth[0] - frames[0]).max() > 60
