"""Masks from indexed PNGs, many times faster than a general decoder.

A mask of eight bits without interlacing, palette or grey, is a header, a deflate stream and a
filter per row: little is left to do but inflate. Every other kind goes through Pillow. Checksums
are verified, and a damaged file is a DataError that names it.

PNG specification, third edition, W3C 2025: chunks (5), filters (9), checksums (5.5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from zlib_ng import zlib_ng

from vosbench.data import images
from vosbench.data.video import Image
from vosbench.errors import DataError
from vosbench.metrics.jit import kernel

inflater: Any = zlib_ng  # its types leave the error out

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MASK_KINDS = {(8, 0, 0, 0, 0), (8, 3, 0, 0, 0)}  # depth, grey or palette, no interlacing
_SAFE = 2 * images.MOST_PIXELS // 1032  # bytes: deflate packs 1032 into one at the most

# glibc maps large blocks afresh, page by page, until one of that size has been freed: after this
# line the inflated bytes of every file reuse the same warm memory. Once: it clears 16 MiB.
bytearray(1 << 24)


class MaskReader:
    """Decodes masks one after another into one buffer.

    Not for several threads at once: each takes its own reader.
    """

    def __init__(self) -> None:
        self._mask = np.empty((0, 0), np.uint8)

    def read(self, path: Path) -> Image:
        """Ids (H, W) of a mask: palette indices or grey values. Valid until the next read.

        Raises DataError, naming the file, where it is missing, damaged, or not one channel of ids.
        """
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            raise DataError(f"{path}: not a file; expected a mask: put one in its place")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataError(
                f"{path}: cannot be read ({error.strerror}); expected a mask: restore it"
            ) from error
        parsed = _parse(path, content)
        if parsed is None:
            return images.read_mask(path)
        height, width, deflated = parsed
        rows = _inflate(path, deflated, height, width)
        if self._mask.shape != (height, width):
            self._mask = np.empty((height, width), np.uint8)
        wrong = _unfilter(rows, self._mask)
        if wrong >= 0:
            raise _damaged(path, f"row {wrong} has filter {rows[wrong, 0]}")
        return self._mask

    @staticmethod
    def warm_up() -> None:
        """Compile what reading needs, so that the first file does not pay for it."""
        _unfilter(np.frombuffer(bytes(2), np.uint8).reshape(1, 2), np.empty((1, 1), np.uint8))


def read_mask(path: Path) -> Image:
    """Ids (H, W) of one mask, in memory of its own; errors as `MaskReader.read`."""
    return MaskReader().read(path)


def _parse(path: Path, content: bytes) -> tuple[int, int, bytes] | None:
    """Height, width and deflate stream; None for what Pillow shall decode or refuse."""
    if content[:8] != _SIGNATURE:
        return None
    header, deflated = b"", []
    for kind, data in _chunks(path, content):
        if kind == b"IHDR":
            header = data
        elif kind == b"IDAT":
            deflated.append(data)
    if len(header) != 13:
        return None
    width, height, *how = struct.unpack(">IIBBBBB", header)
    if tuple(how) not in _MASK_KINDS or not 0 < height * width <= images.MOST_PIXELS:
        return None
    return height, width, b"".join(deflated)


def _chunks(path: Path, content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of each chunk up to IEND, which has to be there; checksums are verified."""
    position, kind = 8, b""
    while kind != b"IEND":
        if position + 12 > len(content):
            raise _damaged(path, "cut short")
        (size,) = struct.unpack_from(">I", content, position)
        end = position + 8 + size
        kind, data = content[position + 4 : position + 8], content[position + 8 : end]
        checksum = inflater.crc32(data, inflater.crc32(kind))
        if content[end : end + 4] != struct.pack(">I", checksum):
            raise _damaged(path, f"chunk {position} bytes in is cut short or fails its checksum")
        yield kind, data
        position = end + 4


def _inflate(path: Path, deflated: bytes, height: int, width: int) -> Image:
    """Rows (H, 1 + W): the filter of each row, then its bytes."""
    size = height * (width + 1)
    try:
        raw = _at_most(deflated, size) if len(deflated) > _SAFE else _whole(deflated, size)
    except inflater.error as error:
        raise _damaged(path, str(error)) from error
    if len(raw) != size:
        found = "more" if len(raw) > size else str(len(raw))
        raise _damaged(path, f"{found} bytes of pixels, not {size}")
    return np.frombuffer(raw, np.uint8).reshape(height, width + 1)


def _whole(deflated: bytes, size: int) -> bytes:
    raw: bytes = inflater.decompress(deflated, bufsize=size)
    return raw


def _at_most(deflated: bytes, size: int) -> bytes:
    """As `_whole`, but a stream that would inflate to gigabytes is left off one byte too far."""
    stream = inflater.decompressobj()
    raw: bytes = stream.decompress(deflated, size + 1)
    if len(raw) <= size and not stream.eof:
        raise inflater.error("the pixels are cut short")
    return raw


@kernel
def _unfilter(rows: Image, mask: Image) -> int:
    """Undo the filter of each row, a difference to left, above, their mean or Paeth's choice.

    Returns the first row whose filter does not exist, or -1.
    """
    height, width = mask.shape
    nothing = np.zeros(width, np.uint8)
    for y in range(height):
        kind, row, out = rows[y, 0], rows[y, 1:], mask[y]
        above = mask[y - 1] if y else nothing
        left = corner = 0
        if kind == 0:
            for x in range(width):
                out[x] = row[x]
        elif kind == 1:
            for x in range(width):
                left = (left + row[x]) & 255
                out[x] = left
        elif kind == 2:
            for x in range(width):
                out[x] = row[x] + above[x]
        elif kind == 3:
            for x in range(width):
                left = (row[x] + (left + int(above[x])) // 2) & 255
                out[x] = left
        elif kind == 4:
            for x in range(width):
                up = int(above[x])
                left, corner = (row[x] + _paeth(left, up, corner)) & 255, up
                out[x] = left
        else:
            return y
    return -1


@kernel
def _paeth(left: int, up: int, corner: int) -> int:
    """Whichever is nearest to left + up - corner; ties go in the order left, up, corner."""
    if up == corner:  # nearly always, in a mask
        return left
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path}: cannot be decoded ({reason}); expected a whole PNG: copy or download it again"
    )
