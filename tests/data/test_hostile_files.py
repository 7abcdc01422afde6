"""Every reader, given damaged files and odd words: it reads them, or refuses in one line."""

import os
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.builders import one_line, save_frame, save_mask
from tests.data.hostile import chunk, png, read_or_refused, refusal, save_noise, save_video
from vosbench.data import DATASETS, load
from vosbench.data.images import image_size, read_frame, read_mask
from vosbench.data.indexed_png import read_mask as read_quickly
from vosbench.data.splits import read_split
from vosbench.errors import DataError

FEW, MANY = 60, 1000  # examples in the quick session and in the slow one
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
READERS = (image_size, read_frame, read_mask, read_quickly)
KINDS = {
    "frame.jpg": lambda path: save_noise(path, quality=80),
    "progressive.jpg": lambda path: save_noise(path, progressive=True),
    "grey.jpg": lambda path: save_noise(path, "L"),
    "frame.png": save_noise,
    "mask.png": lambda path: save_noise(path, "P"),
    "bits.png": lambda path: save_noise(path, "1"),
    "alpha.png": lambda path: save_noise(path, "RGBA"),
}


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Bits that flip, bytes that vanish, are repeated or become others, and an early end."""
    places = st.floats(0, 1, exclude_max=True)
    early = st.floats(0, 0.1)  # headers are where a decoder believes what it reads
    flips = draw(st.lists(st.tuples(early | places, st.integers(1, 255)), max_size=6))
    cut = draw(st.none() | places)
    splice = draw(st.none() | st.tuples(places, places, st.binary(max_size=12)))

    def apply(data: bytes) -> bytes:
        out = bytearray(data)
        for place, bits in flips:
            out[int(place * len(out))] ^= bits
        if splice:
            start, end = sorted(int(place * len(out)) for place in splice[:2])
            out[start : min(end, start + 40)] = splice[2]
        return bytes(out[: int(cut * len(out))] if cut is not None else out)

    return apply


def check_images(folder: Path, name: str, harm: Callable[[bytes], bytes]) -> None:
    path = folder / name
    path.write_bytes(harm(KINDS[name](path)))
    for read in READERS:
        read_or_refused(path, lambda read=read: read(path))


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=FEW, deadline=None, suppress_health_check=QUIET)
@given(harm=damage())
def test_a_damaged_image_is_read_or_refused_in_one_line(
    tmp_path: Path, name: str, harm: Callable[[bytes], bytes]
) -> None:
    check_images(tmp_path, name, harm)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=MANY, deadline=None, suppress_health_check=QUIET)
@given(harm=damage())
def test_thousands_of_damaged_images_are_read_or_refused_in_one_line(
    tmp_path: Path, name: str, harm: Callable[[bytes], bytes]
) -> None:
    check_images(tmp_path, name, harm)


@settings(max_examples=FEW, deadline=None, suppress_health_check=QUIET)
@given(deflated=st.binary(max_size=60) | st.binary(max_size=60).map(zlib.compress),
       sides=st.tuples(st.integers(0, 9), st.integers(0, 9)))  # fmt: skip
def test_a_png_whose_checksums_fit_may_still_hold_anything(
    tmp_path: Path, deflated: bytes, sides: tuple[int, int]
) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(png(*sides, deflated))
    for read in READERS:
        read_or_refused(path, lambda read=read: read(path))


def check_video(path: Path, harm: Callable[[bytes], bytes]) -> None:
    whole = path.read_bytes()
    try:
        path.write_bytes(harm(whole))
        read_or_refused(path, lambda: [_frames(video) for video in load(f"folder={path}").videos])
    finally:
        path.write_bytes(whole)


def _frames(video) -> None:
    for t in range(len(video)):
        assert video.frame(t).shape == (*video.size, 3)


@pytest.fixture(scope="module", params=["clip.mp4", "clip.mkv", "clip.avi"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("av", reason="PyAV is not installed (extra: video)")
    path = tmp_path_factory.mktemp("video") / request.param
    save_mask(path.with_suffix(".png"), 1, size=(48, 64))
    return save_video(path, 4, codec="mpeg4" if path.suffix == ".avi" else "libx264")


@settings(max_examples=FEW, deadline=None, suppress_health_check=QUIET)
@given(harm=damage())
def test_a_damaged_video_is_read_or_refused_in_one_line(
    clip: Path, harm: Callable[[bytes], bytes]
) -> None:
    check_video(clip, harm)


@pytest.mark.slow
@settings(max_examples=MANY, deadline=None, suppress_health_check=QUIET)
@given(harm=damage())
def test_thousands_of_damaged_videos_are_read_or_refused_in_one_line(
    clip: Path, harm: Callable[[bytes], bytes]
) -> None:
    check_video(clip, harm)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just("00000"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["videos", "seq", "objects", "frames", "1", "0", "255", "999"]),
        inner, max_size=3),
    max_leaves=12,
)  # fmt: skip
META = JSON | JSON.map(lambda facts: {"videos": {"seq": {"objects": {"1": facts, "300": facts}}}})


def check_meta(root: Path, text: bytes) -> None:
    save_frame(root / "JPEGImages" / "seq" / "00000.jpg")
    save_mask(root / "Annotations" / "seq" / "00000.png", 1)
    (root / "meta.json").write_bytes(text)
    read_or_refused(root / "meta.json", lambda: [
        video.given(t) for video in load(f"youtube-vos={root}").videos for t in range(len(video))
    ])  # fmt: skip


@settings(max_examples=FEW, deadline=None, suppress_health_check=QUIET)
@given(facts=META | st.builds(
    lambda ids: {"videos": {"seq": {"objects": {str(i): {"frames": ["00000"]} for i in ids}}}},
    st.lists(st.integers(-5, 300), max_size=3)))  # fmt: skip
def test_any_json_as_meta_file_is_read_or_refused_in_one_line(tmp_path: Path, facts) -> None:
    import json

    check_meta(tmp_path, json.dumps(facts).encode())


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[" * 100_000, b'{"videos":' * 50_000])
def test_a_meta_file_that_is_no_json_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "JPEGImages").mkdir()
    save_mask(tmp_path / "Annotations" / "seq" / "00000.png", 1)
    (tmp_path / "meta.json").write_bytes(text)
    with one_line(DataError, tmp_path / "meta.json", "not a meta file"):
        load(f"mose={tmp_path}")


@settings(max_examples=FEW, deadline=None, suppress_health_check=QUIET)
@given(text=st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_as_split_are_read_or_refused_in_one_line(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "split.txt"
    path.write_bytes(text)
    read_or_refused(path, lambda: read_split(path))


WORDS = st.text(max_size=12) | st.sampled_from(["a" * 5000, "~nobody-of-that-name", "\0", "a**/"])


@settings(max_examples=FEW, deadline=None, suppress_health_check=QUIET)
@given(name=st.sampled_from([*DATASETS, "x"]), joint=st.sampled_from("=:"), rest=WORDS, split=WORDS)
def test_any_words_after_data_and_split_end_in_one_line(
    tmp_path: Path, name: str, joint: str, rest: str, split: str
) -> None:
    for where in (rest, f"{tmp_path}/{rest}", str(tmp_path)):
        save_frame(tmp_path / "0.jpg")
        save_mask(tmp_path / "mask.png", 1)
        message = refusal(lambda where=where: load(f"{name}{joint}{where}", Path(split)))
        assert "\n" not in message or "\n" in rest + split


@pytest.mark.parametrize("name", ["a b", "naïve 日本", "-rf", "a;b&$(c)", "'\"%s{}", "é" * 100])
def test_names_of_any_kind_are_read(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    save_frame(root / "frames" / f"{name} 1.png")
    save_mask(root / "mask.png", 1)
    (video,) = load(f"folder={root}").videos
    assert (video.name, video.frame_names) == (name, (f"{name} 1",))
    assert video.frame(0).shape == (12, 16, 3)


def test_loops_of_links_are_refused_or_passed_over(tmp_path: Path) -> None:
    save_frame(tmp_path / "0.jpg")
    save_mask(tmp_path / "mask.png", 1)
    (tmp_path / "here").symlink_to(tmp_path)
    assert len(load(f"folder={tmp_path / 'here' / 'here'}").videos[0]) == 1
    loop = tmp_path / "1.jpg"
    loop.symlink_to(loop)
    with one_line(DataError, loop):
        load(f"folder={tmp_path}")
    with one_line(DataError, loop):
        load(f"folder={loop}")


def test_a_loop_below_the_lists_of_sequences_ends(tmp_path: Path) -> None:
    (tmp_path / "ImageSets").mkdir()
    (tmp_path / "ImageSets" / "again").symlink_to(tmp_path)
    with one_line(DataError, "JPEGImages"):
        load(f"davis2017={tmp_path}", Path("val"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("read", READERS)
def test_a_pipe_or_a_folder_in_place_of_an_image_is_refused_at_once(tmp_path: Path, read) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    for name in ("pipe.png", "folder.png"):
        with one_line(DataError, tmp_path / name, "not a file"):
            read(tmp_path / name)


def test_a_file_of_text_is_named_in_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "0.jpg"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    with one_line(DataError, path, "not an image", "JPEG or PNG"):
        read_frame(path)


def test_a_stream_that_inflates_to_half_a_gigabyte_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(16, 12, zlib.compress(bytes(1 << 29), 1)))
    tracemalloc.start()
    try:
        with one_line(DataError, path, "more bytes of pixels"):
            read_quickly(path)
        assert read_mask(path).shape == (12, 16)  # Pillow stops where the picture is full
        assert tracemalloc.get_traced_memory()[1] < 4 * path.stat().st_size < 1 << 25
    finally:
        tracemalloc.stop()


def test_a_text_that_inflates_to_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 24), 1))
    path.write_bytes(png(16, 12, zlib.compress(bytes(17 * 12)), text))
    with one_line(DataError, path, "cannot be decoded"):
        read_frame(path)
    assert np.array_equal(read_quickly(path), np.zeros((12, 16)))  # which never looks at texts
