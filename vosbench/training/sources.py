"""Where clips come from: stills with masks, and videos with masks, listed once and read lazily."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from vosbench.data import Video
from vosbench.data.files import present
from vosbench.errors import DataError

IMAGES = (".jpg", ".jpeg", ".png")
Pair = tuple[Path, Path]


def stills(root: Path) -> list[Pair]:
    """(image, mask) pairs of a folder that holds `images/` and one folder of masks, same stems.

    Raises:
        DataError: a folder is missing, an image has no mask, or there is no image.
    """
    images = root / "images"
    others = (
        [d for d in sorted(root.iterdir()) if d.is_dir() and d != images] if root.is_dir() else []
    )
    if not images.is_dir() or len(others) != 1:
        raise DataError(f"stills {root}: expected images/ and one folder of masks beside it")
    masks = {p.stem: p for p in others[0].iterdir() if p.suffix.lower() in IMAGES}
    pairs = []
    for image in sorted(p for p in images.iterdir() if p.suffix.lower() in IMAGES):
        if image.stem not in masks:
            raise DataError(f"still {image} has no mask {others[0].name}/{image.stem}.png: add it")
        pairs.append((image, masks[image.stem]))
    if not pairs:
        raise DataError(f"stills {images}: no .jpg or .png found")
    return pairs


def read(pair: Pair) -> tuple[Tensor, Tensor]:
    """Frame (3, H, W) in 0..1 and mask (1, H, W) of 0 and 1.

    Any id but 0 of an indexed mask is the object; of a grey one, what is lighter than half.

    Raises:
        DataError: a file cannot be decoded, or the two differ in size.
    """
    path = pair[0]
    try:
        with Image.open(path) as image:
            frame = np.asarray(image.convert("RGB"))
        path = pair[1]
        with Image.open(path) as image:
            mask = _object(image)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be decoded ({error}): replace the file") from error
    if mask.shape != frame.shape[:2]:
        raise DataError(f"{pair[1]} is {mask.shape}, its frame {frame.shape[:2]}: sizes must agree")
    rgb = torch.from_numpy(frame.copy()).permute(2, 0, 1).float() / 255
    return rgb, torch.from_numpy(mask).float()[None]


def shot(video: Video, order: list[int], label: int) -> tuple[Tensor, Tensor]:
    """Frames (n, 3, H, W) in 0..1 and masks (n, 1, H, W) of object `label` at times `order`."""
    frames = np.stack([video.frame(t) for t in order])
    masks = np.stack([np.asarray(video.truth(t)) for t in order])
    rgb = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    return rgb, torch.from_numpy(masks == label).float()[:, None]


def labels(video: Video, t: int) -> list[int]:
    """Objects to be seen in an annotated frame, ascending."""
    return present(np.asarray(video.truth(t)))


def _object(image: Image.Image) -> NDArray[np.bool_]:
    indexed = image.mode == "P"
    pixels = np.asarray(image if indexed else image.convert("L"))
    return pixels > (0 if indexed else 127)
