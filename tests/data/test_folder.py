from pathlib import Path

import pytest

from tests.data.builders import one_line, save_frame, save_mask
from vosbench.data import load
from vosbench.errors import DataError


def test_frames_in_a_folder_of_their_own_and_a_mask(tmp_path: Path) -> None:
    for t in (10, 9, 1):
        save_frame(tmp_path / "frames" / f"{t}.png", value=t)
    save_mask(tmp_path / "mask.png", 1, 2)
    (video,) = load(f"folder={tmp_path}").videos
    assert video.name == tmp_path.name
    assert video.frame_names == ("1", "9", "10")  # by number, not by letter
    assert video.frame(2)[0, 0, 0] == 10
    assert video.objects == (1, 2)
    assert video.given(0) is not None
    assert [video.truth(t) for t in (1, 2)] == [None, None]


def test_frames_beside_a_mask_that_is_named_as_the_first(tmp_path: Path) -> None:
    for t in range(3):
        save_frame(tmp_path / f"img{t}.jpg")
    save_mask(tmp_path / "img0.png", 4)
    (video,) = load(f"folder={tmp_path}").videos
    assert len(video) == 3
    assert video.objects == (4,)


def test_a_mask_of_black_and_white_is_one_object(tmp_path: Path) -> None:
    save_frame(tmp_path / "0.jpg")
    save_mask(tmp_path / "mask.png", 255)
    (video,) = load(f"folder={tmp_path}").videos
    given = video.given(0)
    assert video.objects == (1,)
    assert given is not None
    assert given[:2, 0].tolist() == [1, 0]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with one_line(DataError, tmp_path, "no frames", "mask.png"):
        load(f"folder={tmp_path}")
    save_frame(tmp_path / "0.jpg")
    with one_line(DataError, tmp_path / "mask.png", "missing"):
        load(f"folder={tmp_path}")
    save_mask(tmp_path / "mask.png")
    with one_line(DataError, tmp_path / "mask.png", "empty"):
        load(f"folder={tmp_path}")


def test_two_frames_of_one_name_are_refused(tmp_path: Path) -> None:
    save_frame(tmp_path / "frames" / "0.jpg")
    save_frame(tmp_path / "frames" / "0.png")
    save_mask(tmp_path / "mask.png", 1)
    with one_line(DataError, tmp_path / "frames", "'0'"):
        load(f"folder={tmp_path}")


@pytest.mark.parametrize("name", ["mask.png", "0.jpg"])
def test_a_path_that_is_a_file_is_refused(tmp_path: Path, name: str) -> None:
    save_frame(tmp_path / name)
    with one_line(DataError, tmp_path / name, "not a folder"):
        load(f"folder={tmp_path / name}")
