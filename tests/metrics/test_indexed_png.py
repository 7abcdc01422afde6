import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vosbench.data import indexed_png
from vosbench.data.indexed_png import MaskReader, read_mask
from vosbench.errors import DataError

IDS = np.random.default_rng(0).integers(0, 5, (9, 13)).astype(np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows, *, size=(9, 13), colour=3, before=b"", pieces=1):
    """A PNG of filtered rows (height, 1 + width), its stream cut into `pieces` chunks."""
    header = struct.pack(">IIBBBBB", size[1], size[0], 8, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    stream = zlib.compress(bytes(rows))
    step = -(-len(stream) // pieces)
    data = b"".join(chunk(b"IDAT", stream[i : i + step]) for i in range(0, len(stream), step))
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return head + palette + before + data + chunk(b"IEND", b"")


def unfiltered(ids):
    return np.pad(ids, ((0, 0), (1, 0))).tobytes()


def never(path):
    raise AssertionError(f"{path} went to Pillow")


@pytest.fixture
def fast_path_only(monkeypatch):
    monkeypatch.setattr(indexed_png.images, "read_mask", never)


@pytest.mark.usefixtures("fast_path_only")
@pytest.mark.parametrize("colour", [0, 3], ids=["grey", "palette"])
@pytest.mark.parametrize("pieces", [1, 3])
def test_palette_and_grey_masks_are_read_without_pillow(tmp_path, colour, pieces):
    path = tmp_path / "mask.png"
    path.write_bytes(
        png(unfiltered(IDS), colour=colour, pieces=pieces, before=chunk(b"tEXt", b"a\0b"))
    )
    assert np.array_equal(read_mask(path), IDS)


@settings(deadline=None)
@given(filters=st.lists(st.integers(0, 4), min_size=9, max_size=9), seed=st.integers(0, 999))
def test_every_filter_is_undone_as_pillow_does(tmp_path_factory, filters, seed):
    rows = np.random.default_rng(seed).integers(0, 256, (9, 14)).astype(np.uint8)
    rows[:, 0] = filters
    rows[::2, 3:9] = 0  # runs, as in a mask
    path = tmp_path_factory.mktemp("png") / "mask.png"
    path.write_bytes(png(rows.tobytes()))
    assert np.array_equal(read_mask(path), np.array(Image.open(path)))


@pytest.mark.parametrize(
    ("mode", "options"), [("1", {}), ("P", {"bits": 4}), ("P", {"bits": 2}), ("L", {})]
)
def test_other_kinds_of_mask_are_read_as_pillow_reads_them(tmp_path, mode, options):
    path = tmp_path / "mask.png"
    ids = IDS.clip(max=1 if mode == "1" else 3)
    image = Image.fromarray(ids * 255).convert("1") if mode == "1" else Image.fromarray(ids)
    if mode == "P":
        image.putpalette([0, 0, 0, 9, 9, 9, 8, 8, 8, 7, 7, 7])
    image.save(path, **options)
    assert np.array_equal(read_mask(path), ids)


def test_one_reader_reads_masks_of_changing_size(tmp_path):
    reader = MaskReader()
    for side in (9, 5, 9):
        path = tmp_path / f"{side}.png"
        path.write_bytes(png(unfiltered(IDS[:side]), size=(side, 13)))
        assert np.array_equal(reader.read(path), IDS[:side])


@settings(deadline=None)
@given(position=st.integers(0, 10**6), value=st.integers(1, 255))
def test_a_damaged_byte_is_an_error_naming_the_file_or_leaves_the_ids_whole(
    tmp_path_factory, position, value
):
    content = bytearray(png(unfiltered(IDS)))
    content[position % len(content)] ^= value
    path = tmp_path_factory.mktemp("png") / "damaged.png"
    path.write_bytes(content)
    message = f"{path}: "
    try:
        ids = read_mask(path)
    except DataError as error:
        message, ids = str(error), IDS
    assert np.array_equal(ids, IDS)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


@pytest.mark.parametrize("keep", [0, 4, 8, 20, 33, 60, -30, -20, -12, -1])
def test_a_cut_file_is_an_error_naming_it(tmp_path, keep):
    path = tmp_path / "cut.png"
    path.write_bytes(png(unfiltered(IDS))[:keep])
    with pytest.raises(DataError, match=r"cut\.png: cannot be decoded"):
        read_mask(path)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (unfiltered(IDS)[:-1], "bytes of pixels"),
        (unfiltered(IDS) + b"\0", "bytes of pixels"),
        (b"\5" + unfiltered(IDS)[1:], "row 0 has filter 5"),
    ],
    ids=["too few", "too many", "no such filter"],
)
def test_rows_that_do_not_fit_the_header_are_an_error(tmp_path, rows, reason):
    path = tmp_path / "odd.png"
    path.write_bytes(png(rows))
    with pytest.raises(DataError, match=rf"odd\.png: cannot be decoded \(.*{reason}"):
        read_mask(path)


def test_an_rgb_image_is_an_error_with_the_remedy(tmp_path):
    path = tmp_path / "colour.png"
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(DataError, match=r"colour\.png: .*RGB.*indexed"):
        read_mask(path)


def test_a_missing_file_and_a_jpeg_called_png_are_errors_naming_them(tmp_path):
    with pytest.raises(DataError, match=r"none\.png: cannot be read"):
        read_mask(tmp_path / "none.png")
    jpeg = io.BytesIO()
    Image.new("RGB", (4, 4)).save(jpeg, "JPEG")
    (tmp_path / "j.png").write_bytes(jpeg.getvalue())
    with pytest.raises(DataError, match=r"j\.png: "):
        read_mask(tmp_path / "j.png")
