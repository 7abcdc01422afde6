"""Predictions as indexed PNGs with the DAVIS palette, the form every evaluator reads."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from vosbench.data.video import Image
from vosbench.errors import DataError


def _colour(index: int) -> tuple[int, int, int]:
    """Colour of an id: bit i of red, green, blue, from the highest, is bit 3i, 3i+1, 3i+2.

    The colour map of PASCAL VOC, which DAVIS and YouTube-VOS use too.

    >>> [_colour(i) for i in (0, 1, 2, 3, 255)]
    [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (224, 224, 192)]
    """
    channels = (sum((index >> 3 * i + c & 1) << 7 - i for i in range(3)) for c in range(3))
    red, green, blue = channels
    return red, green, blue


PALETTE: tuple[tuple[int, int, int], ...] = tuple(_colour(i) for i in range(256))
_FLAT_PALETTE = bytes(channel for colour in PALETTE for channel in colour)


def write_mask(path: Path, ids: Image) -> None:
    """Write ids (H, W) uint8 to an indexed PNG, whole or not at all.

    Missing folders are made. Raises DataError where the file cannot be written, TypeError or
    ValueError where ids is not a mask.
    """
    if ids.dtype != np.uint8:
        raise TypeError(f"a mask of {ids.dtype}; expected uint8")
    if ids.ndim != 2:
        raise ValueError(f"a mask of shape {ids.shape}; expected (H, W)")
    image = Pillow.fromarray(ids)
    image.putpalette(_FLAT_PALETTE)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(part, format="PNG", compress_level=1)
        os.replace(part, path)
    except OSError as error:
        raise DataError(
            f"{path}: cannot write the mask ({error.strerror or error}); "
            "expected a writable folder: choose another or free some space"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()
