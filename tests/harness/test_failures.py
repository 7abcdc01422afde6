"""Swaps and losses, found in videos where they were put by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vosbench.data import load
from vosbench.data.video import Video
from vosbench.harness.failures import Failure, find, write_failures
from vosbench.metrics import Truth


@pytest.fixture(scope="module")
def video() -> Video:
    return load("synthetic:length=12,size=64x96,scenario=crossing-twins").videos[0]


def masks(video: Video) -> dict[int, np.ndarray]:
    return {t: np.asarray(video.truth(t)) for t in range(len(video))}


def found(video: Video, predictions: dict[int, np.ndarray]) -> list[Failure]:
    truth = masks(video)
    return find(Truth(truth, "youtube-vos", "twins").score(predictions), truth)


def test_a_perfect_prediction_has_no_failure(video: Video) -> None:
    assert found(video, masks(video)) == []


def test_the_frame_with_most_swapped_pixels_is_found(video: Video) -> None:
    truth = masks(video)
    swapped = {**truth, 7: (3 - truth[7]) * (truth[7] > 0)}
    swapped[4] = truth[4].copy()
    swapped[4][tuple(np.argwhere(truth[4] == 1)[0])] = 2  # one pixel: no swap to speak of
    assert found(video, swapped)[0] == Failure("swap", 7, 0)


def test_one_swapped_pixel_is_no_swap(video: Video) -> None:
    truth = masks(video)
    truth[4][tuple(np.argwhere(truth[4] == 1)[0])] = 2
    assert found(video, truth) == []


def test_an_object_that_was_held_and_is_dropped_is_lost_where_it_is_dropped(video: Video) -> None:
    truth = masks(video)
    dropped = {t: np.where((ids == 2) & (t >= 6), 0, ids).astype(np.uint8)
               for t, ids in truth.items()}  # fmt: skip
    assert found(video, dropped) == [Failure("loss", 6, 2)]


def test_an_object_that_was_never_held_is_not_lost(video: Video) -> None:
    truth = masks(video)
    never = {t: np.where((ids == 2) & (t > 0), 0, ids).astype(np.uint8)
             for t, ids in truth.items()}  # fmt: skip
    assert found(video, never) == []


def test_the_gallery_shows_truth_and_prediction_side_by_side(video: Video, tmp_path: Path) -> None:
    truth = masks(video)
    dropped = {t: np.where(t >= 6, 0, ids).astype(np.uint8) for t, ids in truth.items()}
    score = Truth(truth, "youtube-vos", "twins").score(dropped)
    write_failures(tmp_path, video, dropped, truth, score)
    (file,) = tmp_path.iterdir()
    assert file.name == "failure-loss-00006.webp"
    with Image.open(file) as picture:
        pair = np.asarray(picture.convert("RGB")).astype(int)
    assert pair.shape == (240, 724, 3)
    assert np.abs(pair[:, :360] - pair[:, 364:]).max() > 60  # the tint of the lost objects


def test_an_object_is_not_held_by_being_absent_where_it_is_not_there() -> None:
    """J is 1 of what is in neither mask; it comes at t = 3 and is never found."""
    nothing, there = np.zeros((8, 8), np.uint8), np.ones((8, 8), np.uint8)
    truth = {0: there, 1: nothing, 2: nothing, 3: there, 4: there, 5: there}
    score = Truth(truth, "youtube-vos", "late").score(dict.fromkeys(truth, nothing))
    assert find(score, truth) == []
