"""What reading frames costs: measured on files whose bytes are known."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.hostile import save_video
from vosbench.data import load
from vosbench.data.files import FileVideo
from vosbench.errors import DataError, UsageError
from vosbench.harness import reading
from vosbench.results import Store


def clips(folder: Path, lengths: dict[str, int]) -> str:
    """A data set of JPEGs, as what to type after --data."""
    for name, length in lengths.items():
        frames = folder / "JPEGImages" / "480p" / name
        masks = folder / "Annotations" / "480p" / name
        frames.mkdir(parents=True)
        masks.mkdir(parents=True)
        for t in range(length):
            Image.new("RGB", (32, 24), (9 * t, 99, 9)).save(frames / f"{t:05}.jpg")
        Image.new("L", (32, 24), 1).save(masks / "00000.png")
    return f"davis2017={folder}"


def values(store: Store) -> dict[str, float]:
    frame = store.frame()
    return dict(zip(frame.metric.astype(str), frame.value, strict=True))


def test_bytes_are_the_mean_of_all_files_and_seconds_the_mean_of_the_frames_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load(clips(tmp_path / "data", {"bear": 3, "camel": 5}))
    read: list[tuple[str, int]] = []
    monkeypatch.setattr(FileVideo, "frame", lambda self, t: read.append((self.name, t)))
    clock = iter([10.0, 10.8])
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    cell = reading.measure(data, store := Store(tmp_path / "store"))
    every = [("bear", t) for t in range(3)] + [("camel", t) for t in range(5)]
    assert read == [*every, *every]  # once to have the files in the page cache
    sizes = [p.stat().st_size for p in (tmp_path / "data").rglob("*.jpg")]
    assert values(store) == {"frame_bytes": pytest.approx(np.mean(sizes)), "frames": 8,
                             "read_frame_seconds": pytest.approx(0.1)}  # fmt: skip
    assert (cell.harness, cell.dataset, cell.size) == ("reading", "davis2017", "24x32")


def test_long_videos_are_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST", 4)
    data = load(clips(tmp_path / "data", {"bear": 3, "camel": 5}))
    reading.measure(data, store := Store(tmp_path / "store"))
    assert values(store)["frames"] == 4


def test_a_video_file_is_read_too(tmp_path: Path) -> None:
    pytest.importorskip("av")
    video = save_video(tmp_path / "clip.mp4", count=8)
    mask = np.zeros((48, 64), np.uint8)
    mask[8:24, :16] = 1
    Image.fromarray(mask).save(tmp_path / "clip.png")
    reading.measure(load(f"folder={video}"), store := Store(tmp_path / "store"))
    found = values(store)
    assert found["frame_bytes"] == video.stat().st_size / 8
    assert found["read_frame_seconds"] > 0


def test_what_has_no_files_or_a_damaged_one_is_one_line(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with pytest.raises(UsageError, match="its frames are in no files"):
        reading.measure(load("synthetic:length=2,size=48x64,scenario=drift"), store)
    data = load(clips(tmp_path / "data", {"bear": 3}))
    broken = tmp_path / "data" / "JPEGImages" / "480p" / "bear" / "00001.jpg"
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(DataError, match=r"00001\.jpg"):
        reading.measure(data, store)
    assert not store.path.exists()
