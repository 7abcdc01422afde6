"""Frames and masks from image files. Every damage is a one-line DataError that names the file."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError
from PIL.Image import DecompressionBombError, DecompressionBombWarning
from PIL.ImageFile import ImageFile

from vosbench.data.video import Image
from vosbench.errors import DataError

FRAME_SUFFIXES = (".jpg", ".jpeg", ".png")
MOST_PIXELS = 1 << 26  # 8192 x 8192: a larger frame is a mistake or an attack
_FORMATS = ("JPEG", "PNG")  # Pillow knows dozens more, some of which run other programs
_FRAME_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"}  # 8 bits a channel
_MASK_MODES = {"1", "L", "P"}
_SPREAD = {"L;2": 85, "L;4": 17}  # Pillow multiplies grey values of few bits up to 0..255
_ORIENTATION = 0x0112  # EXIF: how the camera was held; 1 is upright
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,  # from here on height and width change places
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
# What Pillow raises on damaged bytes; LOAD_TRUNCATED_IMAGES stays off, so a cut file is OSError.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)


def image_size(path: Path) -> tuple[int, int]:
    """Height and width of an image, upright, read from its header alone."""
    with opened(path) as image:
        size = image.height, image.width
        return size[::-1] if _orientation(image) >= 5 else size


def read_frame(path: Path) -> Image:
    """A frame as (H, W, 3) RGB, upright as EXIF says; a grey or paletted image is expanded."""
    with opened(path) as image:
        if image.mode not in _FRAME_MODES:
            raise DataError(
                f"{path}: a frame of kind {image.mode}; expected 8 bits a channel: "
                "save it as an 8-bit RGB image"
            )
        turn = _TURNS.get(_orientation(image))
        upright = image if turn is None else image.transpose(turn)
        return np.array(upright.convert("RGB"), dtype=np.uint8)


def _orientation(image: Pillow.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1)) if "exif" in image.info else 1
    except _DAMAGE:  # odd metadata does not touch pixels
        return 1


def read_mask(path: Path) -> Image:
    """A mask as (H, W) ids, as stored: palette indices, grey values of up to 8 bits, or bits."""
    with opened(path) as image:
        if image.format != "PNG":
            raise DataError(
                f"{path}: a mask in {image.format}, which blurs ids; expected a PNG: save it as an "
                "indexed (palette) or 8-bit grey PNG"
            )
        if _orientation(image) in _TURNS:
            raise DataError(
                f"{path}: a mask that EXIF turns; expected upright pixels: save it without EXIF"
            )
        if image.mode not in _MASK_MODES:
            raise DataError(
                f"{path}: a mask of kind {image.mode}; expected one channel of object ids: "
                "save it as an indexed (palette) or 8-bit grey PNG"
            )
        spread = next((_SPREAD.get(str(part[3]), 1) for part in image.tile), 1)
        ids = np.array(image, dtype=np.uint8)
        return ids if spread == 1 else ids // spread


@contextmanager
def opened(path: Path) -> Iterator[ImageFile]:
    """The image, header read; what goes wrong inside the block becomes a DataError.

    Raises:
        DataError: no JPEG or PNG, damaged, too large, or not a file.
    """
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise DataError(f"{path}: not a file; expected an image: put one in its place")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DecompressionBombWarning)  # the limit below is ours
            warnings.simplefilter("ignore", UserWarning)  # odd metadata does not touch pixels
            with Pillow.open(path, formats=_FORMATS) as image:
                _refuse_bomb(path, image)
                yield image
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; expected an image: restore it") from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path}: cannot be decoded (not an image, or damaged in its first bytes); expected a "
            "whole JPEG or PNG: save it as one, or copy or download it again"
        ) from error
    except DecompressionBombError as error:
        raise bomb(path, "far too many pixels") from error
    except _DAMAGE as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise DataError(
            f"{path}: cannot be decoded ({reason}); expected a whole JPEG or PNG: "
            "copy or download it again"
        ) from error


def _refuse_bomb(path: Path, image: Pillow.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise bomb(path, f"{image.height}x{image.width} pixels")


def bomb(path: Path, found: str) -> DataError:
    return DataError(
        f"{path}: {found}; expected at most {MOST_PIXELS}: scale the images down first"
    )
