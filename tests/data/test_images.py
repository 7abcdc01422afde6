import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tests.data.builders import one_line, save_frame, save_mask
from vosbench.data.images import image_size, read_frame, read_mask
from vosbench.data.indexed_png import MaskReader
from vosbench.errors import DataError


def test_a_size_is_height_then_width(tmp_path: Path) -> None:
    save_frame(tmp_path / "a.jpg", (12, 16))
    assert image_size(tmp_path / "a.jpg") == (12, 16)


def test_a_png_frame_is_read_as_it_was_written(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_frame(tmp_path / "a.png"), pixels)


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P"])
def test_a_frame_of_another_kind_becomes_writable_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    grey = Image.new("RGB", (7, 5), (90, 90, 90))
    (grey.quantize(4) if mode == "P" else grey.convert(mode)).save(path)
    frame = read_frame(path)
    assert frame.shape == (5, 7, 3)
    assert frame.flags.writeable
    assert np.abs(frame.astype(int) - 90).max() <= 2


def test_a_sixteen_bit_frame_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((5, 7), 40000, dtype=np.uint16)).save(tmp_path / "a.png")
    with one_line(DataError, tmp_path / "a.png", "8 bits"):
        read_frame(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("mode", "expected"), [("P", [0, 2, 5]), ("L", [0, 2, 5]), ("1", [0, 1, 1])]
)
def test_a_mask_gives_indices_grey_values_or_bits(
    tmp_path: Path, mode: str, expected: list[int]
) -> None:
    ids = np.array([[0, 2, 5]], dtype=np.uint8)
    if mode == "P":
        image = Image.fromarray(ids)
        image.putpalette(bytes(range(200, 218)))
    else:
        image = Image.fromarray(ids if mode == "L" else ids > 0)
    image.save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [expected]
    assert read_mask(tmp_path / "m.png").dtype == np.uint8


@pytest.mark.parametrize("bits", [2, 4])
def test_a_grey_mask_of_few_bits_gives_its_ids_as_stored(tmp_path: Path, bits: int) -> None:
    ids = np.arange(4, dtype=np.uint8)[None]
    Image.fromarray(ids).save(tmp_path / "m.png", bits=bits)
    assert (tmp_path / "m.png").read_bytes()[24] == bits
    assert read_mask(tmp_path / "m.png").tolist() == ids.tolist()
    assert MaskReader().read(tmp_path / "m.png").tolist() == ids.tolist()


def test_a_jpeg_by_the_name_of_a_mask_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((5, 7), np.uint8)).save(tmp_path / "m.png", format="JPEG")
    with one_line(DataError, tmp_path / "m.png", "JPEG", "expected a PNG"):
        read_mask(tmp_path / "m.png")


def turned(path: Path, orientation: int) -> None:
    """A picture of 8x24 pixels, dark above, right half green, that EXIF turns."""
    pixels = np.zeros((8, 24, 3), np.uint8)
    pixels[4:, :, 0] = pixels[:, 12:, 1] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_frame_is_upright_as_exif_says(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = tmp_path / f"a{suffix}"
    turned(path, orientation)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_frame(path), upright)
    assert image_size(path) == upright.shape[:2] == ((24, 8) if orientation > 4 else (8, 24))


def test_damaged_exif_does_not_touch_a_frame(tmp_path: Path) -> None:
    save_frame(tmp_path / "a.jpg", (8, 24))
    with Image.open(tmp_path / "a.jpg") as image:
        image.save(tmp_path / "b.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09\x01\x12\0\x03")
    assert read_frame(tmp_path / "b.jpg").shape == (8, 24, 3)


def test_a_mask_that_exif_turns_is_refused(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(np.ones((5, 7), np.uint8)).save(tmp_path / "m.png", exif=exif)
    with one_line(DataError, tmp_path / "m.png", "EXIF"):
        read_mask(tmp_path / "m.png")


def test_an_rgb_mask_is_refused(tmp_path: Path) -> None:
    save_frame(tmp_path / "m.png")
    with one_line(DataError, tmp_path / "m.png", "RGB", "indexed"):
        read_mask(tmp_path / "m.png")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with one_line(DataError, tmp_path / "no.jpg", "no such file"):
        read_frame(tmp_path / "no.jpg")


def test_a_truncated_jpeg_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:-400])
    with one_line(DataError, path, "cannot be decoded", "again"):
        read_frame(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255), cut=st.integers(0, 300))
def test_a_damaged_png_is_read_whole_or_refused_in_one_line(
    tmp_path: Path, place: int, flip: int, cut: int
) -> None:
    path = tmp_path / "m.png"
    save_mask(path, 1, 2, 3)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= flip
    path.write_bytes(data[: len(data) - cut % len(data)])
    message = ""
    try:
        assert read_mask(path).ndim == 2
    except DataError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
    assert not message or message.startswith(f"{path}: ")


@pytest.mark.parametrize("sides", [(8193, 8192), (30_000, 30_000)])
def test_a_decompression_bomb_is_refused_from_its_header(
    tmp_path: Path, sides: tuple[int, int]
) -> None:
    path = tmp_path / "bomb.png"
    header = struct.pack(">IIBBBBB", *sides, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    for read in (image_size, read_mask, read_frame):
        with one_line(DataError, path, "pixels"):
            read(path)
