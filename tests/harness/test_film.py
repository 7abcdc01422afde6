"""Overlay films, read back."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.harness.small import DATA, settings
from vosbench.data import load
from vosbench.harness import accuracy
from vosbench.harness.film import exists, write_film
from vosbench.harness.strips import overlay
from vosbench.harness.subject import prepare
from vosbench.results import Cell


@pytest.mark.parametrize("size", ["64x96", "65x97"])
def test_a_film_has_every_frame_in_order_with_its_masks(tmp_path: Path, size: str) -> None:
    av = pytest.importorskip("av")
    (video,) = load(f"synthetic:length=7,size={size},scenario=drift").videos
    truth = {t: video.truth(t) for t in range(len(video))}
    path = write_film(tmp_path, video, truth)
    with av.open(str(path)) as container:
        seen = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert path.name == "overlay.mp4"
    assert len(seen) == 7
    for t, picture in enumerate(seen):
        wanted = [overlay(video.frame(k), truth[k])[:64, :96].astype(float) for k in range(7)]
        errors = [np.abs(picture - w).mean() for w in wanted]
        assert int(np.argmin(errors)) == t


def test_a_film_that_was_begun_is_none(tmp_path: Path) -> None:
    pytest.importorskip("av")
    (video,) = load("synthetic:length=90,size=32x32,scenario=drift").videos
    masks = dict.fromkeys(range(80), np.zeros((32, 32), np.uint8))
    with pytest.raises(KeyError):  # long after the encoder began to write
        write_film(tmp_path, video, masks)
    assert not exists(tmp_path)
    write_film(tmp_path, video, dict.fromkeys(range(90), masks[0]))
    assert [path.name for path in tmp_path.iterdir()] == ["overlay.mp4"]


def test_a_film_is_there_once_everything_else_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(accuracy, "write_failures", stop)
    given = settings(tmp_path, film=True)
    data = load(DATA)
    cell = Cell(
        harness="accuracy", method="gc", dataset="set", sequence="a", protocol=data.protocol
    )
    with pytest.raises(KeyboardInterrupt):
        accuracy.measure(prepare("gc", given), data.videos[0], cell)
    assert accuracy.pictures(given.store, cell).is_dir()
    assert not exists(accuracy.pictures(given.store, cell))


def test_without_pyav_the_film_is_a_webp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    (video,) = load("synthetic:length=5,size=64x96,scenario=drift").videos
    path = write_film(tmp_path, video, {t: video.truth(t) for t in range(5)})
    assert path.name == "overlay.webp"
    with Image.open(path) as film:
        assert film.n_frames == 5
        assert film.size == (96, 64)
