import json
from pathlib import Path

import pytest

from tests.data.builders import one_line, save_frame, save_mask
from vosbench.data import load
from vosbench.errors import DataError


def _make(root: Path, masks: dict[int, tuple[int, ...]], *, frames: int = 12) -> Path:
    """One sequence ``clip``; masks: frame -> the ids that its mask shows."""
    for t in range(frames):
        save_frame(root / "JPEGImages" / "clip" / f"{t:05d}.jpg")
    for t, ids in masks.items():
        save_mask(root / "Annotations" / "clip" / f"{t:05d}.png", *ids)
    return root


def _write_meta(root: Path, starts: dict[int, int]) -> None:
    objects = {key: {"category": "ape", "frames": [f"{t:05d}"]} for key, t in starts.items()}
    (root / "meta.json").write_text(json.dumps({"videos": {"clip": {"objects": objects}}}))


def test_an_object_is_given_where_it_is_first_annotated(tmp_path: Path) -> None:
    (video,) = load(f"youtube-vos={_make(tmp_path, {0: (1,), 5: (1, 2), 10: (2,)})}").videos
    assert video.objects == (1, 2)
    assert video.annotated == (0, 5, 10)
    given = video.given(5)
    assert given is not None
    assert given[:2, 0].tolist() == [0, 2]  # the known object 1 is left out
    assert [t for t in range(12) if video.given(t) is not None] == [0, 5]
    truth = video.truth(5)
    assert truth is not None
    assert truth[:2, 0].tolist() == [1, 2]
    assert video.truth(1) is None


def test_frames_before_the_first_mask_are_left_out(tmp_path: Path) -> None:
    _write_meta(_make(tmp_path, {5: (1,), 10: (1, 2)}), {1: 5, 2: 10})
    (video,) = load(f"youtube-vos={tmp_path}").videos
    assert len(video) == 7
    assert video.frame_names[0] == "00005"
    assert [t for t in range(7) if video.given(t) is not None] == [0, 5]


def test_masks_that_only_introduce_objects_are_no_truth(tmp_path: Path) -> None:
    (video,) = load(f"youtube-vos={_make(tmp_path, {0: (1,), 5: (0, 2)})}").videos
    assert video.annotated == (0,)
    assert video.truth(5) is None
    assert video.given(5) is not None


def test_whole_masks_are_truth_though_each_brings_a_newcomer(tmp_path: Path) -> None:
    (video,) = load(f"mose={_make(tmp_path, {0: (1,), 5: (1, 2)}, frames=6)}").videos
    assert video.annotated == (0, 5)
    truth, given = video.truth(5), video.given(5)
    assert truth is not None
    assert given is not None
    assert (truth[:2, 0].tolist(), given[:2, 0].tolist()) == ([1, 2], [0, 2])


def test_an_object_that_meta_lacks_is_neither_given_nor_scored(tmp_path: Path) -> None:
    _write_meta(_make(tmp_path, {0: (1, 9, 255), 5: (1, 9)}), {1: 0})
    (video,) = load(f"youtube-vos={tmp_path}").videos
    assert video.objects == (1,)
    truths = [video.truth(t) for t in video.annotated]
    assert [ids[:3, 0].tolist() for ids in truths if ids is not None] == [[1, 0, 255], [1, 0, 0]]
    given = video.given(0)
    assert given is not None
    assert given[:3, 0].tolist() == [1, 0, 0]


def test_meta_says_where_objects_start(tmp_path: Path) -> None:
    _write_meta(_make(tmp_path, {0: (1,), 5: (1, 2), 10: (1, 2)}), {1: 0, 2: 10})
    (video,) = load(f"mose={tmp_path}").videos
    assert [t for t in range(12) if video.given(t) is not None] == [0, 10]


def test_meta_that_does_not_fit_the_masks_is_refused(tmp_path: Path) -> None:
    mask = _make(tmp_path, {0: (1,), 5: (1,)}) / "Annotations" / "clip" / "00005.png"
    _write_meta(tmp_path, {1: 0, 2: 5})
    (video,) = load(f"youtube-vos={tmp_path}").videos
    with one_line(DataError, mask, "object 2", "meta.json"):
        video.given(5)
    _write_meta(tmp_path, {1: 0, 2: 7})
    with one_line(DataError, "00007.png", "meta.json"):
        load(f"youtube-vos={tmp_path}")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"videos": {"clip": {"objects": {"a": {}}}}}'])
def test_a_meta_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    (_make(tmp_path, {0: (1,)}) / "meta.json").write_text(text)
    with one_line(DataError, tmp_path / "meta.json", "objects"):
        load(f"youtube-vos={tmp_path}")


def test_each_name_has_its_protocol(tmp_path: Path) -> None:
    _make(tmp_path, {0: (1,)})
    assert load(f"youtube-vos={tmp_path}").protocol == "youtube-vos"
    assert load(f"mose={tmp_path}").protocol == "vos-benchmark"


def test_void_is_no_object(tmp_path: Path) -> None:
    (video,) = load(f"mose={_make(tmp_path, {0: (1, 255), 1: (1, 255)})}").videos
    assert video.objects == (1,)


def test_an_empty_first_mask_is_refused(tmp_path: Path) -> None:
    _make(tmp_path, {0: (), 5: (1,)})
    with one_line(DataError, tmp_path / "Annotations" / "clip" / "00000.png", "empty"):
        load(f"youtube-vos={tmp_path}")


def test_a_mask_without_a_frame_is_refused(tmp_path: Path) -> None:
    _make(tmp_path, {0: (1,), 30: (1,)})
    with one_line(DataError, tmp_path / "Annotations" / "clip" / "00030.png", "00030.jpg"):
        load(f"youtube-vos={tmp_path}")


def test_a_sequence_without_masks_or_frames_is_refused(tmp_path: Path) -> None:
    _make(tmp_path, {})
    (tmp_path / "Annotations" / "clip").mkdir(parents=True)
    with one_line(DataError, tmp_path / "Annotations" / "clip", "no masks"):
        load(f"youtube-vos={tmp_path}")
    (tmp_path / "Annotations" / "ghost").mkdir()
    (tmp_path / "split.txt").write_text("ghost")
    with one_line(DataError, tmp_path / "JPEGImages" / "ghost", "no such folder"):
        load(f"youtube-vos={tmp_path}", tmp_path / "split.txt")


def test_the_folder_above_is_refused_with_the_right_one_named(tmp_path: Path) -> None:
    _make(tmp_path / "valid", {0: (1,)})
    with one_line(DataError, "JPEGImages", tmp_path / "valid"):
        load(f"youtube-vos={tmp_path}")
