from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.builders import make_davis, one_line, save_frame, save_mask
from tests.shared import SHARED, needs_shared
from vosbench.data import load
from vosbench.data.files import FileVideo
from vosbench.errors import DataError, UsageError

REAL = SHARED / "data" / "davis2016"


def test_davis_2017_gives_all_objects_with_the_first_frame(tmp_path: Path) -> None:
    (video,) = load(f"davis2017={make_davis(tmp_path, 'bear', ids=(1, 3))}").videos
    assert (video.dataset, video.name, len(video)) == ("davis2017", "bear", 3)
    assert video.size == (12, 16)
    assert video.objects == (1, 3)
    assert video.frame_names == ("00000", "00001", "00002")
    assert video.annotated == (0, 1, 2)
    assert len({video, video}) == 1  # hashable: harnesses keep what they computed by video
    first = video.given(0)
    assert first is not None
    assert first[:3, 0].tolist() == [1, 3, 0]
    assert video.given(1) is None


def test_davis_2016_makes_one_object_of_all(tmp_path: Path) -> None:
    dataset = load(f"davis2016={make_davis(tmp_path, 'bear', ids=(255, 2))}")
    truth = dataset.videos[0].truth(1)
    assert dataset.protocol == "davis2016"
    assert dataset.videos[0].objects == (1,)
    assert truth is not None
    assert truth[:3, 0].tolist() == [1, 1, 0]


def test_480p_is_chosen_where_a_sequence_has_it(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear", "bus", resolution="1080p")
    make_davis(tmp_path, "bear", resolution="480p")
    make_davis(tmp_path, "dog", resolution="Full-Resolution")
    dataset = load(f"davis2017={tmp_path}")
    found = {v.name: v.frames[0].parts[-3] for v in dataset.videos if isinstance(v, FileVideo)}
    assert found == {"bear": "480p", "bus": "1080p", "dog": "Full-Resolution"}
    assert "1080p and 480p and Full-Resolution" in dataset.notes


@pytest.mark.parametrize("place", ["ImageSets/2017/val.txt", "ImageSets/val.txt"])
def test_the_validation_split_is_the_default(tmp_path: Path, place: str) -> None:
    make_davis(tmp_path, "bear", "bus")
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text("bus\n")
    assert [video.name for video in load(f"davis2017={tmp_path}").videos] == ["bus"]


def test_a_split_may_be_a_name_in_image_sets(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear", "bus")
    (tmp_path / "ImageSets" / "2017").mkdir(parents=True)
    (tmp_path / "ImageSets" / "2017" / "train.txt").write_text("bear\n")
    assert [v.name for v in load(f"davis2017={tmp_path}", Path("train")).videos] == ["bear"]


def test_a_split_by_name_is_of_the_year_that_is_read(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear", "bus")
    for year, name in (("2016", "bear"), ("2017", "bus")):
        (tmp_path / "ImageSets" / year).mkdir(parents=True)
        (tmp_path / "ImageSets" / year / "val.txt").write_text(f"{name}\n")
    read = {y: load(f"davis{y}={tmp_path}", Path("val")).videos[0].name for y in (2016, 2017)}
    assert read == {2016: "bear", 2017: "bus"}


def test_a_split_by_name_that_two_other_folders_have_is_refused(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear", "bus")
    for year in ("2018", "2019"):
        (tmp_path / "ImageSets" / year).mkdir(parents=True)
        (tmp_path / "ImageSets" / year / "test-dev.txt").write_text("bear\n")
    with pytest.raises(DataError, match=r"2 files have that name, .*2018.*2019"):
        load(f"davis2017={tmp_path}", Path("test-dev"))


def test_a_split_of_davis_2016_lists_frames_and_masks(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear", "bus")
    split = tmp_path / "two.txt"
    split.write_text(
        "/JPEGImages/480p/bus/00000.jpg /Annotations/480p/bus/00000.png \n"
        "/JPEGImages/480p/bus/00001.jpg /Annotations/480p/bus/00001.png \n"
        "\n# a remark\nbear  # another\n"
    )
    assert [video.name for video in load(f"davis2016={tmp_path}", split).videos] == ["bus", "bear"]


def test_a_split_naming_a_missing_sequence_is_refused(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear", "bus")
    (tmp_path / "split.txt").write_text("baer\n")
    with one_line(DataError, tmp_path / "split.txt", "'baer'", "did you mean bear"):
        load(f"davis2017={tmp_path}", tmp_path / "split.txt")


@pytest.mark.parametrize("content", [None, b"", b"# nothing\n", b"\xff\xfe\x00"])
def test_a_split_that_is_missing_empty_or_no_text_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    make_davis(tmp_path, "bear")
    split = tmp_path / "split.txt"
    if content is not None:
        split.write_bytes(content)
    with one_line(DataError, split):
        load(f"davis2017={tmp_path}", split)


def test_a_test_set_has_the_first_mask_alone(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear")
    for t in (1, 2):
        (tmp_path / "Annotations" / "480p" / "bear" / f"{t:05d}.png").unlink()
    (video,) = load(f"davis2017={tmp_path}").videos
    assert video.annotated == (0,)
    assert video.truth(1) is None
    assert video.given(0) is not None


def _refusal(root: Path, *words: object, year: int = 2017) -> None:
    with one_line(DataError, *words):
        load(f"davis{year}={root}")


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    path = make_davis(tmp_path, "bear") / "Annotations" / "480p" / "bear" / "00001.png"
    path.unlink()
    _refusal(tmp_path, path, "missing", "--split")


def test_a_missing_frame_is_named_by_its_mask(tmp_path: Path) -> None:
    (make_davis(tmp_path, "bear") / "JPEGImages" / "480p" / "bear" / "00001.jpg").unlink()
    _refusal(tmp_path, tmp_path / "Annotations" / "480p" / "bear" / "00001.png", "00001.jpg")


def test_a_sequence_without_frames_or_masks_is_named(tmp_path: Path) -> None:
    make_davis(tmp_path, "bear")
    (tmp_path / "JPEGImages" / "480p" / "bus").mkdir()
    _refusal(tmp_path, tmp_path / "JPEGImages" / "480p" / "bus", "no frames")
    save_frame(tmp_path / "JPEGImages" / "480p" / "bus" / "00000.jpg")
    _refusal(tmp_path, tmp_path / "Annotations" / "480p" / "bus", "no such folder")


def test_frames_of_unequal_sizes_are_refused_from_their_headers(tmp_path: Path) -> None:
    odd = make_davis(tmp_path, "bear") / "JPEGImages" / "480p" / "bear" / "00002.jpg"
    save_frame(odd, (12, 18))
    _refusal(tmp_path, odd, "12x18", "12x16")


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    odd = make_davis(tmp_path, "bear") / "Annotations" / "480p" / "bear" / "00002.png"
    save_mask(odd, 1, size=(24, 32))
    _refusal(tmp_path, odd, "24x32", "12x16")


def test_an_empty_first_mask_is_refused(tmp_path: Path) -> None:
    first = make_davis(tmp_path, "bear") / "Annotations" / "480p" / "bear" / "00000.png"
    save_mask(first)
    _refusal(tmp_path, first, "empty")
    _refusal(tmp_path, first, "empty", year=2016)


def test_a_2016_mask_read_as_2017_says_what_to_do(tmp_path: Path) -> None:
    _refusal(make_davis(tmp_path, "bear", ids=(255,)), "00000.png", "davis2016=PATH")


def test_a_corrupt_frame_is_found_when_it_is_read(tmp_path: Path) -> None:
    frame = make_davis(tmp_path, "bear") / "JPEGImages" / "480p" / "bear" / "00001.jpg"
    noise = np.random.default_rng(1).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(noise).save(frame)
    frame.write_bytes(frame.read_bytes()[:-100])
    (video,) = load(f"davis2017={tmp_path}").videos
    with one_line(DataError, frame, "cannot be decoded"):
        video.frame(1)


def test_a_file_that_is_no_image_is_found_at_once(tmp_path: Path) -> None:
    frame = make_davis(tmp_path, "bear") / "JPEGImages" / "480p" / "bear" / "00001.jpg"
    frame.write_text("<html>not found</html>")
    _refusal(tmp_path, frame, "cannot be decoded")


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    _refusal(tmp_path, tmp_path, "JPEGImages", "480p/SEQ")


@needs_shared
def test_the_dev_split_of_the_real_davis_2016_is_read() -> None:
    dataset = load(f"davis2016={REAL}", Path("dev"))
    assert len(dataset.videos) == 8
    assert sum(len(video) for video in dataset.videos) == 599
    for video in dataset.videos:
        assert video.size == (480, 854)
        assert video.annotated == tuple(range(len(video)))
        truth, given = video.truth(0), video.given(0)
        assert truth is not None
        assert given is not None
        np.testing.assert_array_equal(truth, given)
        assert np.unique(truth).tolist() == [0, 1]
    frame = dataset.videos[0].frame(3)
    assert frame.shape == (480, 854, 3)
    assert frame.std() > 10


@needs_shared
def test_all_of_the_real_davis_2016_is_read_at_the_resolution_that_is_there() -> None:
    dataset = load(f"davis2016={REAL}")
    assert len(dataset.videos) == 38
    assert {video.size[0] for video in dataset.videos} == {240, 480}
    small = next(video for video in dataset.videos if video.name == "bear")
    truth = small.truth(0)
    assert truth is not None
    assert np.unique(truth).tolist() == [0, 1]


@needs_shared
def test_the_real_davis_2016_read_as_davis_2017_is_refused_in_one_line() -> None:
    with one_line(DataError, "blackswan", "davis2016=PATH"):
        load(f"davis2017={REAL}", Path("dev"))


def test_a_missing_root_and_a_missing_path_are_refused(tmp_path: Path) -> None:
    with one_line(DataError, tmp_path / "no", "nothing of that name; expected the root of davis"):
        load(f"davis2017={tmp_path / 'no'}")
    with one_line(UsageError, "davis2017=PATH"):
        load("davis2017")
