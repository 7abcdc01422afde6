"""Long, large and crowded videos, read one frame at a time."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.data.builders import save_frame, save_mask
from vosbench.data import load
from vosbench.data.png import write_mask

LONG = 10_000


@pytest.fixture(scope="module")
def long_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YouTube-VOS layout of 10,000 frames with a mask each: links to one file of each kind."""
    root = tmp_path_factory.mktemp("long")
    frame, mask = root / "frame.jpg", root / "mask.png"
    save_frame(frame, (48, 64))
    save_mask(mask, 1, 2, size=(48, 64))
    for folder, file in (("JPEGImages", frame), ("Annotations", mask)):
        (root / folder / "long").mkdir(parents=True)
        for t in range(LONG):
            os.link(file, root / folder / "long" / f"{t:05d}{file.suffix}")
    return root


@pytest.mark.programs
def test_ten_thousand_frames_are_read_in_flat_memory(long_set: Path) -> None:
    (video,) = load(f"youtube-vos={long_set}").videos
    assert len(video) == LONG
    assert video.objects == (1, 2)
    read_through(video, range(10))  # what is kept once, such as names
    tracemalloc.start()
    try:
        read_through(video, range(LONG))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30 * 48 * 64 * 3  # the pictures of thirty frames, not of ten thousand


def read_through(video, times: range) -> None:
    for t in times:
        assert video.frame(t).shape == (48, 64, 3)
        if t % 10 == 0:
            assert video.truth(t) is not None
        assert (video.given(t) is None) == (t > 0)
        assert video.frame_names[t] == f"{t:05d}"


def test_frames_of_4k_are_read(tmp_path: Path) -> None:
    size = (2160, 3840)
    save_frame(tmp_path / "0.jpg", size)
    save_mask(tmp_path / "mask.png", 1, size=size)
    (video,) = load(f"folder={tmp_path}").videos
    assert video.size == size
    assert video.frame(0).shape == (*size, 3)
    assert video.given(0)[0].tolist() == [1] * 3840


def test_two_hundred_objects_are_told_apart(tmp_path: Path) -> None:
    ids = np.zeros((220, 30), np.uint8)
    ids[:200] = np.arange(1, 201, dtype=np.uint8)[:, None]
    for t in range(2):
        save_frame(tmp_path / "JPEGImages" / "480p" / "crowd" / f"{t:05d}.jpg", ids.shape)
        write_mask(tmp_path / "Annotations" / "480p" / "crowd" / f"{t:05d}.png", ids)
    (video,) = load(f"davis2017={tmp_path}").videos
    assert video.objects == tuple(range(1, 201))
    np.testing.assert_array_equal(video.given(0), ids)
    np.testing.assert_array_equal(video.truth(1), ids)
