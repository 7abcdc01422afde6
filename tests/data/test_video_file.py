import importlib
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.data.builders import one_line, save_mask
from tests.data.hostile import pictures, read_or_refused, save_video
from vosbench.data import load
from vosbench.errors import DataError

pytest.importorskip("av", reason="PyAV is not installed (extra: video)")
SIZE = (48, 64)


def near(frame: np.ndarray, expected: np.ndarray) -> bool:
    """The codec loses some detail, but not the square, which moves by four pixels a frame."""
    return bool(np.abs(frame.astype(int) - expected).mean() < 6)


def video(path: Path, count: int = 8, ids: tuple[int, ...] = (1, 2)):
    save_video(path, count, SIZE)
    save_mask(path.with_suffix(".png"), *ids, size=SIZE)
    (found,) = load(f"folder={path}").videos
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".MOV"])
def test_a_video_file_is_its_frames_and_the_mask_beside_it(tmp_path: Path, suffix: str) -> None:
    found = video(tmp_path / f"my clip{suffix}")
    assert (found.name, found.size, len(found)) == ("my clip", SIZE, 8)
    assert found.frame_names[-1] == "00007"
    assert found.objects == (1, 2)
    assert found.given(0)[:3, 0].tolist() == [1, 2, 0]
    assert [found.given(1), found.truth(1)] == [None, None]
    assert all(near(found.frame(t), frame) for t, frame in enumerate(pictures(8)))


@pytest.mark.parametrize("order", [[30, 2, 29, 0, 13, 13, 12], [0, 1, 25, 26, 5]])
def test_frames_may_be_asked_for_in_any_order(tmp_path: Path, order: list[int]) -> None:
    found, expected = video(tmp_path / "clip.mp4", 31), pictures(31)
    assert all(near(found.frame(t), expected[t]) for t in order)


def test_a_frame_that_is_not_there_is_an_index_error(tmp_path: Path) -> None:
    found = video(tmp_path / "clip.mp4")
    for t in (8, -1):
        with pytest.raises(IndexError, match="of 8"):
            found.frame(t)


def test_a_video_passes_to_another_process_while_it_is_being_read(tmp_path: Path) -> None:
    found = video(tmp_path / "clip.mp4")
    found.frame(3)
    copy = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(copy.frame(4), found.frame(4))


def test_a_black_and_white_mask_is_one_object(tmp_path: Path) -> None:
    found = video(tmp_path / "clip.mp4", ids=(255,))
    assert found.objects == (1,)
    assert set(np.unique(found.given(0)).tolist()) == {0, 1}


def test_void_in_the_mask_is_handed_to_nobody(tmp_path: Path) -> None:
    found = video(tmp_path / "clip.mp4", ids=(1, 255))
    assert found.objects == (1,)
    assert set(np.unique(found.given(0)).tolist()) == {0, 1}


def test_a_telephone_s_video_is_shown_upright(tmp_path: Path) -> None:
    path = save_video(tmp_path / "clip.mp4", 3, SIZE)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # ISO 14496-12: version, times, id, ..., then 9 numbers
    # (x, y) -> (-y, x): what is at the right is shown at the bottom, a quarter turn clockwise.
    turned = [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30]
    data[matrix : matrix + 36] = b"".join(n.to_bytes(4, "big", signed=True) for n in turned)
    path.write_bytes(data)
    save_mask(path.with_suffix(".png"), 1, size=SIZE[::-1])
    (found,) = load(f"folder={path}").videos
    assert found.size == SIZE[::-1]
    assert near(found.frame(0), np.rot90(pictures(1)[0], -1))


def test_a_long_video_is_streamed(tmp_path: Path) -> None:
    found = video(tmp_path / "clip.mp4", 400)
    found.frame(0)
    tracemalloc.start()
    for t in range(1, len(found)):
        found.frame(t)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * SIZE[0] * SIZE[1] * 3  # of 400 frames


def test_without_pyav_the_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"any")
    monkeypatch.setattr(importlib, "import_module", _no_module)
    with one_line(DataError, path, "PyAV", "pip install -e '.[video]'"):
        load(f"folder={path}")


def _no_module(name: str) -> None:
    raise ModuleNotFoundError(name)


def test_what_is_missing_beside_a_video_is_named(tmp_path: Path) -> None:
    path = save_video(tmp_path / "clip.mp4", 2, SIZE)
    with one_line(DataError, tmp_path / "clip.png", "mask missing", "clip.mp4"):
        load(f"folder={path}")
    save_mask(tmp_path / "clip.png", 1, size=(24, 32))
    with one_line(DataError, tmp_path / "clip.png", "24x32", "48x64"):
        load(f"folder={path}")


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        silence = np.zeros((1, 1024), np.float32)
        sound = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        sound.sample_rate = 16000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    save_mask(path.with_suffix(".png"), 1, size=SIZE)
    with one_line(DataError, path, "no pictures"):
        load(f"folder={path}")


def test_a_playlist_by_the_name_of_a_video_opens_nothing(tmp_path: Path) -> None:
    save_video(tmp_path / "secret.mp4", 2, SIZE)
    path = tmp_path / "clip.mp4"
    for text in (
        "#EXTM3U\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile secret.mp4\n",
    ):
        path.write_text(text)
        save_mask(path.with_suffix(".png"), 1, size=SIZE)
        with one_line(DataError, path, "cannot be decoded"):
            load(f"folder={path}")


def test_a_video_cut_short_is_refused_or_ends_in_a_line_that_names_the_frame(
    tmp_path: Path,
) -> None:
    path = save_video(tmp_path / "clip.mkv", 40, SIZE)
    whole = path.read_bytes()
    save_mask(path.with_suffix(".png"), 1, size=SIZE)
    lengths: list[int] = []

    def read() -> None:
        (found,) = load(f"folder={path}").videos
        lengths.append(len(found))
        for t in range(len(found)):
            found.frame(t)

    for part in (0.01, 0.4, 0.7, 0.95):
        path.write_bytes(whole[: int(len(whole) * part)])
        read_or_refused(path, read)
    assert 0 < max(lengths) < 40


def test_a_video_of_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    path = save_video(tmp_path / "clip.mp4", 2, SIZE)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    save_mask(path.with_suffix(".png"), 1, size=SIZE)
    with one_line(DataError, path, "codec is not known"):
        load(f"folder={path}")
