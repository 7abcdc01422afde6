"""Your own video: a folder of frames and the mask of the first one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vosbench.data.files import VOID, FileVideo, check_sizes, first_objects, list_images
from vosbench.data.images import read_mask
from vosbench.data.splits import choose
from vosbench.data.video import Dataset
from vosbench.errors import DataError

_LAYOUT = "frames/*.jpg or *.jpg, and mask.png or the first frame's name with .png"


def load_folder(root: Path, split: Path | None) -> Dataset:
    """One video: ``frames/*.jpg|png`` or ``*.jpg``, with ``mask.png`` or ``FIRST_FRAME.png``.

    There is no truth but the first mask. A mask of 0 and 255 holds one object, with id 1.
    """
    frames, mask = _find(root)
    name = root.resolve().name
    choose([name], split, among=str(root))
    size = check_sizes(frames, [mask])
    binary = set(np.unique(read_mask(mask)).tolist()) == {0, VOID}
    starts = dict.fromkeys(first_objects(mask, binary=binary), 0)
    video = FileVideo("folder", name, size, frames, {0: mask}, starts, binary=binary)
    return Dataset("folder", (video,), "davis2017", f"frames and first mask of {name}, no truth")


def _find(root: Path) -> tuple[tuple[Path, ...], Path]:
    inner = root / "frames"
    # Beside the mask frames are JPEGs alone: a PNG there is a mask.
    frames = list_images(inner) if inner.is_dir() else list_images(root, [".jpg", ".jpeg"])
    if not frames:
        raise DataError(f"{root}: no frames; expected {_LAYOUT}: put them there")
    masks = [root / "mask.png", root / f"{frames[0].stem}.png"]
    mask = next((path for path in masks if path.is_file()), None)
    if mask is None:
        raise DataError(
            f"{masks[0]}: mask missing; expected {_LAYOUT}: save the first frame's mask"
        )
    return frames, mask
