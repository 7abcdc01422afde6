"""Where clips come from: stills with masks, and videos with masks, listed once and read lazily."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vosbench.data import Video
from vosbench.data.files import list_images, present
from vosbench.data.fingerprint import undecoded
from vosbench.data.images import opened, read_frame
from vosbench.errors import DataError

Pair = tuple[Path, Path]


def stills(root: Path) -> list[Pair]:
    """(image, mask) pairs of a folder that holds `images/` and one folder of masks, same stems.

    Raises:
        DataError: a folder is missing or cannot be read, an image has no mask, or there is none.
    """
    images = root / "images"
    try:
        others = [d for d in root.iterdir() if d.is_dir() and d != images] if root.is_dir() else []
        if not images.is_dir() or len(others) != 1:
            raise DataError(f"stills {root}: expected images/ and one folder of masks beside it")
        masks = {path.stem: path for path in list_images(others[0])}
        found = list_images(images)
    except OSError as error:
        raise DataError(f"stills {root}: cannot be read ({error.strerror or error})") from error
    for image in found:
        if image.stem not in masks:
            raise DataError(f"still {image} has no mask {others[0].name}/{image.stem}.png: add it")
    if not found:
        raise DataError(f"stills {images}: no .jpg or .png found")
    return [(image, masks[image.stem]) for image in sorted(found)]


def digest(pairs: Iterable[Pair], videos: Iterable[Video]) -> str:
    """First 12 hex digits of a sha256 over the names, lengths and file sizes, and videos' masks.

    The same files in another folder have the same digest. In order: clips go by index.

    Raises:
        DataError: a file is gone.
    """
    seen = hashlib.sha256()
    try:
        for path in (path for pair in pairs for path in pair):
            seen.update(repr((path.parent.name, path.name, path.stat().st_size)).encode())
        for video in videos:
            facts = (video.dataset, video.name, video.size, video.frame_names, video.annotated)
            seen.update(repr(facts).encode())
            for part in undecoded(video):
                seen.update(part)
    except OSError as error:
        raise DataError(
            f"{error.filename}: cannot be read ({error.strerror}): restore it"
        ) from error
    return seen.hexdigest()[:12]


def read(pair: Pair) -> tuple[Tensor, Tensor]:
    """Frame (3, H, W) in 0..1 and mask (1, H, W) of 0 and 1.

    Any id but 0 of an indexed mask is the object; of a grey one, what is lighter than half.

    Raises:
        DataError: a file cannot be decoded, the two differ in size, or a grey mask holds ids.
    """
    frame, mask = read_frame(pair[0]), _mask(pair[1])
    if mask.shape != frame.shape[:2]:
        raise DataError(f"{pair[1]} is {mask.shape}, its frame {frame.shape[:2]}: sizes must agree")
    rgb = torch.from_numpy(frame).permute(2, 0, 1).float() / 255
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


def _mask(path: Path) -> NDArray[np.bool_]:
    with opened(path) as image:
        indexed = image.mode == "P"
        pixels = np.asarray(image if indexed else image.convert("L"))
    mask = pixels > (0 if indexed else 127)
    if pixels.any() and not mask.any():
        raise DataError(
            f"{path}: a grey mask with values up to {pixels.max()}; expected white on black: make "
            "it so, or save ids as an indexed (palette) PNG"
        )
    return mask
